"""From API Gateway's Lambda-proxy event (REST API, payload 1.0) to a Request."""

import base64
from collections.abc import Mapping
from typing import Any

from chalicelib.message import Query, Request

_REPLACEMENT = "\ufffd"


def request_of(event: Mapping[str, Any]) -> Request:
    """The path is `event["path"]`: `pathParameters.proxy` loses the trailing slash that upload starts need,
    and Chalice's own `Request.path` is the route's pattern."""
    context = event["requestContext"]
    headers: dict[str, tuple[str, ...]] = {}
    for name, values in event["multiValueHeaders"].items():
        key = name.lower()
        headers[key] = (*headers.get(key, ()), *values)
    body, garbled = _body(event.get("body"), bool(event.get("isBase64Encoded")))
    return Request(
        method=context["httpMethod"],
        path=event["path"],
        query=_query(event.get("multiValueQueryStringParameters")),
        headers=headers,
        body=body,
        garbled=garbled,
    )


def _query(parameters: Mapping[str, list[str]] | None) -> Query:
    if not parameters:
        return ()
    return tuple([(name, value) for name, values in parameters.items() for value in values])


def _body(body: str | bytes | None, is_base64: bool) -> tuple[bytes, bool]:
    if not body:
        return b"", False
    if is_base64:
        try:
            return base64.b64decode(body, validate=True), False
        except ValueError:
            return b"", True
    if isinstance(body, bytes):
        return body, False
    # The gateway's mark for bytes that are no UTF-8, under a Content-Type it does not know as binary.
    return body.encode("utf-8", "replace"), _REPLACEMENT in body
