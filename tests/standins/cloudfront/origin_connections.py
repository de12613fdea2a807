"""Connections to origins: made, kept, used again, and given up as CloudFront does.

What is known, and from where: docs/cloudfront.md#timeouts-and-retries, #the-api-behind-it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.standins.cloudfront.distribution_config import CacheBehaviour, Origin
from tests.standins.cloudfront.forwarding import HEAD_LIMIT
from tests.standins.cloudfront.passing_body import PassingBody
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.listener import wake
from tests.standins.wire import (
    LAST_CHUNK,
    BadMessage,
    HeadTooLong,
    Truncated,
    Wire,
    body_length,
    body_of,
    chunk,
    has_no_body,
    is_chunked,
    read_response,
    request_head,
)


class OriginFailed(Exception):
    """No response came; `status` is CloudFront's own."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class ResponseCutOff(Truncated):
    """An origin's response ended before its end."""


@dataclass(frozen=True)
class OriginResponse:
    """Its body must be read to the end."""

    response: HttpResponse
    #: None where it has no length of its own.
    length: int | None
    _connections: OriginConnections
    _place: _OriginAddress
    _wire: Wire
    _bodyless: bool
    _keep: bool

    def body(self) -> Iterator[bytes]:
        """The body in pieces. Raises ResponseCutOff."""
        if not self._bodyless:
            try:
                yield from body_of(self._wire, self.response)
            except (BadMessage, Truncated, OSError) as error:
                self._connections.give_back(self._place, self._wire, keep=False)
                raise ResponseCutOff(str(error)) from error
        self._connections.give_back(self._place, self._wire, keep=self._keep)


@dataclass(frozen=True)
class _OriginAddress:
    """Whom a connection is to, under which name."""

    origin: Origin
    server_name: str


class OriginConnections:
    """`addresses` says where a domain name's port is served; `read_timeout_scale` shortens the wait for
    responses."""

    def __init__(
        self, addresses: Mapping[str, tuple[str, int]], trust: ssl.SSLContext, read_timeout_scale: float
    ) -> None:
        self._addresses = addresses
        self._trust = trust
        self._scale = read_timeout_scale
        self._idle: dict[_OriginAddress, list[tuple[Wire, float]]] = {}
        self._open: set[Wire] = set()
        self._ending = False
        self._lock = threading.Lock()

    def ask(
        self,
        behaviour: CacheBehaviour,
        request: HttpRequest,
        body: PassingBody,
        *,
        again_after_reset: bool,
        clock_during_upload: bool,
    ) -> OriginResponse:
        """Sends a request; the body only where the request's headers frame one.

        What the viewer's side of `body` raises comes through. Raises OriginFailed.
        """
        origin = behaviour.origin
        host = (request.value("Host") or "") if behaviour.forwards_host else ""
        place = _OriginAddress(origin, host.rpartition(":")[0] or host or origin.domain_name)
        # "CloudFront attempts to get content again only for GET and HEAD" (origin response timeout).
        attempts = origin.attempts if request.method in ("GET", "HEAD") else 1
        resets = 1 if again_after_reset and body.again else 0
        while True:
            wire, used = self._take(place)
            try:
                return self._once(wire, place, request, body, clock_during_upload)
            except TimeoutError:
                attempts -= 1
                if attempts == 0:
                    raise OriginFailed(504, "the origin did not answer in time") from None
            except (HeadTooLong, BadMessage) as error:
                raise OriginFailed(502, "what the origin sent is no response") from error
            except _NoResponse as error:
                if used and body_length(request) == 0:
                    continue  # an idle connection that the origin had ended
                resets -= 1
                if resets < 0:
                    raise OriginFailed(502, "the origin closed the connection") from error

    def give_back(self, place: _OriginAddress, wire: Wire, *, keep: bool) -> None:
        """Ends the use of a connection."""
        with self._lock:
            if keep and not self._ending:
                self._idle.setdefault(place, []).append((wire, time.monotonic()))
                return
            self._open.discard(wire)
        wire.close()

    def end(self) -> None:
        """Ends every connection, used or idle; no further one is made."""
        with self._lock:
            self._ending = True
            for each in self._open:
                wake(each.socket)

    def close(self) -> None:
        """Closes every connection; to be called after `end`, when no thread uses one any more."""
        for each in self._open:
            each.close()

    def _once(
        self,
        wire: Wire,
        place: _OriginAddress,
        request: HttpRequest,
        body: PassingBody,
        clock_during_upload: bool,
    ) -> OriginResponse:
        timeout = place.origin.read_timeout * self._scale
        with contextlib.ExitStack() as failing:
            failing.callback(self.give_back, place, wire, keep=False)
            wire.socket.settimeout(timeout)
            deadline = time.monotonic() + timeout if clock_during_upload else None
            unbroken = _send(wire, request, body, deadline)
            response = _read_response(wire)
            length = body_length(response)
            bodyless = has_no_body(request, response)
            framed = bodyless or length is not None or is_chunked(response)
            failing.pop_all()
        keep = unbroken and framed and not response.ends_connection
        return OriginResponse(response, length, self, place, wire, bodyless, keep)

    def _take(self, place: _OriginAddress) -> tuple[Wire, bool]:
        """A connection, and whether it was used before."""
        while True:
            with self._lock:
                kept = self._idle.get(place)
                wire, since = kept.pop() if kept else (None, 0.0)
            if wire is None:
                return self._connect(place), False
            idle = time.monotonic() - since
            if idle < place.origin.keepalive_timeout and not select.select([wire.socket], [], [], 0)[0]:
                return wire, True
            self.give_back(place, wire, keep=False)

    def _connect(self, place: _OriginAddress) -> Wire:
        origin = place.origin
        address = self._addresses.get(origin.domain_name, (origin.domain_name, origin.port))
        status = 502
        for _ in range(origin.attempts):
            try:
                plain = socket.create_connection(address, origin.connection_timeout)
            except OSError as error:
                status = 504 if isinstance(error, TimeoutError) else status
                continue
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                connection = self._trust.wrap_socket(plain, server_hostname=place.server_name)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                plain.close()
                raise OriginFailed(502, "the origin's certificate or protocol does not fit") from error
            wire = Wire(connection)
            with self._lock:
                if not self._ending:
                    self._open.add(wire)
                    return wire
            wire.close()
            break
        raise OriginFailed(status, "no connection to the origin")


class _NoResponse(Exception):
    """The connection ended before a response began."""


def _send(wire: Wire, request: HttpRequest, body: PassingBody, deadline: float | None) -> bool:
    """Whether all of it was taken. If not, the origin may have responded all the same."""
    chunked = is_chunked(request)
    try:
        wire.write(request_head(request))
    except OSError:
        return False
    if body_length(request) == 0:
        return True
    for piece in body.pieces():
        if deadline is not None and time.monotonic() > deadline:
            raise TimeoutError
        try:
            wire.write(chunk(piece) if chunked else piece)
        except TimeoutError:
            raise
        except OSError:
            return False
    if chunked:
        with contextlib.suppress(OSError):
            wire.write(LAST_CHUNK)
    return True


def _read_response(wire: Wire) -> HttpResponse:
    while True:
        try:
            head = wire.read_head(HEAD_LIMIT)
        except TimeoutError:
            raise
        except (OSError, Truncated) as error:
            raise _NoResponse from error
        if head is None:
            raise _NoResponse
        response = read_response(head)
        if response.status >= 200:
            return response
