"""A Lambda function: as many environments as there is work for, up to a limit, cold ones made on demand.

What is known, and from where: docs/api-gateway.md#limits.
"""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from tests.standins.lambda_environment import Environment, InvocationOutcome, link_runtime
from tests.standins.package import FunctionSource
from tests.standins.running import Running

REQUEST_LIMIT = 6_291_456
"""Bytes of a synchronous invocation's event."""


class PayloadTooLarge(Exception):
    """The event is over the limit; the function is not run."""


class Function(Protocol):
    """What the gateway invokes."""

    def submit(self, payload: bytes) -> Future[InvocationOutcome]:
        """Runs the function on an event, given as JSON. Raises PayloadTooLarge."""


class InProcessFunction:
    """A function that is a Python callable of this process, for tests of the gateway alone."""

    def __init__(self, handler: Callable[[bytes], InvocationOutcome]) -> None:
        self._handler = handler
        self._worker = ThreadPoolExecutor()

    def submit(self, payload: bytes) -> Future[InvocationOutcome]:
        if len(payload) > REQUEST_LIMIT:
            raise PayloadTooLarge
        return self._worker.submit(self._handler, payload)

    def stop(self) -> None:
        self._worker.shutdown()


class LambdaFunction(Running):
    """Runs `source` in processes under `directory`, from `start()` (or `with`) to `stop()`.

    `limit` is the machine's, not AWS's: beyond that many invocations at a time, callers wait.
    `variables` are set in the processes on top of Lambda's and the function's own. `command` is run
    instead of the Python runtime client, for a function in another language.
    """

    def __init__(
        self,
        source: FunctionSource,
        directory: Path,
        *,
        limit: int = 4,
        variables: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        self.source = source
        #: Where the zip is unpacked.
        self.task_root = directory / "task"
        self._runtime = directory / "runtime"
        self._variables = dict(variables or {})
        self._command = command
        self._workers = ThreadPoolExecutor(limit, thread_name_prefix=source.name)
        self._idle: list[Environment] = []
        self._live: set[Environment] = set()
        #: The lines that the function's processes wrote so far, both streams.
        self.log: list[str] = []
        self.cold_starts = 0
        #: Seconds that each invocation took, start-up of its environment not included.
        self.durations: list[float] = []
        self._stopping = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Unpacks the zip. The first environment starts with the first invocation, as at Lambda."""
        self.task_root.mkdir(parents=True)
        self._runtime.mkdir()
        link_runtime(self._runtime)
        with zipfile.ZipFile(self.source.archive) as archive:
            archive.extractall(self.task_root)

    def submit(self, payload: bytes) -> Future[InvocationOutcome]:
        if len(payload) > REQUEST_LIMIT:
            raise PayloadTooLarge
        return self._workers.submit(self._run, payload)

    def invoke(self, payload: bytes) -> InvocationOutcome:
        """Runs the function and waits for it."""
        return self.submit(payload).result()

    def configure(self, variables: Mapping[str, str]) -> None:
        """Sets more environment variables, as an update of the function's configuration does: the next
        invocations find no idle environment and start with them."""
        with self._lock:
            self._variables = {**self._variables, **variables}
        self.recycle()

    def recycle(self) -> None:
        """Ends the idle environments: the next invocations find none and start cold."""
        with self._lock:
            idle, self._idle = self._idle, []
        for environment in idle:
            self._discard(environment)

    def kill_one(self) -> bool:
        """An environment's process dies, busy or not. False if there was none."""
        with self._lock:
            victim = next((each for each in self._live if not each.ended), None)
        if victim is not None:
            victim.kill()
        return victim is not None

    def stop(self) -> None:
        """Ends every process; invocations under way fail."""
        with self._lock:
            self._stopping = True
            live = list(self._live)
        for environment in live:
            environment.kill()
        self._workers.shutdown(cancel_futures=True)
        for environment in live:
            self._discard(environment)

    def _run(self, payload: bytes) -> InvocationOutcome:
        environment, failure = self._take()
        if failure is not None:
            return failure
        started = time.perf_counter()
        try:
            outcome = environment.invoke(payload)
        finally:
            with self._lock:
                self.durations.append(time.perf_counter() - started)
                keep = not environment.ended and not self._stopping
                if keep:
                    self._idle.append(environment)
            if not keep:
                self._discard(environment)
        return outcome

    def _take(self) -> tuple[Environment, InvocationOutcome | None]:
        while True:
            with self._lock:
                environment = self._idle.pop() if self._idle else None
            if environment is None:
                break
            if not environment.ended:
                return environment, None
            self._discard(environment)
        environment = Environment(
            self.source, self.task_root, self._runtime, self.log.append, self._variables, self._command
        )
        with self._lock:
            self.cold_starts += 1
            self._live.add(environment)
        failure = environment.start()
        if failure is not None:
            self._discard(environment)
        return environment, failure

    def _discard(self, environment: Environment) -> None:
        environment.stop()
        with self._lock:
            self._live.discard(environment)
