"""A turn per key between processes: one asks AWS or a domain, the others wait for what it finds.

Locks are byte ranges of one empty file (the key chooses the byte), so there is no lock file per key
to clean up, and the system lets go of them when a process dies. Where there are no such locks
(Windows, a read-only or absent directory, some network drives) everyone has a turn at once: more
requests, the same results.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from credhelper.errors import TimedOut

T = TypeVar("T")

_POLL = 0.02
"""Seconds between two looks at what another process has found."""


class Turns:
    """Turns in `directory`; None: no locks."""

    def __init__(self, directory: str | None) -> None:
        self._directory = directory

    def found_or_made(
        self,
        key: str,
        look: Callable[[], T | None],
        make: Callable[[], T],
        seconds: float,
        spare: T | None = None,
    ) -> T:
        """What `look` finds, or else what `make` makes when it is this process's turn for `key`.

        With a `spare`, that instead of waiting for another process. Raises TimedOut after `seconds`
        of waiting, and whatever `make` raises.
        """
        end = time.monotonic() + seconds
        while True:
            with self._turn(key) as mine:
                found = look()
                if found is not None:
                    return found
                if mine:
                    return make()
            if spare is not None:
                return spare
            if time.monotonic() >= end:
                raise TimedOut("another docker-credential-ecr-custom, asking the same,", seconds)
            time.sleep(_POLL)

    @contextmanager
    def _turn(self, key: str) -> Iterator[bool]:
        try:
            import fcntl

            if self._directory is None:
                raise FileNotFoundError
            Path(self._directory).mkdir(0o700, parents=True, exist_ok=True)
            descriptor = os.open(f"{self._directory}/lock", os.O_RDWR | os.O_CREAT, 0o600)
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
