"""One execution environment: a process that runs a function's zip under AWS's own runtime client.

`awslambdaric` is what Lambda's Python images run. It asks the Runtime API for the next event, calls the
handler, and posts the result; this file is the other side of that API. The process sees the unpacked
zip, the runtime client and the standard library: no site-packages, no working tree, none of this
process's environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests.standins.http_message import CloseConnection, HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer
from tests.standins.package import FunctionSource

RESPONSE_LIMIT = 6_291_556
"""Bytes of a synchronous invocation's response."""
INIT_LIMIT = 10.0
"""Seconds an environment has to ask for its first event."""
_API = "/2018-06-01/runtime"
_ACCEPTED = HttpResponse(202, (("Content-Type", "application/json"),), b'{"status":"OK"}')
_RUNTIME_DISTRIBUTIONS = ("awslambdaric", "simplejson", "snapshot-restore-py")


@dataclass(frozen=True)
class InvocationOutcome:
    """What an invocation gave: the function's result as JSON, or with `failed` Lambda's error JSON."""

    payload: bytes
    failed: bool = False


def _failure(kind: str, message: str) -> InvocationOutcome:
    return InvocationOutcome(json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)


@dataclass(frozen=True)
class _Invocation:
    payload: bytes
    deadline: float
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: Future[InvocationOutcome] = field(default_factory=Future)


def link_runtime(directory: Path) -> None:
    """Puts the runtime client, and nothing else of site-packages, into `directory`."""
    for name in _RUNTIME_DISTRIBUTIONS:
        for file in metadata.distribution(name).files or ():
            top = file.parts[0]
            if top == ".." or top == "__pycache__" or top.endswith(".dist-info"):
                continue
            link = directory / top
            if not link.exists():
                link.symlink_to(Path(str(file.locate())).parents[len(file.parts) - 1] / top)


class Environment:
    """Runs one invocation at a time, from `start()` to `stop()`; not to be used after it has `ended`."""

    def __init__(
        self,
        source: FunctionSource,
        task_root: Path,
        runtime: Path,
        log: Callable[[str], None],
        variables: Mapping[str, str],
        command: Sequence[str] = (),
    ) -> None:
        self._source = source
        self._log = log
        self._waiting: SimpleQueue[_Invocation | None] = SimpleQueue()
        self._current: _Invocation | None = None
        self._ready: Future[InvocationOutcome | None] = Future()
        self._lock = threading.Lock()
        self.ended = False
        self._server = HttpServer(self._respond)
        self._command = command or (sys.executable, "-S", "-s", "-u", "-m", "awslambdaric", source.handler)
        self._task_root = task_root
        self._variables = {
            **_lambda_variables(source, task_root, runtime),
            **source.environment,
            **variables,
            "AWS_LAMBDA_RUNTIME_API": self._server.authority,
        }
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> InvocationOutcome | None:
        """Starts the process and waits until it asks for work. Returns the failure, if it never does."""
        self._server.start()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._task_root,
            env=self._variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read_log, args=(self._process,))
        self._reader.start()
        try:
            failure = self._ready.result(INIT_LIMIT)
        except FutureTimeoutError:
            failure = _failure("Sandbox.Timedout", f"INIT timed out after {INIT_LIMIT:.2f} seconds")
        if failure is not None:
            self.stop()
        return failure

    def invoke(self, payload: bytes) -> InvocationOutcome:
        """Runs the function on an event; an environment that was killed over it has `ended`."""
        invocation = _Invocation(payload, time.time() + self._source.timeout)
        with self._lock:
            self._current = invocation
        self._waiting.put(invocation)
        try:
            outcome = invocation.outcome.result(self._source.timeout)
        except FutureTimeoutError:
            self.stop()
            message = f"{invocation.identifier} Task timed out after {self._source.timeout:.2f} seconds"
            self._log(message)
            return _failure("Sandbox.Timedout", message)
        if self.ended:
            self.stop()
        return outcome

    def stop(self) -> None:
        """Ends the process, its log's reader and its Runtime API."""
        self.ended = True
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._reader is not None:
            self._reader.join()
        self._waiting.put(None)
        self._server.stop()

    def kill(self) -> None:
        """The process dies as if the machine took it; the invocation under way fails."""
        if self._process is not None:
            self._process.kill()

    def _read_log(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._log(line.rstrip("\n"))
        status = process.wait()
        self.ended = True
        died = _failure("Runtime.ExitError", f"Runtime exited with error: exit status {status}")
        _settle(self._ready, died)
        with self._lock:
            if self._current is not None:
                _settle(self._current.outcome, died)

    def _respond(self, request: HttpRequest) -> HttpResponse:
        if request.target == f"{_API}/invocation/next":
            return self._next()
        if request.target == f"{_API}/init/error":
            _settle(self._ready, InvocationOutcome(request.body, failed=True))
            return _ACCEPTED
        current = self._current
        if current is not None and request.target == f"{_API}/invocation/{current.identifier}/response":
            if len(request.body) > RESPONSE_LIMIT:
                self.ended = True  # the runtime client takes the refusal badly, and exits
                message = (
                    f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
                )
                _settle(current.outcome, _failure("Function.ResponseSizeTooLarge", message))
                return HttpResponse(413, (), b'{"errorType":"RequestEntityTooLarge"}')
            _settle(current.outcome, InvocationOutcome(request.body))
            return _ACCEPTED
        if current is not None and request.target == f"{_API}/invocation/{current.identifier}/error":
            _settle(current.outcome, InvocationOutcome(request.body, failed=True))
            return _ACCEPTED
        return HttpResponse(404, (), b'{"errorType":"InvalidRequestID"}')

    def _next(self) -> HttpResponse:
        _settle(self._ready, None)
        invocation = self._waiting.get()
        if invocation is None:
            raise CloseConnection
        return HttpResponse(
            200,
            (
                ("Content-Type", "application/json"),
                ("Lambda-Runtime-Aws-Request-Id", invocation.identifier),
                ("Lambda-Runtime-Deadline-Ms", str(int(invocation.deadline * 1000))),
                ("Lambda-Runtime-Invoked-Function-Arn", self._source.arn),
                ("Lambda-Runtime-Trace-Id", f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"),
            ),
            invocation.payload,
        )


Outcome = TypeVar("Outcome")


def _settle(future: Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)


def _lambda_variables(source: FunctionSource, task_root: Path, runtime: Path) -> dict[str, str]:
    """The variables of https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html."""
    region = source.arn.split(":")[3]
    return {
        "_HANDLER": source.handler,
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(source.memory),
        "AWS_LAMBDA_FUNCTION_NAME": source.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{source.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"2026/11/24/[$LATEST]{uuid.uuid4().hex}",
        "AWS_REGION": region,
        "AWS_SECRET_ACCESS_KEY": "stand-in",
        "AWS_SESSION_TOKEN": "stand-in",
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "LAMBDA_TASK_ROOT": str(task_root),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        # The code directory is read-only at Lambda: nothing compiled is ever kept there.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(runtime),
        "TZ": ":UTC",
    }
