"""What a REST API does to headers on the way to a Lambda function and back.

The tables of https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html,
with what was recorded where it says otherwise: no Content-Length reaches a function, and a function's own
comes back renamed, as its `x-amzn-RequestId` does.

What is known, and from where: docs/api-gateway.md#request-headers, #headers-on-the-way-back.
"""

from __future__ import annotations

from tests.standins.http_message import Header, without

_DROPPED_FROM_REQUEST = (
    "Connection",
    "Content-Length",
    "Content-MD5",
    "Expect",
    "Max-Forwards",
    "Proxy-Authenticate",
    "Server",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "WWW-Authenticate",
)
_DROPPED_FROM_RESPONSE = (
    "Expect",
    "Host",
    "Proxy-Authenticate",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
)
_RENAMED_IN_RESPONSE = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-md5",
        "date",
        "max-forwards",
        "server",
        "user-agent",
        "www-authenticate",
        "x-amzn-requestid",
    }
)
_CANONICAL = {
    name.lower(): name
    for name in (
        "Authorization",
        "Host",
        "User-Agent",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    )
}


def request_headers(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """A request's headers as a function sees them: names keep the client's spelling but for a few."""
    kept = without(headers, *_DROPPED_FROM_REQUEST)
    return tuple((_CANONICAL.get(name.lower(), name), value) for name, value in kept)


def response_headers(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """A function's headers as a client sees them."""
    return tuple(
        (f"x-amzn-Remapped-{name}" if name.lower() in _RENAMED_IN_RESPONSE else name, value)
        for name, value in without(headers, *_DROPPED_FROM_RESPONSE)
    )
