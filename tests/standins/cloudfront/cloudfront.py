"""A CloudFront distribution on loopback, as a generated template describes it.

What is known, and from where: docs/cloudfront.md#limits.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tests.standins.cloudfront.distribution_config import read_distribution
from tests.standins.cloudfront.edge import EdgeAnswer, EdgeLocation, reason
from tests.standins.cloudfront.edge_cache import EdgeCache
from tests.standins.cloudfront.forwarding import HEAD_LIMIT, URL_LIMIT, error_page, to_viewer
from tests.standins.cloudfront.origin_connections import AnswerCutOff, OriginConnections
from tests.standins.cloudfront.passage import PassageObserver
from tests.standins.cloudfront.passing_body import HeldBody, PassingBody, StreamedBody
from tests.standins.cloudfront.unknowns import Bodies, Unknowns
from tests.standins.cloudfront.wire import (
    LAST_CHUNK,
    BadMessage,
    HeadTooLong,
    Truncated,
    Wire,
    body_length,
    body_of,
    chunk,
    read_request,
    response_head,
)
from tests.standins.http_message import HttpRequest, HttpResponse, without
from tests.standins.listener import Listener, reset
from tests.standins.running import Running

_NO_BODY = frozenset({204, 304})


class CloudFront(Running):
    """Serves the template's only distribution from `start()` (or `with`) to `stop()`.

    `origins` says where each origin's domain name is served on this machine; one that is not there is
    asked at its own name and port. `context` must be valid for `name`, which is an alias of the
    distribution; `trust` is for the origins. `clock` is the cache's; `read_timeout_scale` shortens
    the template's wait for answers. `observe` is told of every request that could be read, secrets and all.
    Raises UnresolvedTemplate, FunctionFailed.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        *,
        context: ssl.SSLContext,
        trust: ssl.SSLContext,
        origins: Mapping[str, tuple[str, int]] | None = None,
        name: str = "localhost",
        address: str = "127.0.0.1",
        unknowns: Unknowns | None = None,
        observe: PassageObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        read_timeout_scale: float = 1.0,
    ) -> None:
        config = read_distribution(template, parameters)
        self.unknowns = unknowns or Unknowns()
        """May be replaced while running; the next request goes by it."""
        self.cache = EdgeCache(config.error_minimum, clock)
        self._connections = OriginConnections(origins or {}, trust, read_timeout_scale)
        self._edge = EdgeLocation(config, self._connections, self.cache, lambda: self.unknowns)
        self._observe = observe
        self._reset_after: int | None = None
        self._lock = threading.Lock()
        self._listener = Listener(self._serve, context, address)
        self.host = name
        self.port = self._listener.port
        self.authority = f"{name}:{self.port}"
        """HOST:PORT, as in an image's name."""
        self.origin = f"https://{self.authority}"

    def reset_next_upload(self, after: int) -> None:
        """The next request body is cut off after so many bytes: the viewer's connection is reset, and the
        origin's ends."""
        with self._lock:
            self._reset_after = after

    def start(self) -> None:
        self._listener.start()

    def stop(self) -> None:
        self._connections.end()
        try:
            self._listener.stop()
        finally:
            self._connections.close()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        wire = Wire(connection)
        while not self._listener.ending:
            try:
                head = wire.read_head(HEAD_LIMIT)
                if head is None:
                    return
                request = read_request(head, peer)
                body_length(request)
                if len(request.target) > URL_LIMIT:
                    raise HeadTooLong
            except HeadTooLong:
                _refuse(wire, 413)
                return
            except BadMessage:
                _refuse(wire, 400)
                return
            except Truncated:
                return
            try:
                if not self._exchange(wire, request):
                    return
            except (BadMessage, Truncated, AnswerCutOff, OSError):
                # One side went away in the middle of a message: the other must not take it for whole.
                reset(connection)
                return

    def _exchange(self, wire: Wire, request: HttpRequest) -> bool:
        """Answers one request; whether the connection is kept."""
        if "100-continue" in (request.value("Expect") or "").lower() and body_length(request) != 0:
            wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        pieces = self._counted(body_of(wire, request))
        answer = self._edge.answer(request, pieces)
        for _ in pieces:
            pass  # what an answer did not wait for
        keep = not any("close" in each.lower() for each in request.values("Connection"))
        framed = _framed(request, answer, keep=keep)
        if self._observe is not None:
            self._observe(replace(answer.passage, viewer_response=framed))
        _send(wire, request, answer, framed, self.unknowns.bodies)
        return keep

    def _counted(self, pieces: Iterator[memoryview]) -> Iterator[memoryview]:
        count = 0
        for piece in pieces:
            count += len(piece)
            with self._lock:
                reset = self._reset_after is not None and count > self._reset_after
                if reset:
                    self._reset_after = None
            if reset:
                raise ConnectionResetError("reset on purpose")
            yield piece


def _framed(request: HttpRequest, answer: EdgeAnswer, *, keep: bool) -> HttpResponse:
    """The answer's head as it is sent."""
    response = answer.passage.viewer_response
    headers = without(response.headers, "Content-Length")
    if _silent(request, response):
        # An answer to HEAD has the length that its origin names, if any.
        headers = response.headers
    elif answer.pieces is None:
        headers = (*headers, ("Content-Length", str(len(response.body))))
    elif answer.length is not None:
        headers = (*headers, ("Content-Length", str(answer.length)))
    else:
        headers = (*headers, ("Transfer-Encoding", "chunked"))
    return replace(response, headers=(*headers, ("Connection", "keep-alive" if keep else "close")))


def _send(wire: Wire, request: HttpRequest, answer: EdgeAnswer, framed: HttpResponse, bodies: Bodies) -> None:
    """Raises AnswerCutOff, OSError."""
    silent = _silent(request, framed)
    if answer.pieces is None:
        wire.write(response_head(framed, reason(framed.status)) + (b"" if silent else framed.body))
        return
    body: PassingBody = StreamedBody(answer.pieces, answer.length)
    if bodies is Bodies.BUFFERED:
        body = HeldBody(answer.pieces)
    wire.write(response_head(framed, reason(framed.status)))
    try:
        for piece in body.pieces():
            wire.write(piece if answer.length is not None else chunk(piece))
    finally:
        body.close()
    if answer.length is None and not silent:
        wire.write(LAST_CHUNK)


def _silent(request: HttpRequest, response: HttpResponse) -> bool:
    return request.method == "HEAD" or response.status in _NO_BODY


def _refuse(wire: Wire, status: int) -> None:
    page = to_viewer(error_page(status, reason(status), "Bad request.", "-"), "Error", "-")
    headers = (*page.headers, ("Content-Length", str(len(page.body))), ("Connection", "close"))
    wire.write(response_head(replace(page, headers=headers), reason(status)) + page.body)
    # What is not read yet would turn the close into a reset, which takes the answer along.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(wire.socket, socket.SHUT_WR)
        wire.socket.settimeout(1)
        while wire.socket.recv(65536):
            pass
