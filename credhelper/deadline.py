"""Deadlines that hold whatever the work is stuck in.

Sockets have time-outs; name resolution, an instance metadata service that half answers, an SSO cache
on a dead network drive and a `credential_process` have none. So the work runs in a thread of its own
and the caller stops waiting in time. The thread is a daemon: it dies with the process, which the
program ends by force.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from credhelper.errors import TimedOut

T = TypeVar("T")


def bounded(seconds: float, work: Callable[[], T], what: str, next_step: str = "") -> T:
    """`work()`, or TimedOut after `seconds`; what `work` raises is raised here."""
    # Not a Future: concurrent.futures imports logging, which costs as much as the rest of a run that waits.
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
    raise TimedOut(what, seconds, next_step)
