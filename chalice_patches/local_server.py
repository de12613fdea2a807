"""What `chalice local` lacks beside API Gateway, added in the process that runs it.

Chalice 1.34 matches `/{proxy+}` below one segment only (aws/chalice#2118), its events lack `path` and
`multiValueHeaders`, its 401 lacks the gateway response's header, its 403 repeats the Authorization
header, and its server reads no chunked bodies, answers HEAD with a body and sends Content-Length twice.

tests/unit/chalice_patches/test_chalice_gaps.py and tests/served/test_chalice_local_gaps.py show each of
them open in Chalice itself: a release that closes or moves one makes a test fail, so that what is not
needed any more goes from here.
"""

from __future__ import annotations

import ssl
import sys
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

import chalice.local
from chalice.local import (
    ChaliceRequestHandler,
    EventType,
    LambdaEventConverter,
    LocalDevServer,
    LocalGateway,
    LocalGatewayException,
    MatchResult,
    NotAuthorizedError,
    RouteMatcher,
    ThreadedHTTPServer,
)

from chalice_patches.gateway_responses import CHALLENGE, UNAUTHORIZED_BODY
from chalice_patches.local_edge import LocalEdge
from chalice_patches.refusal import end_command
from chalice_patches.request_body import RefusedBody, request_body
from chalicelib.http_message import error_response
from chalicelib.registries import Registries
from chalicelib.registry_host import ACCEPTED_FORM
from chalicelib.settings import ECR_REGISTRY, RedirectMode, Settings

# What API Gateway takes of a request body; the same here keeps a laptop from reading a layer into memory.
MAX_BODY = 10 * 1024 * 1024


def patch_local_server(settings: Settings) -> None:
    """Patch the Chalice that is running this process; a second call changes nothing more."""

    def local_dev_server(app: Any, config: Any, host: str, port: int) -> LocalDevServer:
        if settings.registry is None:
            end_command(
                f"{ECR_REGISTRY} is not set, and `chalice local` has no function ARN to derive it from; "
                f"set it to {ACCEPTED_FORM}"
            )
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        edge = None
        if settings.mode is RedirectMode.EDGE:
            registries = Registries(settings.registry, settings.prefixes)
            edge = LocalEdge(registries, ssl.create_default_context())
        handler = partial(RegistryApiHandler, edge=edge)
        return LocalDevServer(app, config, host, port, handler, LocalServer)

    chalice.local.LocalDevServer = local_dev_server  # type: ignore[misc,assignment]


class GreedyRouteMatcher(RouteMatcher):
    """Routes as API Gateway does: a literal path first, then the longest greedy prefix."""

    def match_route(self, url: str) -> MatchResult:
        query = super().match_route("/?" + url.partition("?")[2]).query_params
        path = url.partition("?")[0]
        if path in self.route_urls:
            return MatchResult(path, {}, query)
        for route in sorted(self.route_urls, key=len, reverse=True):
            prefix, greedy, _ = route.partition("{proxy+}")
            rest = path.removeprefix(prefix).strip("/")
            if greedy and path.startswith(prefix) and rest:
                return MatchResult(route, {"proxy": rest}, query)
        raise ValueError(f"no route matches {path!r}")


class GatewayEventConverter(LambdaEventConverter):
    """Events with the fields of API Gateway's that the service reads."""

    def create_lambda_event(
        self, method: str, path: str, headers: Any, body: bytes | None = None
    ) -> EventType:
        """`headers` is the HTTPMessage as it was read: a dict would keep one value of each name."""
        event = super().create_lambda_event(method, path, headers, body)
        event["path"] = path.partition("?")[0]
        event["multiValueHeaders"] = {name.lower(): headers.get_all(name) for name in headers}
        if isinstance(event["body"], bytes):
            event["body"] = event["body"].decode("utf-8", "replace")
        return event


class RegistryApiHandler(ChaliceRequestHandler):
    """HTTP/1.1 as keep-alive registry clients need it."""

    disable_nagle_algorithm = True
    # What is no HTTP is refused in HTTP/1.1: Docker tries TLS first, and goes on without it only where it is
    # answered so.
    default_request_version = "HTTP/1.1"
    error_content_type = "application/json"
    error_message_format = error_response(400, "UNSUPPORTED", "malformed HTTP request").body

    def __init__(
        self,
        request: Any,
        client_address: Any,
        server: Any,
        app_object: Any,
        config: Any,
        edge: LocalEdge | None,
    ) -> None:
        self._app_object = app_object
        self._config = config
        self._edge = edge
        super().__init__(request, client_address, server, app_object, config)

    def setup(self) -> None:
        super().setup()
        self.local_gateway = LocalGateway(self._app_object, self._config)
        self.local_gateway.event_converter = GatewayEventConverter(
            GreedyRouteMatcher(list(self._app_object.routes)), self._app_object.api.binary_types
        )

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: Any) -> None:
        """The service logs each request itself; a request line here would show query values."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        # The gateway answers a method it does not know as it answers an unknown path.
        super().send_error(403 if code == 501 else code, message, explain)

    def _parse_payload(self) -> tuple[Any, bytes | None]:
        if not self.path.startswith("/"):
            # Chalice's own refusal of what it cannot route repeats the Authorization header.
            self._refuse(400, "the target is not a path")
        try:
            body = b"".join(request_body(self.headers, self.rfile, MAX_BODY).pieces)
        except RefusedBody as error:
            self._refuse(error.status, str(error))
        return self.headers, body or None

    def _refuse(self, status: int, reason: str) -> NoReturn:
        # What follows on this connection may be body or request; nobody can tell.
        self.close_connection = True
        refusal = LocalGatewayException({}, error_response(status, "UNSUPPORTED", reason).body.encode())
        refusal.CODE = status
        raise refusal

    def _generic_handle(self) -> None:
        if self._edge is not None and self._edge.serve(self):
            return
        try:
            super()._generic_handle()
        except LocalGatewayException as refusal:
            self._send_error_response(refusal)

    def _send_error_response(self, error: LocalGatewayException) -> None:
        if isinstance(error, NotAuthorizedError):
            error.headers["WWW-Authenticate"] = CHALLENGE
            error.body = UNAUTHORIZED_BODY.encode()
        super()._send_error_response(error)

    def _send_http_response(self, code: int, headers: dict[str, Any], body: str | bytes | None) -> None:
        content = body.encode("utf-8") if isinstance(body, str) else body or b""
        fields = {name.lower(): (name, value) for name, value in headers.items()}
        fields.setdefault("content-type", ("Content-Type", "application/json"))
        if self.command != "HEAD" or "content-length" not in fields:
            fields["content-length"] = ("Content-Length", str(len(content)))
        self.send_response(code)
        self._send_headers(dict(fields.values()))
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _generic_handle  # noqa: N815


class LocalServer(ThreadedHTTPServer):
    """As many clients in line as a parallel push brings."""

    request_queue_size = 128
