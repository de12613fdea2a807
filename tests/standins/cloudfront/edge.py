"""What happens between a viewer's request and the response: function, cache, origin, function.

What is known, and from where: docs/cloudfront.md#behaviours-and-origins, #functions.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.standins.cloudfront.distribution_config import CacheBehaviour, DistributionConfig, normalised
from tests.standins.cloudfront.edge_cache import MOST_BYTES, CachedResponse, CacheKey, EdgeCache, cache_key
from tests.standins.cloudfront.edge_event import (
    FunctionResponse,
    InvalidResult,
    changed_request,
    changed_response,
    generated_response,
    request_event,
    response_event,
)
from tests.standins.cloudfront.edge_function import FunctionFailed
from tests.standins.cloudfront.forwarding import error_page, from_origin, hops, to_origin, to_viewer
from tests.standins.cloudfront.origin_connections import OriginConnections, OriginFailed, ResponseCutOff
from tests.standins.cloudfront.passage import Passage
from tests.standins.cloudfront.passing_body import HeldBody, PassingBody, StreamedBody
from tests.standins.cloudfront.unknowns import Bodies, ChunkedBody, EventUri, Unknowns
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.wire import body_length


class EdgeRefusal(Exception):
    """A response of CloudFront's own."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class EdgeResponse:
    """What the viewer gets."""

    passage: Passage
    #: The body's pieces, which may raise ResponseCutOff; None: the body is that of the response.
    pieces: Iterator[bytes] | None = None
    #: The length of the pieces where it is known.
    length: int | None = None


@dataclass(frozen=True)
class _Found:
    """A response before the viewer's function has seen it."""

    response: HttpResponse
    outcome: str
    pieces: Iterator[bytes] | None = None
    length: int | None = None
    age: int | None = None
    origin_request: HttpRequest | None = None
    origin_response: HttpResponse | None = None

    def drop_body(self) -> None:
        """Read it to its end, so that the origin's connection can be used again."""
        for _ in self.pieces or ():
            pass


@dataclass(frozen=True)
class EdgeLocation:
    """Serves the viewers of one distribution."""

    config: DistributionConfig
    connections: OriginConnections
    cache: EdgeCache

    def respond(self, request: HttpRequest, pieces: Iterator[bytes], unknowns: Unknowns) -> EdgeResponse:
        """To a request whose body is `pieces`; what they raise comes through."""
        request_id = secrets.token_urlsafe(40)
        try:
            visit = _Visit(self, unknowns, request, pieces, self._behaviour(request), request_id)
            return visit.respond()
        except EdgeRefusal as refusal:
            page = error_page(refusal.status, str(refusal), request_id)
            response = to_viewer(page, "Error", request_id)
            return EdgeResponse(Passage(request, None, None, None, response))

    def _behaviour(self, request: HttpRequest) -> CacheBehaviour:
        host = (request.value("Host") or "").rpartition(":")
        if (host[0] if host[2].isdigit() else host[2]).lower() not in self.config.aliases:
            raise EdgeRefusal(403, "The request's Host is none of the distribution's names.")
        if hops(request) >= 2:
            raise EdgeRefusal(403, "A chain of distributions.")
        behaviour = self.config.behaviour_for(request.path)
        if request.method not in behaviour.methods:
            raise EdgeRefusal(403, "This distribution is not configured to allow the HTTP request method.")
        if request.method == "GET" and body_length(request) != 0:
            raise EdgeRefusal(403, "Bad request: a GET with a body.")
        return behaviour


@dataclass(frozen=True)
class _Visit:
    """One request at an edge location."""

    location: EdgeLocation
    unknowns: Unknowns
    request: HttpRequest
    #: Of the request's body.
    pieces: Iterator[bytes] = field(repr=False)
    behaviour: CacheBehaviour
    request_id: str

    def respond(self) -> EdgeResponse:
        """Raises EdgeRefusal."""
        seen = self.request
        if self.unknowns.paths_normalised:
            _, mark, query = seen.target.partition("?")
            seen = replace(seen, target=normalised(seen.path) + mark + query)
        left = self._viewer_request(seen)
        if isinstance(left, FunctionResponse):
            response = replace(left.response, body=left.body or b"")
            response = to_viewer(response, "FunctionGeneratedResponse", self.request_id)
            return EdgeResponse(Passage(self.request, None, None, None, response))
        found = self._find(left)
        of_event = seen if self.unknowns.event_uri is EventUri.VIEWERS else left
        try:
            changed = self._viewer_response(of_event, found)
        except EdgeRefusal as refusal:
            found.drop_body()
            page = error_page(refusal.status, str(refusal), self.request_id)
            return EdgeResponse(self._passage(to_viewer(page, "Error", self.request_id), found))
        response = to_viewer(changed.response, found.outcome, self.request_id, found.age)
        if changed.body is not None:
            found.drop_body()
            return EdgeResponse(self._passage(replace(response, body=changed.body), found))
        return EdgeResponse(self._passage(response, found), found.pieces, found.length)

    def _viewer_request(self, request: HttpRequest) -> HttpRequest | FunctionResponse:
        if self.behaviour.viewer_request is None:
            return self.request
        event = request_event(request, self.request_id)
        try:
            result = self.behaviour.viewer_request.run(event)
            if "statusCode" in result:
                return generated_response(result)
            return changed_request(request, event, result)
        except FunctionFailed as error:
            if self.unknowns.failed_function_passes:
                return request
            raise EdgeRefusal(503, "The CloudFront function failed.") from error
        except InvalidResult as error:
            raise EdgeRefusal(502, "The CloudFront function returned an invalid value.") from error

    def _viewer_response(self, request: HttpRequest, found: _Found) -> FunctionResponse:
        # "CloudFront does not invoke edge functions for viewer response events when the origin returns
        # HTTP status code 400 or higher": restrictions on all edge functions.
        if self.behaviour.viewer_response is None or found.response.status >= 400:
            return FunctionResponse(found.response, None)
        event = response_event(request, found.response, self.request_id)
        try:
            return changed_response(found.response, event, self.behaviour.viewer_response.run(event))
        except FunctionFailed as error:
            raise EdgeRefusal(503, "The CloudFront function failed.") from error
        except InvalidResult as error:
            raise EdgeRefusal(502, "The CloudFront function returned an invalid value.") from error

    def _find(self, request: HttpRequest) -> _Found:
        cache, key = self.location.cache, cache_key(request, self.behaviour)
        cacheable = request.method in ("GET", "HEAD")
        if cacheable and (kept := cache.find(key)) is not None:
            outcome = "Error" if kept.response.status >= 400 else "Hit"
            return _Found(kept.response, outcome, age=cache.age(kept))
        found = self._ask(request)
        stale: CachedResponse | None = None
        if cacheable and found.response.status >= 500:
            stale = cache.find_expired(key)
        if stale is not None:
            found.drop_body()
            return replace(found, response=stale.response, outcome="Hit", pieces=None, age=cache.age(stale))
        return self._kept(request, found, key)

    def _ask(self, request: HttpRequest) -> _Found:
        measured = self.unknowns.chunked_body is ChunkedBody.MEASURED
        length = body_length(request)
        body: PassingBody = StreamedBody(self.pieces)
        if length != 0 and (self.unknowns.bodies is Bodies.BUFFERED or (length is None and measured)):
            body = HeldBody(self.pieces)
            if measured:
                length = body.length
        has_body = length != 0 or bool(request.values("Content-Length"))
        sent = to_origin(request, self.behaviour, self.request_id, length, has_body=has_body)
        try:
            given = self.location.connections.ask(
                self.behaviour,
                sent,
                body,
                again_after_reset=self.unknowns.sent_again_after_reset,
                clock_during_upload=self.unknowns.read_timeout_runs_during_upload,
            )
        except OriginFailed as error:
            page = error_page(error.status, str(error), self.request_id)
            return _Found(page, "Error", origin_request=sent)
        finally:
            body.close()
        return _Found(
            from_origin(given.response),
            "Error" if given.response.status >= 400 else "Miss",
            given.body(),
            given.length,
            origin_request=sent,
            origin_response=given.response,
        )

    def _kept(self, request: HttpRequest, found: _Found, key: CacheKey) -> _Found:
        """The same response, in the cache if it is to be kept."""
        cache = self.location.cache
        always = self.unknowns.errors_cached_without_caching
        seconds = cache.seconds(request, found.response, self.behaviour, errors_always=always)
        if seconds <= 0 or (found.length or 0) > MOST_BYTES:
            return found
        try:
            body = found.response.body if found.pieces is None else b"".join(found.pieces)
        except ResponseCutOff:
            raise EdgeRefusal(502, "the origin's response was cut off") from None
        response = replace(found.response, body=body)
        cache.keep(key, response, seconds)
        return replace(found, response=response, pieces=None)

    def _passage(self, response: HttpResponse, found: _Found) -> Passage:
        origin = None if found.origin_request is None else self.behaviour.origin.domain_name
        return Passage(self.request, origin, found.origin_request, found.origin_response, response)
