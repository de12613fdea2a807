"""Waiting: never longer than a bound, and for another process that does the same work.

Sockets have time-outs. Name resolution, an instance metadata service that half answers, an SSO cache
on a dead network drive and a `credential_process` have none. So such work runs in a thread of its own,
and the caller stops waiting in time. The thread is a daemon: it ends with the process, which the
program ends by force.

Between processes there is a turn per key: one process asks AWS or a domain, the others wait for what it
finds. Locks are byte ranges of one empty file (the key chooses the byte), so no lock files are left to
clean up, and the system releases a lock when its process dies. Where there are no such locks (Windows, a
read-only or absent cache, some network drives), all have their turn at once: more requests, the same
results.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from credhelper.cache import Cache
from credhelper.errors import TimedOut

T = TypeVar("T")

#: Seconds between two looks at what another process has found.
_POLL = 0.02


def bounded(seconds: float, work: Callable[[], T], what: str, next_step: str = "") -> T:
    """`work()`, or TimedOut after `seconds`; what `work` raises is raised here."""
    # Not a Future: concurrent.futures imports logging, which takes as long as the rest of a run that waits.
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 (it is raised again, in the waiting thread)
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(max(seconds, 0))
    if results:
        return results[0]
    if errors:
        raise errors[0]
    raise TimedOut(what, max(seconds, 0), next_step)


def found_or_made(
    cache: Cache,
    key: str,
    look: Callable[[], T | None],
    make: Callable[[], T],
    seconds: float,
    fallback: T | None = None,
) -> T:
    """What `look` finds, or else what `make` makes when it is this process's turn for `key`.

    With a `fallback`, that instead of waiting for another process. Raises TimedOut after `seconds` of
    waiting, and whatever `make` raises.
    """
    end = time.monotonic() + seconds
    while True:
        with _turn(cache, key) as mine:
            found = look()
            if found is not None:
                return found
            if mine:
                return make()
        if fallback is not None:
            return fallback
        if time.monotonic() >= end:
            raise TimedOut("another docker-credential-ecr-custom, which does the same,", max(seconds, 0))
        time.sleep(_POLL)


@contextmanager
def _turn(cache: Cache, key: str) -> Iterator[bool]:
    """Whether this process has the turn for `key`; it keeps it until the end of the block."""
    try:
        import fcntl

        descriptor = cache.open_lock()
    except (ImportError, OSError):
        yield True
        return
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(key[:7], 16))
            mine = True
        except (BlockingIOError, PermissionError):
            mine = False
        except OSError:
            mine = True  # a file system without locks
        yield mine
    finally:
        os.close(descriptor)
