"""The only file that knows Chalice: API Gateway's event in, the service's response out."""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from chalice.app import AuthRequest, AuthResponse, Chalice
from chalice.app import Request as CurrentRequest
from chalice.app import Response as ChaliceResponse

from chalicelib import VERSION
from chalicelib.decision import ToRelay
from chalicelib.http_message import Request, Response, error_response
from chalicelib.registries import Registries
from chalicelib.request_log import fault_line, start_line
from chalicelib.service import respond
from chalicelib.settings import RedirectMode, Settings

if TYPE_CHECKING:
    from chalicelib.relaying.relay_service import RelayService

if "AWS_CHALICE_CLI_MODE" in os.environ:
    # Under Chalice's own commands alone: `chalice_patches` is not in the Lambda's zip.
    from chalice_patches import patched_settings

    SETTINGS = patched_settings(os.environ)
else:
    SETTINGS = Settings.from_environment(os.environ)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

app = Chalice(app_name="custom-ecr-domain")
# Of Chalice's sixteen binary types, the only one that registry clients send.
app.api.binary_types = ["application/octet-stream"]


@app.authorizer(ttl_seconds=3600)
def challenge(_request: AuthRequest) -> AuthResponse:
    """Let every Authorization pass: whether it is good, the registry says. API Gateway itself answers a
    request without one, with the challenge that a Lambda function cannot send."""
    return AuthResponse(routes=["*"], principal_id="registry-client")


@app.route("/", methods=METHODS, content_types=["*/*"])
def root() -> ChaliceResponse:
    """Answer the one path that a greedy route does not match."""
    return _respond()


@app.route("/{proxy+}", methods=METHODS, content_types=["*/*"])
def everything() -> ChaliceResponse:
    """Answer every other path."""
    return _respond()


@app.route("/_challenge/{proxy+}", methods=METHODS, content_types=["*/*"], authorizer=challenge)
def challenged() -> ChaliceResponse:
    """Answer a client that was sent here to be challenged, and has credentials by now."""
    return _respond()


def _respond() -> ChaliceResponse:
    current = cast(CurrentRequest, app.current_request)
    # Not app.lambda_context: under `chalice local` all threads share that one.
    context: Any = current.lambda_context
    request_id = context.aws_request_id
    try:
        registries = _registries(context.invoked_function_arn)
        response, line = respond(current.to_original_event(), request_id, registries, SETTINGS.mode, _relay)
    except Exception as error:  # noqa: BLE001  Chalice would log its message, which may quote the request
        response = error_response(500, "UNKNOWN", f"a defect of this service; request {request_id}")
        line = fault_line(request_id, error)
    sys.stdout.write(f"{line}\n")
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", **response.headers}
    return ChaliceResponse(response.body, headers, response.status)


@lru_cache(maxsize=1)
def _registries(function_arn: str) -> Registries:
    return SETTINGS.registries(function_arn)


def _relay(request: Request, to_relay: ToRelay) -> tuple[Response, str, str]:
    return _relay_service().respond(request, to_relay)


@lru_cache(maxsize=1)
def _relay_service() -> RelayService:
    # Imported where it is needed: mode `edge` starts without HTTP and TLS.
    import ssl

    from chalicelib.relaying.relay_service import RelayService

    return RelayService(ssl.create_default_context())


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    sys.stdout.write(f"{start_line(VERSION, SETTINGS.mode.value)}\n")
if SETTINGS.mode is RedirectMode.RELAY:
    # At start Lambda lends a whole processor.
    _relay_service()
