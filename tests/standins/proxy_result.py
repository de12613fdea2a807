"""A Lambda function's result, read as API Gateway reads it: a response, or a malformed one (502).

What is known, and from where: docs/api-gateway.md#results-of-a-function.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.standins.http_message import Header, HttpResponse, header_values

_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
"""ASCII without control characters. What AWS does with others is not known; here they are a defect."""


class MalformedResult(Exception):
    """The result is not of the form a proxy integration asks for; the message says how."""


def read_result(payload: bytes, *, decode_binary: bool) -> HttpResponse:
    """The response that a result asks for, its headers not yet remapped.

    `decode_binary`: the request's Accept allows a base64 body to be decoded; else it is sent as text.
    Raises MalformedResult.
    """
    result = json.loads(payload)
    if not isinstance(result, dict):
        raise MalformedResult(f"{type(result).__name__}, not an object")
    if unknown := set(result) - _KEYS:
        raise MalformedResult(f"unknown keys {sorted(unknown)}")
    status = _status(result.get("statusCode", 200))
    headers = _headers(result)
    if not header_values(headers, "Content-Type"):
        headers = (*headers, ("Content-Type", "application/json"))
    return HttpResponse(status, headers, _body(result, decode_binary=decode_binary))


def _status(given: object) -> int:
    try:
        status = int(given) if isinstance(given, int | str) else 0
    except ValueError:
        status = 0
    if not 200 <= status <= 599:
        raise MalformedResult(f"statusCode {given!r}")
    return status


def _headers(result: Mapping[str, Any]) -> tuple[Header, ...]:
    single = result.get("headers") or {}
    multi = result.get("multiValueHeaders") or {}
    if not isinstance(single, dict) or not isinstance(multi, dict):
        raise MalformedResult("headers and multiValueHeaders must be objects")
    headers: list[Header] = []
    repeated = {name.lower() for name in multi}
    for name, values in multi.items():
        if not isinstance(values, list):
            raise MalformedResult(f"multiValueHeaders {name!r} is no list")
        headers += [(name, _text(name, value)) for value in values]
    for name, value in single.items():
        if name.lower() not in repeated:
            headers.append((name, _text(name, value)))
        elif _text(name, value) not in header_values(tuple(headers), name):
            spelling = next(each for each in multi if each.lower() == name.lower())
            headers.append((spelling, _text(name, value)))
    return tuple(headers)


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise MalformedResult(f"header {name!r} is no string")
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise MalformedResult(f"header {name!r} cannot be sent")
    return value.strip()


def _body(result: Mapping[str, Any], *, decode_binary: bool) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResult("the body is no string")
    if result.get("isBase64Encoded") and decode_binary:
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise MalformedResult("the body is no base64") from error
    return body.encode()
