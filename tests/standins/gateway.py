"""A REST API of API Gateway, driven by its Swagger document alone: TLS in front, Lambda functions behind.

The rules are those recorded from AWS or written in its documentation. Where neither says what happens,
the stand-in either does what is worst for the service behind it or can be told (`Behaviour`).

What is known, and from where: docs/api-gateway.md#limits, #head.
"""

from __future__ import annotations

import json
import secrets
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from email.utils import format_datetime
from enum import Enum
from typing import Any

from tests.standins import gateway_error
from tests.standins.api_definition import ApiDefinition, Method, UnsupportedDefinition, read_definition
from tests.standins.gateway_error import Refused, answer_to
from tests.standins.gateway_url import GatewayUrl, place
from tests.standins.header_remapping import answer_headers, request_headers
from tests.standins.http_message import Header, HttpRequest, HttpResponse, without
from tests.standins.http_server import HttpServer
from tests.standins.lambda_function import Function, PayloadTooLarge
from tests.standins.media_type import first_of, is_binary
from tests.standins.proxy_event import ApiIdentity, Arrival, proxy_event
from tests.standins.proxy_result import MalformedResult, read_result
from tests.standins.routing import Route, find_route
from tests.standins.running import Running
from tests.standins.token_authorizer import TokenAuthorizers

BODY_LIMIT = 10 * 1024 * 1024
HEADER_LIMIT = 10_240
"""Bytes of all headers: names, values, line ends and white space."""
URL_LIMIT = 10_240
METHOD_ARN_LIMIT = 1_600

Observer = Callable[[HttpRequest, HttpResponse], None]


class HeadLength(Enum):
    """The Content-Length of an answer to HEAD; what AWS does is not known."""

    COMPUTED = "of the body the function gave"
    PASSED = "the function's own, if it gave one"
    ZERO = "always 0"


@dataclass(frozen=True)
class Behaviour:
    """What is not established about AWS, or differs between deployments."""

    head_length: HeadLength = HeadLength.COMPUTED
    oversized_event_status: int = 413
    """When the event is over Lambda's 6 MB; 500 is the other candidate."""
    oversized_headers_status: int | None = 500
    """When an answer's headers are over the limit; None lets them pass."""
    lower_case_names: bool = False
    """Header names as from an HTTP/2 client."""
    integration_timeout: float | None = None
    """Seconds, instead of the definition's (29 if it says nothing)."""


class Gateway(Running):
    """Serves `definition` from `start()` (or `with`) to `stop()`.

    `functions` by ARN, as the definition's integrations and authorizers name them. A request whose Host
    is `api.default_host` comes by the default endpoint and has the stage in its path; any other comes by
    the custom domain, mapped to the stage under `base_path`. `observe` is told every request and answer,
    secrets and all. Raises UnsupportedDefinition.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        functions: Mapping[str, Function],
        context: ssl.SSLContext | None,
        *,
        api: ApiIdentity | None = None,
        behaviour: Behaviour | None = None,
        address: str = "127.0.0.1",
        name: str = "localhost",
        base_path: str = "",
        observe: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.definition: ApiDefinition = read_definition(definition)
        self.api = api or ApiIdentity()
        self.behaviour = behaviour or Behaviour()
        """May be replaced while running; the next request goes by it."""
        if absent := self.definition.functions() - set(functions):
            raise UnsupportedDefinition(
                f"the definition names functions that are not there: {sorted(absent)}"
            )
        self._functions = functions
        self._base_path = base_path
        self._observe = observe
        self._authorizers = TokenAuthorizers(functions, clock)
        self.server = HttpServer(self._answer, context=context, address=address, name=name)

    @property
    def origin(self) -> str:
        return self.server.origin

    @property
    def authority(self) -> str:
        """HOST:PORT, as in an image's name."""
        return self.server.authority

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def _answer(self, request: HttpRequest) -> HttpResponse:
        request_id = str(uuid.uuid4())
        extended_id = secrets.token_urlsafe(11) + "="
        trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        try:
            response = self._serve(request, request_id, extended_id, trace)
        except Refused as refused:
            response = answer_to(refused.error, self.definition.gateway_responses)
        own = (
            ("Date", format_datetime(datetime.now(timezone.utc), usegmt=True)),
            ("Connection", "keep-alive"),
            ("x-amzn-RequestId", request_id),
            ("x-amz-apigw-id", extended_id),
            ("X-Amzn-Trace-Id", trace),
        )
        response = self._within_header_limit(replace(response, headers=(*own, *response.headers)))
        if self._observe is not None:
            self._observe(request, response)
        return response

    def _within_header_limit(self, response: HttpResponse) -> HttpResponse:
        status = self.behaviour.oversized_headers_status
        if status is None or _header_size(response.headers) <= HEADER_LIMIT:
            return response
        return answer_to(
            replace(gateway_error.MALFORMED_RESULT, status=status), self.definition.gateway_responses
        )

    def _serve(self, request: HttpRequest, request_id: str, extended_id: str, trace: str) -> HttpResponse:
        if _header_size(request.headers) > HEADER_LIMIT:
            raise Refused(gateway_error.HEADERS_TOO_LARGE)
        if len(request.target) > URL_LIMIT:
            raise Refused(gateway_error.URI_TOO_LONG)
        if len(request.body) > BODY_LIMIT:
            raise Refused(gateway_error.BODY_TOO_LARGE)
        url = place(request, self.api, self._base_path, closed=self.definition.default_endpoint_disabled)
        route = find_route(self.definition.resources, url.routed, request.method)
        if route is None:
            raise Refused(gateway_error.missing_authentication_token(request.value("Authorization")))
        method = route.resource.methods[request.method]
        arrival = Arrival(
            request,
            url.path,
            url.context_path,
            self._forwarded(request, trace),
            request_id,
            extended_id,
            datetime.now(timezone.utc),
            None if url.at_default_endpoint else self._base_path,
            self._authorize(method, request, url),
        )
        return self._integrate(method, route, arrival)

    def _authorize(self, method: Method, request: HttpRequest, url: GatewayUrl) -> Mapping[str, Any] | None:
        if method.authorizer is None:
            return None
        arn = self.api.method_arn(request.method, url.routed.lstrip("/"))
        if len(arn) > METHOD_ARN_LIMIT:
            raise Refused(gateway_error.URI_TOO_LONG)
        return self._authorizers.authorize(method.authorizer, request, arn)

    def _forwarded(self, request: HttpRequest, trace: str) -> tuple[Header, ...]:
        hops = ", ".join([*request.values("X-Forwarded-For"), request.peer])
        kept = without(
            request.headers, "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Amzn-Trace-Id"
        )
        return (
            *request_headers(kept, lower_case_names=self.behaviour.lower_case_names),
            ("X-Amzn-Trace-Id", trace),
            ("X-Forwarded-For", hops),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
        )

    def _integrate(self, method: Method, route: Route, arrival: Arrival) -> HttpResponse:
        request = arrival.request
        event = proxy_event(arrival, route, self.api, self.definition.binary_media_types)
        payload = json.dumps(event, ensure_ascii=False).encode()
        timeout = self.behaviour.integration_timeout or method.timeout
        try:
            outcome = self._functions[method.function].submit(payload).result(timeout)
        except PayloadTooLarge:
            error = replace(gateway_error.EVENT_TOO_LARGE, status=self.behaviour.oversized_event_status)
            raise Refused(error) from None
        except FutureTimeoutError:
            raise Refused(gateway_error.INTEGRATION_TIMEOUT) from None
        accepted = first_of(request.value("Accept") or "")
        try:
            if outcome.failed:
                raise MalformedResult("the function failed")
            response = read_result(
                outcome.payload, decode_binary=is_binary(accepted, self.definition.binary_media_types)
            )
        except MalformedResult:
            raise Refused(gateway_error.MALFORMED_RESULT) from None
        return self._measured(request, response)

    def _measured(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The answer with its headers renamed, and with the Content-Length that the gateway sends, where it
        is not just the body's."""
        headers = answer_headers(response.headers)
        if request.method == "HEAD":
            length = self.behaviour.head_length
            if length is HeadLength.ZERO:
                headers = (*headers, ("Content-Length", "0"))
            elif length is HeadLength.PASSED:
                headers = (
                    *headers,
                    *(
                        ("Content-Length", each)
                        for each in response.values("Content-Length")
                        if each.isdigit()
                    ),
                )
        return replace(response, headers=headers)


def _header_size(headers: tuple[Header, ...]) -> int:
    return sum(len(name) + len(": ") + len(value) + len("\r\n") for name, value in headers)
