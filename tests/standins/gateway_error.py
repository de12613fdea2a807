"""The responses API Gateway gives by itself, and how an API's definition changes them.

What is known, and from where: docs/api-gateway.md#gateway-responses.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.standins.api_definition import GatewayResponse, UnsupportedDefinition
from tests.standins.http_message import HttpResponse


@dataclass(frozen=True)
class GatewayError:
    """A response of the gateway's own. `kind` is the gateway response type, where there is one."""

    status: int
    kind: str | None
    error_type: str
    """Of the x-amzn-ErrorType header."""
    message: str | None
    plain: bool = False
    """Plain text, which no gateway response changes: it comes from before the API is known."""


class Refused(Exception):
    """Ends a request inside the gateway."""

    def __init__(self, error: GatewayError) -> None:
        super().__init__(error.message)
        self.error = error


def missing_authentication_token(authorization: str | None) -> GatewayError:
    """For a path or method that is not defined: 403, never 404 or 405; with an Authorization header that is
    no AWS signature the text complains about that."""
    if authorization is None:
        return GatewayError(
            403,
            "MISSING_AUTHENTICATION_TOKEN",
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        )
    hashed = base64.b64encode(hashlib.sha256(authorization.encode("latin-1")).digest()).decode()
    needed = "".join(
        f"Authorization header requires '{name}' parameter. "
        for name in ("Credential", "Signature", "SignedHeaders")
    )
    return GatewayError(
        403,
        "INVALID_SIGNATURE",
        "IncompleteSignatureException",
        f"{needed}Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        f"(Hashed with SHA-256 and encoded with Base64) Authorization={hashed}",
    )


UNAUTHORIZED = GatewayError(401, "UNAUTHORIZED", "UnauthorizedException", "Unauthorized")
ACCESS_DENIED = GatewayError(
    403, "ACCESS_DENIED", "AccessDeniedException", "User is not authorized to access this resource"
)
AUTHORIZER_FAILURE = GatewayError(500, "AUTHORIZER_FAILURE", "AuthorizerFailureException", None)
AUTHORIZER_CONFIGURATION = GatewayError(
    500, "AUTHORIZER_CONFIGURATION_ERROR", "AuthorizerConfigurationException", None
)
MALFORMED_RESULT = GatewayError(502, "DEFAULT_5XX", "InternalServerErrorException", "Internal server error")
RESULT_TOO_LARGE = GatewayError(500, "DEFAULT_5XX", "InternalServerErrorException", "Internal server error")
FUNCTION_MISSING = GatewayError(500, "DEFAULT_5XX", "InternalServerErrorException", "Internal server error")
INTEGRATION_TIMEOUT = GatewayError(
    504, "INTEGRATION_TIMEOUT", "InternalServerErrorException", "Endpoint request timed out"
)
EVENT_TOO_LARGE = GatewayError(413, "REQUEST_TOO_LARGE", "BadRequestException", "Request Too Long")
"""The event is over Lambda's limit."""
BODY_TOO_LARGE = GatewayError(413, None, "", "HTTP content length exceeded 10485760 bytes.", plain=True)
HEADERS_TOO_LARGE = GatewayError(413, None, "", "Request headers are too large.", plain=True)
"""These words are not recorded; the status and the media type are."""
URI_TOO_LONG = GatewayError(414, None, "RequestURITooLongException", "Request URI too long")
FORBIDDEN = GatewayError(403, None, "ForbiddenException", "Forbidden")


def respond_to(error: GatewayError, customised: Mapping[str, GatewayResponse]) -> HttpResponse:
    """The error as a client gets it: as the definition says for its type or group, else as AWS does."""
    if error.plain:
        return HttpResponse(error.status, (("Content-Type", "text/plain"),), (error.message or "").encode())
    group = "DEFAULT_4XX" if error.status < 500 else "DEFAULT_5XX"
    given = customised.get(error.kind or "") or (customised.get(group) if error.kind else None)
    status = given.status if given and given.status else error.status
    template = given.template if given and given.template is not None else None
    body = (
        json.dumps({"message": error.message}) if template is None else _fill(template, error.message or "")
    )
    headers = (
        ("Content-Type", "application/json"),
        ("x-amzn-ErrorType", error.error_type),
        *((given.headers if given else {}).items()),
    )
    return HttpResponse(status, headers, body.encode())


def _fill(template: str, message: str) -> str:
    values = {"$context.error.messageString": json.dumps(message), "$context.error.message": message}

    def value(match: re.Match[str]) -> str:
        if match.group() not in values:
            raise UnsupportedDefinition(f"{match.group()} in a response template")
        return values[match.group()]

    return re.sub(r"\$[A-Za-z][A-Za-z.]*", value, template)
