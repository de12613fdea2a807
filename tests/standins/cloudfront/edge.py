"""What happens between a viewer's request and the answer: function, cache, origin, function.

What is known, and from where: docs/cloudfront.md#behaviours-and-origins, #functions.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

from tests.standins.cloudfront.distribution_config import CacheBehaviour, DistributionConfig, normalised
from tests.standins.cloudfront.edge_cache import MOST_BYTES, CacheKey, EdgeCache, cache_key
from tests.standins.cloudfront.edge_event import (
    FunctionAnswer,
    InvalidResult,
    changed_request,
    changed_response,
    generated_response,
    request_event,
    response_event,
)
from tests.standins.cloudfront.edge_function import FunctionFailed
from tests.standins.cloudfront.forwarding import error_page, from_origin, hops, to_origin, to_viewer
from tests.standins.cloudfront.origin_connections import AnswerCutOff, OriginConnections, OriginFailed
from tests.standins.cloudfront.passage import Passage
from tests.standins.cloudfront.passing_body import HeldBody, PassingBody, StreamedBody
from tests.standins.cloudfront.unknowns import Bodies, ChunkedBody, EventUri, Unknowns
from tests.standins.cloudfront.wire import body_length
from tests.standins.http_message import HttpRequest, HttpResponse


class EdgeRefusal(Exception):
    """An answer of CloudFront's own."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class EdgeAnswer:
    """What the viewer gets."""

    passage: Passage
    #: The body's pieces, which may raise AnswerCutOff; None: the body is that of the response.
    pieces: Iterator[memoryview] | None
    #: The length of the pieces where it is known.
    length: int | None


@dataclass(frozen=True)
class _Found:
    """An answer before the viewer's function has seen it."""

    response: HttpResponse
    outcome: str
    pieces: Iterator[memoryview] | None = None
    length: int | None = None
    age: int | None = None
    origin_request: HttpRequest | None = None
    origin_response: HttpResponse | None = None


class EdgeLocation:
    """Answers requests of the viewers of one distribution."""

    def __init__(
        self,
        config: DistributionConfig,
        connections: OriginConnections,
        cache: EdgeCache,
        unknowns: Callable[[], Unknowns],
    ) -> None:
        self._config = config
        self._connections = connections
        self._cache = cache
        self._unknowns = unknowns

    def answer(self, request: HttpRequest, pieces: Iterator[memoryview]) -> EdgeAnswer:
        """The answer to a request whose body is `pieces`; what they raise comes through."""
        request_id = secrets.token_urlsafe(40)
        unknowns = self._unknowns()
        try:
            behaviour = self._behaviour(request)
        except EdgeRefusal as refusal:
            return _own(request, refusal, request_id)
        if unknowns.paths_normalised:
            path, mark, query = request.target.partition("?")
            seen = replace(request, target=normalised(path) + mark + query)
        else:
            seen = request
        try:
            left = self._viewer_request(behaviour, seen, request_id, unknowns)
            if isinstance(left, FunctionAnswer):
                return _generated(request, left, request_id)
            found = self._find(behaviour, left, pieces, request_id, unknowns)
        except EdgeRefusal as refusal:
            return _own(request, refusal, request_id)
        try:
            response, body = self._viewer_response(
                behaviour, seen if unknowns.event_uri is EventUri.VIEWERS else left, found, request_id
            )
        except EdgeRefusal as refusal:
            for _ in found.pieces or ():
                pass
            return _own(request, refusal, request_id, behaviour, found)
        passage = _passage(
            request, to_viewer(response, found.outcome, request_id, found.age), behaviour, found
        )
        if body is not None:
            for _ in found.pieces or ():
                pass
            return EdgeAnswer(_with_body(passage, body), None, None)
        return EdgeAnswer(passage, found.pieces, found.length)

    def _behaviour(self, request: HttpRequest) -> CacheBehaviour:
        host = (request.value("Host") or "").rpartition(":")
        if (host[0] if host[2].isdigit() else host[2]).lower() not in self._config.aliases:
            raise EdgeRefusal(403, "The request's Host is none of the distribution's names.")
        if hops(request) >= 2:
            raise EdgeRefusal(403, "A chain of distributions.")
        behaviour = self._config.behaviour_for(request.target.partition("?")[0])
        if request.method not in behaviour.methods:
            raise EdgeRefusal(403, "This distribution is not configured to allow the HTTP request method.")
        if request.method == "GET" and body_length(request) != 0:
            raise EdgeRefusal(403, "Bad request: a GET with a body.")
        return behaviour

    def _viewer_request(
        self, behaviour: CacheBehaviour, request: HttpRequest, request_id: str, unknowns: Unknowns
    ) -> HttpRequest | FunctionAnswer:
        if behaviour.viewer_request is None:
            return request
        event = request_event(request, request_id)
        try:
            result = behaviour.viewer_request.run(event)
            if "statusCode" in result:
                return generated_response(result)
            return changed_request(request, event, result)
        except FunctionFailed as error:
            if unknowns.failed_function_passes:
                return request
            raise EdgeRefusal(503, "The CloudFront function failed.") from error
        except InvalidResult as error:
            raise EdgeRefusal(502, "The CloudFront function returned an invalid value.") from error

    def _viewer_response(
        self, behaviour: CacheBehaviour, request: HttpRequest, found: _Found, request_id: str
    ) -> tuple[HttpResponse, bytes | None]:
        # "CloudFront does not invoke edge functions for viewer response events when the origin returns
        # HTTP status code 400 or higher": restrictions on all edge functions.
        if behaviour.viewer_response is None or found.response.status >= 400:
            return found.response, None
        event = response_event(request, found.response, reason(found.response.status), request_id)
        try:
            changed = changed_response(found.response, event, behaviour.viewer_response.run(event))
        except FunctionFailed as error:
            raise EdgeRefusal(503, "The CloudFront function failed.") from error
        except InvalidResult as error:
            raise EdgeRefusal(502, "The CloudFront function returned an invalid value.") from error
        return changed.response, changed.body

    def _find(
        self,
        behaviour: CacheBehaviour,
        request: HttpRequest,
        pieces: Iterator[memoryview],
        request_id: str,
        unknowns: Unknowns,
    ) -> _Found:
        key = cache_key(request, behaviour)
        cacheable = request.method in ("GET", "HEAD")
        if cacheable and (kept := self._cache.find(key)) is not None:
            response = HttpResponse(kept.status, kept.headers, kept.body)
            outcome = "Error" if kept.status >= 400 else "Hit"
            return _Found(response, outcome, age=self._cache.age(kept))
        found = self._ask(behaviour, request, pieces, request_id, unknowns, key)
        stale = self._cache.find_expired(key) if cacheable and found.response.status >= 500 else None
        if stale is None:
            return found
        for _ in found.pieces or ():
            pass
        response = HttpResponse(stale.status, stale.headers, stale.body)
        return replace(found, response=response, outcome="Hit", pieces=None, age=self._cache.age(stale))

    def _ask(
        self,
        behaviour: CacheBehaviour,
        request: HttpRequest,
        pieces: Iterator[memoryview],
        request_id: str,
        unknowns: Unknowns,
        key: CacheKey,
    ) -> _Found:
        length = body_length(request)
        body: PassingBody = StreamedBody(pieces, length)
        if length != 0 and (
            unknowns.bodies is Bodies.BUFFERED
            or (length is None and unknowns.chunked_body is ChunkedBody.MEASURED)
        ):
            body = HeldBody(pieces)
            if unknowns.chunked_body is ChunkedBody.MEASURED:
                length = body.length
        has_body = length is None or bool(request.values("Content-Length"))
        sent = to_origin(request, behaviour, request_id, length, has_body=has_body or bool(length))
        host = sent.value("Host") or ""
        server_name = host.rpartition(":")[0] or host if behaviour.forwards_host else None
        try:
            answer = self._connections.ask(
                behaviour.origin,
                sent,
                body,
                server_name=server_name or behaviour.origin.domain_name,
                again_after_reset=unknowns.sent_again_after_reset,
                clock_during_upload=unknowns.read_timeout_runs_during_upload,
            )
        except OriginFailed as error:
            page = error_page(error.status, reason(error.status), str(error), request_id)
            found = _Found(page, "Error", origin_request=sent)
        else:
            passed = from_origin(answer.response)
            outcome = "Error" if passed.status >= 400 else "Miss"
            found = _Found(
                passed,
                outcome,
                answer.body(),
                answer.length,
                origin_request=sent,
                origin_response=answer.response,
            )
        finally:
            body.close()
        return self._kept(behaviour, request, found, key, unknowns)

    def _kept(
        self,
        behaviour: CacheBehaviour,
        request: HttpRequest,
        found: _Found,
        key: CacheKey,
        unknowns: Unknowns,
    ) -> _Found:
        """The same answer, in the cache if it is to be kept."""
        seconds = self._cache.seconds(
            request, found.response, behaviour, errors_always=unknowns.errors_cached_without_caching
        )
        if seconds <= 0 or (found.length or 0) > MOST_BYTES:
            return found
        try:
            body = found.response.body if found.pieces is None else b"".join(map(bytes, found.pieces))
        except AnswerCutOff:
            raise EdgeRefusal(502, "the origin's answer was cut off") from None
        response = replace(found.response, body=body)
        self._cache.keep(key, response, seconds)
        return replace(found, response=response, pieces=None)


def reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _own(
    request: HttpRequest,
    refusal: EdgeRefusal,
    request_id: str,
    behaviour: CacheBehaviour | None = None,
    found: _Found | None = None,
) -> EdgeAnswer:
    page = error_page(refusal.status, reason(refusal.status), str(refusal), request_id)
    passage = _passage(request, to_viewer(page, "Error", request_id), behaviour, found)
    return EdgeAnswer(passage, None, None)


def _generated(request: HttpRequest, answer: FunctionAnswer, request_id: str) -> EdgeAnswer:
    response = to_viewer(answer.response, "FunctionGeneratedResponse", request_id)
    return EdgeAnswer(_passage(request, replace(response, body=answer.body or b""), None, None), None, None)


def _passage(
    request: HttpRequest, response: HttpResponse, behaviour: CacheBehaviour | None, found: _Found | None
) -> Passage:
    asked = found.origin_request if found is not None else None
    return Passage(
        request,
        behaviour.origin.domain_name if behaviour is not None and asked is not None else None,
        asked,
        found.origin_response if found is not None else None,
        response,
    )


def _with_body(passage: Passage, body: bytes) -> Passage:
    return replace(passage, viewer_response=replace(passage.viewer_response, body=body))
