"""What API Gateway answers by itself: the challenge, and its refusals in the registry API's words."""

from __future__ import annotations

from typing import Any

from chalicelib.http_message import error_response

CHALLENGE = 'Basic realm="Amazon ECR"'


TOO_LARGE = (
    "API Gateway and Lambda pass no more than about 4.5 MB in one request; put CloudFront in front of this "
    "domain (mode edge), push with docker buildx or Docker's classic image store, or push to the registry's "
    "own host"
)


def _in_words(code: str, message: str) -> dict[str, Any]:
    return {"responseTemplates": {"application/json": error_response(500, code, message).body}}


UNAUTHORIZED_BODY = error_response(401, "UNAUTHORIZED", "authentication required").body
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-gateway-responses.html
GATEWAY_RESPONSES: dict[str, dict[str, Any]] = {
    "UNAUTHORIZED": {
        "statusCode": "401",
        "responseParameters": {"gatewayresponse.header.WWW-Authenticate": f"'{CHALLENGE}'"},
        "responseTemplates": {"application/json": UNAUTHORIZED_BODY},
    },
    # What the gateway answers by itself, in the registry API's words and with none of the request's: its
    # own text for a method it does not know quotes the Authorization header.
    "REQUEST_TOO_LARGE": _in_words("SIZE_INVALID", TOO_LARGE),
    "DEFAULT_4XX": _in_words("UNSUPPORTED", "API Gateway does not take this request"),
    "DEFAULT_5XX": _in_words("UNAVAILABLE", "API Gateway got no response from the service in time"),
}
