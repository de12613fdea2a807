"""From API Gateway's Lambda-proxy event (REST API, payload 1.0) to a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
A map that API Gateway leaves null, as its own test invocation does, is an empty one.
"""

import base64
from collections.abc import Mapping
from typing import Any

from chalicelib.http_message import Request, RequestLine

_REPLACEMENT = "\ufffd"


def line_of(event: Mapping[str, Any]) -> RequestLine:
    """The path is `event["path"]`: `pathParameters.proxy` loses the trailing slash that upload starts need,
    and Chalice's own `Request.path` is the route's pattern."""
    parameters = event.get("multiValueQueryStringParameters")
    query = (
        tuple([(name, value) for name, values in parameters.items() for value in values])
        if parameters
        else ()
    )
    return RequestLine(event["requestContext"]["httpMethod"], event["path"], query)


def request_of(event: Mapping[str, Any], line: RequestLine) -> Request:
    """The whole request, whose line was read before."""
    headers: dict[str, tuple[str, ...]] = {}
    for name, values in (event.get("multiValueHeaders") or {}).items():
        key = name.lower()
        headers[key] = (*headers.get(key, ()), *values)
    body, is_lossy = _body(event.get("body"), bool(event.get("isBase64Encoded")))
    return Request(line, headers, body, is_lossy)


def _body(body: str | None, is_base64: bool) -> tuple[bytes, bool]:
    if not body:
        return b"", False
    if is_base64:
        try:
            return base64.b64decode(body, validate=True), False
        except ValueError:
            return b"", True
    # API Gateway writes this character for bytes that are not UTF-8, under a Content-Type that it does not
    # know as binary.
    return body.encode("utf-8", "replace"), _REPLACEMENT in body
