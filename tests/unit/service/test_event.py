"""From the gateway's event to a Request: verbatim path, whole query, every header value, exact body."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chalicelib.event import line_of, request_of
from chalicelib.http_message import Request
from tests.unit.service.gateway_events import event


def read(document: dict[str, Any]) -> Request:
    return request_of(document, line_of(document))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v2/",
        # pathParameters.proxy has lost this slash.
        "/v2/my-repo/blobs/uploads/",
        "/v2/my-repo/manifests/sha256%3Aabc",
        "/v2//double-slash",
    ],
)
def test_the_path_stays_as_it_was_sent(path: str) -> None:
    assert line_of(event(path=path)).path == path


def test_the_query_keeps_repeats_their_order_and_empty_values() -> None:
    line = line_of(event(query={"n": ["2", "1", "2"], "last": [""]}))
    assert line.query == (("n", "2"), ("n", "1"), ("n", "2"), ("last", ""))


def test_headers_are_found_in_any_case_with_all_their_values() -> None:
    request = read(event(headers={"aCCept": ["a", "b"], "User-Agent": ["skopeo/1.18.0"]}))
    assert request.headers["accept"] == ("a", "b")
    assert request.header("user-agent") == "skopeo/1.18.0"
    assert request.header("authorization") == ""


def test_names_that_differ_in_case_are_one_header() -> None:
    """Or two Authorizations would pass for one."""
    assert read(event(headers={"Accept": ["a"], "ACCEPT": ["b"]})).headers["accept"] == ("a", "b")


LAYER = bytes(range(256))


@pytest.mark.parametrize(
    ("body", "is_base64", "expected", "is_lossy"),
    [
        (None, False, b"", False),
        ("", False, b"", False),
        ('{"schemaVersion":2}\n', False, b'{"schemaVersion":2}\n', False),
        ("é", False, "é".encode(), False),
        (base64.b64encode(LAYER).decode(), True, LAYER, False),
        ("", True, b"", False),
        # What the gateway makes of layer bytes under a Content-Type that it takes for text.
        ("\ufffd\ufffd\x00", False, "\ufffd\ufffd\x00".encode(), True),
        # A lone surrogate fits in JSON and in no encoding.
        ("\ud800", False, b"?", False),
        ("not base64", True, b"", True),
    ],
)
def test_bodies_arrive_byte_for_byte_or_are_marked_as_lossy(
    body: str | None, is_base64: bool, expected: bytes, is_lossy: bool
) -> None:
    request = read(event("PUT", body=body, is_base64=is_base64))
    assert (request.body, request.body_is_lossy) == (expected, is_lossy)


@pytest.mark.parametrize("absent", ["multiValueHeaders", "headers", "multiValueQueryStringParameters"])
def test_a_map_that_is_null_or_absent_is_empty(absent: str) -> None:
    """As in the console's test invocation."""
    null = event("GET", "/v2/", query={"n": ["1"]}, headers={"User-Agent": ["crane/1"]})
    null[absent] = None
    left_out = {name: value for name, value in null.items() if name != absent}
    read_null, read_left_out = read(null), read(left_out)
    assert read_null == read_left_out
    assert bool(read_null.headers) == (absent != "multiValueHeaders")
    assert bool(read_null.line.query) == (absent != "multiValueQueryStringParameters")


def test_a_request_shows_nothing_of_itself() -> None:
    request = read(event("PUT", headers={"Authorization": ["Basic secret"]}, body="secret"))
    assert "secret" not in repr(request)
    assert "secret" not in f"{request!s}"
