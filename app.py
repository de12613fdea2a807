"""The door: API Gateway's event in, the service's answer out."""

import os
import ssl
import sys
from functools import lru_cache
from typing import Any, cast

from chalice.app import AuthRequest, AuthResponse, Chalice, Response
from chalice.app import Request as CurrentRequest

from chalicelib.event import request_of
from chalicelib.message import Answer, error_answer
from chalicelib.registry_connection import Registry, RegistryConnection
from chalicelib.registry_host import RegistryHost
from chalicelib.request_log import fault_line
from chalicelib.service import respond
from chalicelib.settings import Settings

if "AWS_CHALICE_CLI_MODE" in os.environ:
    # Under Chalice's own commands alone: `chalice_patches` is not in the Lambda's zip.
    from chalice_patches import patched_settings

    SETTINGS = patched_settings(os.environ)
else:
    SETTINGS = Settings.from_environment(os.environ)

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

# Built at start, where Lambda lends a whole processor.
_TLS = ssl.create_default_context()

app = Chalice(app_name="custom-ecr-domain")
# The one of sixteen that registry clients send.
app.api.binary_types = ["application/octet-stream"]


@app.authorizer(ttl_seconds=3600)
def challenge(_request: AuthRequest) -> AuthResponse:
    """Every Authorization passes: whether it is good, the registry says. API Gateway itself answers a
    request without one, with the challenge that a Lambda cannot send."""
    return AuthResponse(routes=["*"], principal_id="registry-client")


@app.route("/", methods=METHODS, content_types=["*/*"])
def root() -> Response:
    """What a greedy route does not match."""
    return _respond()


@app.route("/{proxy+}", methods=METHODS, content_types=["*/*"])
def everything() -> Response:
    """Every other path."""
    return _respond()


@app.route("/_challenge/{proxy+}", methods=METHODS, content_types=["*/*"], authorizer=challenge)
def challenged() -> Response:
    """Came to be challenged, and has credentials by now."""
    return _respond()


def _respond() -> Response:
    current = cast(CurrentRequest, app.current_request)
    # Not app.lambda_context: under `chalice local` all threads share that one.
    context: Any = current.lambda_context
    request_id = context.aws_request_id
    try:
        registry = _registry(context.invoked_function_arn)
        request = request_of(current.to_original_event())
        answer, line = respond(request, request_id, registry, SETTINGS.mode)
    except Exception as error:  # noqa: BLE001  Chalice would log its message, which may quote the request
        answer = error_answer(500, "UNKNOWN", f"a defect of this service; request {request_id}")
        line = fault_line(request_id, error)
    sys.stdout.write(f"{line}\n")
    return _response(answer)


@lru_cache(maxsize=1)
def _registry(function_arn: str) -> Registry:
    host = SETTINGS.registry or RegistryHost.of_function(function_arn)
    return RegistryConnection(host, _TLS)


def _response(answer: Answer) -> Response:
    return Response(answer.body, {**answer.headers, "Cache-Control": "no-store"}, answer.status)
