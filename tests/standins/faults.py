"""What can go wrong at a registry: faults queued for the next requests that are let in."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tests.standins.http_message import CloseConnection, HttpResponse

OVER_LAMBDA_LIMIT = 6 * 1024 * 1024 + 1024

_CODES = {403: "DENIED", 404: "NAME_UNKNOWN", 429: "TOOMANYREQUESTS", 500: "UNKNOWN", 503: "UNAVAILABLE"}


def registry_error(status: int, code: str, message: str, *headers: tuple[str, str]) -> HttpResponse:
    """An error in the OCI distribution specification's JSON."""
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return HttpResponse(status, (("Content-Type", "application/json; charset=utf-8"), *headers), body)


@dataclass(frozen=True)
class Fault:
    """Waits `delay` seconds, then hangs up, or gives `response`, or (with neither) lets the request pass."""

    response: HttpResponse | None = None
    delay: float = 0.0
    hang_up: bool = False


def status(code: int, *headers: tuple[str, str]) -> Fault:
    """An error in the registry's JSON; `headers` for a Retry-After."""
    return Fault(registry_error(code, _CODES.get(code, "UNKNOWN"), f"fault: {code}", *headers))


def oversize() -> Fault:
    """A 200 whose body no Lambda function can hand on."""
    media_type = ("Content-Type", "application/vnd.oci.image.index.v1+json")
    return Fault(HttpResponse(200, (media_type,), b" " * OVER_LAMBDA_LIMIT))


class FaultQueue:
    """Faults in the order they will happen, one per request."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._queue: deque[Fault] = deque()
        self._sleep = sleep
        self._lock = threading.Lock()

    def plan(self, fault: Fault, times: int = 1) -> None:
        with self._lock:
            self._queue.extend([fault] * times)

    def clear(self) -> None:
        with self._lock:
            self._queue.clear()

    def strike(self) -> HttpResponse | None:
        """The next fault's response; None when the request shall be served as usual."""
        with self._lock:
            fault = self._queue.popleft() if self._queue else Fault()
        if fault.delay:
            self._sleep(fault.delay)
        if fault.hang_up:
            raise CloseConnection
        return fault.response
