"""The events of CloudFront Functions: heads as JSON, and what a function may change in them.

The CloudFront developer guide, "CloudFront Functions event structure" and "Restrictions on all edge
functions".

What is known, and from where: docs/cloudfront.md#functions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tests.standins.http_message import Header, HttpRequest, HttpResponse

_DISALLOWED = frozenset(
    {
        "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
        "trailer", "upgrade", "x-accel-buffering", "x-accel-charset", "x-accel-limit-rate",
        "x-accel-redirect",
        "x-amzn-auth", "x-amzn-cf-billing", "x-amzn-cf-id", "x-amzn-cf-xff", "x-amzn-errortype",
        "x-amzn-fle-profile", "x-amzn-header-count", "x-amzn-header-order", "x-amzn-lambda-integration-tag",
        "x-amzn-requestid", "x-cache", "x-forwarded-proto", "x-real-ip",
    }
)  # fmt: skip
_DISALLOWED_BEGINNINGS = ("x-amz-cf-", "x-edge-")
_COOKIES = ("cookie", "set-cookie")
"""They are no headers of an event; `cookies`, where functions find them, is not imitated."""
_READ_ONLY_IN_REQUEST = ("content-length", "host", "transfer-encoding", "via")
_READ_ONLY_IN_RESPONSE = ("warning", "via")
_URI_LIMIT = 8_192


class InvalidResult(Exception):
    """A function broke a rule of what it may return; CloudFront answers 502."""


@dataclass(frozen=True)
class FunctionResponse:
    """A response as a function left it."""

    response: HttpResponse
    #: None where the function set none: the origin's body stays.
    body: bytes | None


def request_event(request: HttpRequest, request_id: str) -> dict[str, Any]:
    """The viewer-request event."""
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": "d111111abcdef8.cloudfront.net",
            "distributionId": "EDFDVBD6EXAMPLE",
            "eventType": "viewer-request",
            "requestId": request_id,
        },
        "viewer": {"ip": request.peer},
        "request": _request_object(request),
    }


def response_event(request: HttpRequest, response: HttpResponse, request_id: str) -> dict[str, Any]:
    """The viewer-response event."""
    event = request_event(request, request_id)
    event["context"]["eventType"] = "viewer-response"
    event["response"] = {
        "statusCode": response.status,
        "statusDescription": response.reason,
        "headers": _header_objects(response.headers),
        "cookies": {},
    }
    return event


def changed_request(request: HttpRequest, event: dict[str, Any], result: dict[str, Any]) -> HttpRequest:
    """The request that a viewer-request function returned. `event` is what it was given.

    A path that it did not change goes on as it came; header names are capitalised word by word.
    Raises InvalidResult.
    """
    given = event["request"]
    uri = result.get("uri")
    if result.get("method") != given["method"] or not isinstance(uri, str) or not uri.startswith("/"):
        raise InvalidResult("a method that was changed, or no path")
    _check_read_only(given, result, _READ_ONLY_IN_REQUEST)
    if result.get("querystring") != given["querystring"]:
        raise InvalidResult("a query that was changed, which is not imitated")
    path, mark, query = request.target.partition("?")
    path = path if uri == given["uri"] else _fit(uri)
    headers = (*_headers_of(result), *_kept(request.headers))
    return replace(request, target=path + mark + query, headers=headers)


def changed_response(
    response: HttpResponse, event: dict[str, Any], result: dict[str, Any]
) -> FunctionResponse:
    """The response that a viewer-response function returned. Raises InvalidResult."""
    _check_read_only(event["response"], result, _READ_ONLY_IN_RESPONSE)
    return _response(result, _kept(response.headers))


def generated_response(result: dict[str, Any]) -> FunctionResponse:
    """The response that a viewer-request function returned instead of a request. Raises InvalidResult."""
    return _response(result, ())


def _response(result: dict[str, Any], kept: tuple[Header, ...]) -> FunctionResponse:
    status = result.get("statusCode")
    if not isinstance(status, int) or not 200 <= status <= 599:
        raise InvalidResult("no status")
    body = result.get("body")
    if not isinstance(body, str | None):
        raise InvalidResult("a body that is not text, which is not imitated")
    headers = (*_headers_of(result), *kept)
    return FunctionResponse(HttpResponse(status, headers), None if body is None else body.encode())


def _request_object(request: HttpRequest) -> dict[str, Any]:
    path, _, query = request.target.partition("?")
    pairs = tuple(
        (name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)
    )
    return {
        "method": request.method,
        "uri": path,
        "querystring": _objects(pairs),
        "headers": _header_objects(request.headers),
        "cookies": {},
    }


def _header_objects(headers: tuple[Header, ...]) -> dict[str, Any]:
    return _objects(tuple((name.lower(), value) for name, value in headers if not _hidden(name)))


def _kept(headers: tuple[Header, ...]) -> tuple[Header, ...]:
    """Those that no function sees."""
    return tuple(header for header in headers if _hidden(header[0]))


def _objects(pairs: tuple[Header, ...]) -> dict[str, Any]:
    """Values by name; a name that came more than once has all of them in `multiValue` too."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {
        name: {"value": each[0]}
        if len(each) == 1
        else {"value": each[0], "multiValue": [{"value": value} for value in each]}
        for name, each in values.items()
    }


def _values(each: object) -> list[str]:
    if not isinstance(each, dict):
        raise InvalidResult("a header that is not an object")
    found = (
        [one.get("value") for one in each["multiValue"]] if each.get("multiValue") else [each.get("value")]
    )
    if not all(isinstance(value, str) and "\r" not in value and "\n" not in value for value in found):
        raise InvalidResult("a value that is not text of one line")
    return [str(value) for value in found]


def _headers_of(result: dict[str, Any]) -> tuple[Header, ...]:
    if result.get("cookies"):
        raise InvalidResult("cookies, which are not imitated")
    headers = result.get("headers", {})
    if any(name != name.lower() or _hidden(name) for name in headers):
        raise InvalidResult("a header that functions may not set, or a name with capitals")
    return tuple((name.title(), value) for name, each in headers.items() for value in _values(each))


def _fit(text: str) -> str:
    if len(text) >= _URI_LIMIT or any(not "!" <= each <= "~" for each in text):
        raise InvalidResult("a URI that is too long or has characters that must be encoded")
    return text


def _check_read_only(given: dict[str, Any], result: dict[str, Any], names: tuple[str, ...]) -> None:
    headers = result.get("headers", {})
    if changed := [name for name in names if headers.get(name) != given["headers"].get(name)]:
        raise InvalidResult(f"a change of {changed}")


def _hidden(name: str) -> bool:
    lower = name.lower()
    return lower in _COOKIES or lower in _DISALLOWED or lower.startswith(_DISALLOWED_BEGINNINGS)
