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

from tests.standins.cloudfront.distribution_config import Origin
from tests.standins.cloudfront.forwarding import HEAD_LIMIT
from tests.standins.cloudfront.passing_body import PassingBody
from tests.standins.cloudfront.wire import (
    LAST_CHUNK,
    BadMessage,
    HeadTooLong,
    Truncated,
    Wire,
    body_length,
    body_of,
    chunk,
    is_chunked,
    read_response,
    request_head,
)
from tests.standins.http_message import HttpRequest, HttpResponse

_NO_BODY = frozenset({204, 304})


class OriginFailed(Exception):
    """No answer came; `status` is CloudFront's own answer to that."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class AnswerCutOff(Exception):
    """An origin's answer ended before its end."""


@dataclass(frozen=True)
class OriginAnswer:
    """Its body must be read to the end, or `close` called."""

    response: HttpResponse
    #: None where it has no length of its own.
    length: int | None
    _wire: Wire
    _connections: OriginConnections
    _place: tuple[str, int, str]
    _bodyless: bool
    _keep: bool

    def body(self) -> Iterator[memoryview]:
        """The body in pieces. Raises AnswerCutOff."""
        if not self._bodyless:
            try:
                yield from body_of(self._wire, self.response)
            except (BadMessage, Truncated, OSError) as error:
                self.close()
                raise AnswerCutOff(str(error)) from error
        self._connections.give_back(self._place, self._wire, keep=self._keep)

    def close(self) -> None:
        self._connections.give_back(self._place, self._wire, keep=False)


class OriginConnections:
    """`addresses` says where a domain name's port is served; `read_timeout_scale` shortens the wait for
    answers."""

    def __init__(
        self, addresses: Mapping[str, tuple[str, int]], trust: ssl.SSLContext, read_timeout_scale: float
    ) -> None:
        self._addresses = addresses
        self._trust = trust
        self._scale = read_timeout_scale
        self._idle: dict[tuple[str, int, str], list[tuple[Wire, float]]] = {}
        self._open: set[socket.socket] = set()
        self._ending = False
        self._lock = threading.Lock()

    def ask(
        self,
        origin: Origin,
        request: HttpRequest,
        body: PassingBody,
        *,
        server_name: str,
        again_after_reset: bool,
        clock_during_upload: bool,
    ) -> OriginAnswer:
        """Sends a request; the body only where the request's headers frame one.

        What the viewer's side of `body` raises comes through. Raises OriginFailed.
        """
        place = (origin.domain_name, origin.port, server_name)
        # "CloudFront attempts to get content again only for GET and HEAD" (origin response timeout).
        attempts = origin.attempts if request.method in ("GET", "HEAD") else 1
        resets = 1 if again_after_reset and body.again else 0
        while True:
            wire, used = self._take(place, origin)
            try:
                return self._once(wire, place, origin, request, body, clock_during_upload)
            except TimeoutError:
                attempts -= 1
                if attempts == 0:
                    raise OriginFailed(504, "the origin did not answer in time") from None
            except (HeadTooLong, BadMessage) as error:
                raise OriginFailed(502, "the origin's answer is not one") from error
            except _NoAnswer as error:
                if used and not body_is_framed(request):
                    continue  # an idle connection that the origin had ended
                resets -= 1
                if resets < 0:
                    raise OriginFailed(502, "the origin closed the connection") from error

    def give_back(self, place: tuple[str, int, str], wire: Wire, *, keep: bool) -> None:
        """Ends the use of a connection."""
        with self._lock:
            if keep and not self._ending:
                self._idle.setdefault(place, []).append((wire, time.monotonic()))
                return
            self._open.discard(wire.socket)
        wire.socket.close()

    def end(self) -> None:
        """Ends every connection, used or idle; no further one is made."""
        with self._lock:
            self._ending = True
            idle = [wire for wires in self._idle.values() for wire, _ in wires]
            self._idle.clear()
            for each in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)
        for wire in idle:
            wire.socket.close()

    def close(self) -> None:
        """Closes the connections whose answers nobody read, since their viewers had gone; to be called after
        `end`, when no thread uses one any more."""
        for each in self._open:
            each.close()

    def _once(
        self,
        wire: Wire,
        place: tuple[str, int, str],
        origin: Origin,
        request: HttpRequest,
        body: PassingBody,
        clock_during_upload: bool,
    ) -> OriginAnswer:
        done = False
        try:
            wire.socket.settimeout(origin.read_timeout * self._scale)
            sent = time.monotonic()
            deadline = sent + origin.read_timeout * self._scale if clock_during_upload else None
            unbroken = _send(wire, request, body, deadline)
            response = _read_answer(wire)
            bodyless = request.method == "HEAD" or response.status in _NO_BODY
            length = body_length(response)
            persistent = not any("close" in each.lower() for each in response.values("Connection"))
            framed = bodyless or length is not None or is_chunked(response)
            answer = OriginAnswer(
                response, length, wire, self, place, bodyless, unbroken and persistent and framed
            )
            done = True
            return answer
        finally:
            if not done:
                self.give_back(place, wire, keep=False)

    def _take(self, place: tuple[str, int, str], origin: Origin) -> tuple[Wire, bool]:
        """A connection, and whether it was used before."""
        while True:
            with self._lock:
                kept = self._idle.get(place)
                wire, since = kept.pop() if kept else (None, 0.0)
            if wire is None:
                return self._connect(place, origin), False
            idle = time.monotonic() - since
            if idle < origin.keepalive_timeout and not select.select([wire.socket], [], [], 0)[0]:
                return wire, True
            self.give_back(place, wire, keep=False)

    def _connect(self, place: tuple[str, int, str], origin: Origin) -> Wire:
        domain_name, port, server_name = place
        address = self._addresses.get(domain_name, (domain_name, port))
        status = 502
        for _ in range(origin.attempts):
            try:
                plain = socket.create_connection(address, origin.connection_timeout)
            except TimeoutError:
                status = 504
                continue
            except OSError:
                continue
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                connection = self._trust.wrap_socket(plain, server_hostname=server_name)
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                plain.close()
                raise OriginFailed(502, "the origin's certificate or protocol does not fit") from error
            with self._lock:
                if not self._ending:
                    self._open.add(connection)
                    return Wire(connection)
            connection.close()
            break
        raise OriginFailed(status, "no connection to the origin")


class _NoAnswer(Exception):
    """The connection ended before an answer began."""


def body_is_framed(request: HttpRequest) -> bool:
    """Whether a request's headers announce a body."""
    return bool(request.values("Transfer-Encoding")) or request.values("Content-Length") not in ([], ["0"])


def _send(wire: Wire, request: HttpRequest, body: PassingBody, deadline: float | None) -> bool:
    """Whether all of it was taken. If not, the origin may have answered all the same."""
    try:
        wire.write(request_head(request))
    except OSError:
        return False
    if not body_is_framed(request):
        return True
    chunked = is_chunked(request)
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


def _read_answer(wire: Wire) -> HttpResponse:
    while True:
        try:
            head = wire.read_head(HEAD_LIMIT)
        except TimeoutError:
            raise
        except (OSError, Truncated) as error:
            raise _NoAnswer from error
        if head is None:
            raise _NoAnswer
        response = read_response(head)
        if response.status >= 200:
            return response
