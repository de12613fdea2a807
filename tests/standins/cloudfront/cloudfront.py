"""A CloudFront distribution on loopback, as a generated template describes it.

What is known, and from where: docs/cloudfront.md#limits.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.standins.cloudfront.distribution_config import read_distribution
from tests.standins.cloudfront.edge import EdgeLocation, EdgeResponse
from tests.standins.cloudfront.edge_cache import EdgeCache
from tests.standins.cloudfront.forwarding import HEAD_LIMIT, URL_LIMIT, error_page, to_viewer
from tests.standins.cloudfront.origin_connections import OriginConnections
from tests.standins.cloudfront.passage import PassageObserver
from tests.standins.cloudfront.passing_body import HeldBody, PassingBody, StreamedBody
from tests.standins.cloudfront.unknowns import Bodies, Unknowns
from tests.standins.http_message import Header, HttpRequest, HttpResponse, without
from tests.standins.http_server import HttpListener
from tests.standins.wire import (
    LAST_CHUNK,
    HeadTooLong,
    Wire,
    body_of,
    chunk,
    has_no_body,
    response_head,
)


class CloudFront(HttpListener):
    """Serves the template's only distribution from `start()` (or `with`) to `stop()`.

    `origins` says where each origin's domain name is served on this machine; one that is not there is
    asked at its own name and port. `context` must be valid for `name`, which is an alias of the
    distribution; `trust` is for the origins. `clock` is the cache's; `read_timeout_scale` shortens
    the template's wait for responses. `observe` is called with every request that could be read, secrets
    and all. Raises UnresolvedTemplate, FunctionFailed.
    """

    head_limit = HEAD_LIMIT

    def __init__(
        self,
        template: Mapping[str, Any],
        parameters: Mapping[str, str],
        *,
        context: ssl.SSLContext,
        trust: ssl.SSLContext,
        origins: Mapping[str, tuple[str, int]],
        name: str = "localhost",
        unknowns: Unknowns | None = None,
        observe: PassageObserver | None = None,
        clock: Callable[[], float] = time.monotonic,
        read_timeout_scale: float = 1.0,
    ) -> None:
        config = read_distribution(template, parameters)
        super().__init__(context, name=name)
        self.unknowns = unknowns or Unknowns()
        """May be replaced while running; the next request goes by it."""
        self.cache = EdgeCache(config.error_minimum, clock)
        self._connections = OriginConnections(origins, trust, read_timeout_scale)
        self._edge = EdgeLocation(config, self._connections, self.cache)
        self._observe = observe

    def stop(self) -> None:
        self._connections.end()
        try:
            super().stop()
        finally:
            self._connections.close()

    def exchange(self, wire: Wire, request: HttpRequest) -> bool:
        if len(request.target) > URL_LIMIT:
            raise HeadTooLong
        pieces = body_of(wire, request)
        unknowns = self.unknowns
        given = self._edge.respond(request, pieces, unknowns)
        for _ in pieces:
            pass  # what a response did not wait for
        keep = not request.ends_connection
        framed = _framed(request, given, keep=keep)
        if self._observe is not None:
            self._observe(replace(given.passage, viewer_response=framed))
        _send(wire, request, given, framed, unknowns.bodies)
        return keep

    def refusal(self, status: int) -> HttpResponse:
        return to_viewer(error_page(status, "Bad request.", "-"), "Error", "-")


def _framed(request: HttpRequest, given: EdgeResponse, *, keep: bool) -> HttpResponse:
    """The response's head as it is sent."""
    response = given.passage.viewer_response
    framing: tuple[Header, ...] = (("Transfer-Encoding", "chunked"),)
    if has_no_body(request, response):
        # A response to HEAD has the length that its origin names, if any.
        framing = tuple(("Content-Length", each) for each in response.values("Content-Length"))
    elif given.pieces is None:
        framing = (("Content-Length", str(len(response.body))),)
    elif given.length is not None:
        framing = (("Content-Length", str(given.length)),)
    connection = ("Connection", "keep-alive" if keep else "close")
    return replace(response, headers=(*without(response.headers, "Content-Length"), *framing, connection))


def _send(
    wire: Wire, request: HttpRequest, given: EdgeResponse, framed: HttpResponse, bodies: Bodies
) -> None:
    """Raises ResponseCutOff, OSError."""
    silent = has_no_body(request, framed)
    if given.pieces is None:
        wire.write(response_head(framed) + (b"" if silent else framed.body))
        return
    held = bodies is Bodies.BUFFERED
    body: PassingBody = HeldBody(given.pieces) if held else StreamedBody(given.pieces)
    wire.write(response_head(framed))
    try:
        for piece in body.pieces():
            wire.write(piece if given.length is not None else chunk(piece))
    finally:
        body.close()
    if given.length is None and not silent:
        wire.write(LAST_CHUNK)
