"""Deadlines that hold whatever the work is stuck in.

Sockets have time-outs; name resolution, an instance metadata service that half answers, an SSO cache
on a dead network drive and a `credential_process` have none. So the work runs in a thread of its own
and the caller stops waiting in time. The thread is a daemon: it dies with the process, which the
program ends by force.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotDone
from typing import TypeVar

from credhelper.errors import TimedOut

T = TypeVar("T")


def bounded(seconds: float, work: Callable[[], T], what: str, next_step: str = "") -> T:
    """`work()`, or TimedOut after `seconds`; what `work` raises is raised here."""
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 (it is raised again, in the waiting thread)
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return outcome.result(max(seconds, 0))
    except NotDone as error:
        if outcome.done():
            raise  # the work's own TimeoutError, which is the same class from Python 3.11 on
        raise TimedOut(what, seconds, next_step) from error
