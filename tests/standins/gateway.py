"""A REST API of API Gateway, driven by its Swagger document alone: TLS in front, Lambda functions behind.

The rules are those recorded from AWS or written in its documentation. Where neither says what happens,
the stand-in does what is worst for the service behind it, or `head_length` says it.

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
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import format_datetime
from enum import Enum
from typing import Any

from tests.standins import gateway_error
from tests.standins.api_definition import ApiDefinition, Method, UnsupportedDefinition, read_definition
from tests.standins.gateway_error import Refused, respond_to
from tests.standins.gateway_url import GatewayUrl, place
from tests.standins.header_remapping import request_headers, response_headers
from tests.standins.http_message import Header, HttpRequest, HttpResponse, Observer, without
from tests.standins.http_server import HttpServer
from tests.standins.lambda_function import Function, PayloadTooLarge
from tests.standins.media_type import first_of, is_binary
from tests.standins.proxy_event import ApiIdentity, Arrival, proxy_event
from tests.standins.proxy_result import MalformedResult, read_result
from tests.standins.routing import Route, find_route
from tests.standins.token_authorizer import TokenAuthorizers

BODY_LIMIT = 10 * 1024 * 1024
HEADER_LIMIT = 10_240
"""Bytes of all headers: names, values, line ends and white space."""
URL_LIMIT = 10_240
METHOD_ARN_LIMIT = 1_600


class HeadLength(Enum):
    """The Content-Length of a response to HEAD; what AWS does is not known."""

    COMPUTED = "of the body the function gave"
    PASSED = "the function's own, if it gave one"
    ZERO = "always 0"


class Gateway(HttpServer):
    """Serves `definition` from `start()` (or `with`) to `stop()`.

    `functions` by ARN, as the definition's integrations and authorizers name them; they may come and go
    while it runs. A request whose Host is `api.default_host` comes by the default endpoint and has the
    stage in its path; any other comes by the custom domain, mapped to the stage under `base_path`.
    `observe` is called with every request and response, secrets and all. Raises UnsupportedDefinition.
    """

    def __init__(
        self,
        definition: Mapping[str, Any],
        functions: Mapping[str, Function],
        context: ssl.SSLContext | None,
        *,
        api: ApiIdentity | None = None,
        head_length: HeadLength = HeadLength.COMPUTED,
        name: str = "localhost",
        base_path: str = "",
        observe: Observer | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.definition: ApiDefinition = read_definition(definition)
        self.api = api or ApiIdentity()
        self.head_length = head_length
        """May be replaced while running; the next request goes by it."""
        if absent := self.definition.functions() - set(functions):
            raise UnsupportedDefinition(
                f"the definition names functions that are not there: {sorted(absent)}"
            )
        super().__init__(self._respond, context=context, name=name, observe=observe)
        self._functions = functions
        self._base_path = base_path
        self._authorizers = TokenAuthorizers(functions, clock)

    def _respond(self, request: HttpRequest) -> HttpResponse:
        request_id = str(uuid.uuid4())
        extended_id = secrets.token_urlsafe(11) + "="
        trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        try:
            response = self._served(request, request_id, extended_id, trace)
        except Refused as refused:
            response = respond_to(refused.error, self.definition.gateway_responses)
        own = (
            ("Date", format_datetime(datetime.now(timezone.utc), usegmt=True)),
            ("Connection", "keep-alive"),
            ("x-amzn-RequestId", request_id),
            ("x-amz-apigw-id", extended_id),
            ("X-Amzn-Trace-Id", trace),
        )
        response = replace(response, headers=(*own, *response.headers))
        if _header_size(response.headers) > HEADER_LIMIT:
            response = respond_to(gateway_error.RESULT_TOO_LARGE, self.definition.gateway_responses)
        return response

    def _served(self, request: HttpRequest, request_id: str, extended_id: str, trace: str) -> HttpResponse:
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
            *request_headers(kept),
            ("X-Amzn-Trace-Id", trace),
            ("X-Forwarded-For", hops),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
        )

    def _integrate(self, method: Method, route: Route, arrival: Arrival) -> HttpResponse:
        request = arrival.request
        event = proxy_event(arrival, route, self.api, self.definition.binary_media_types)
        payload = json.dumps(event, ensure_ascii=False).encode()
        function = self._functions.get(method.function)
        if function is None:
            raise Refused(gateway_error.FUNCTION_MISSING)
        try:
            outcome = function.submit(payload).result(method.timeout)
        except PayloadTooLarge:
            raise Refused(gateway_error.EVENT_TOO_LARGE) from None
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
        """The response with its headers renamed, and with the Content-Length that the gateway sends, where it
        is not just the body's."""
        headers = response_headers(response.headers)
        if request.method == "HEAD" and self.head_length is HeadLength.ZERO:
            headers = (*headers, ("Content-Length", "0"))
        if request.method == "HEAD" and self.head_length is HeadLength.PASSED:
            given = response.values("Content-Length")
            headers = (*headers, *(("Content-Length", each) for each in given if each.isdigit()))
        return replace(response, headers=headers)


def _header_size(headers: tuple[Header, ...]) -> int:
    return sum(len(name) + len(": ") + len(value) + len("\r\n") for name, value in headers)
