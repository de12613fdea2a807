"""What nobody could tell us about AWS is tried and written down. These tests assert nothing about AWS: they
fail only where the domain is not reached at all.

docs/api-gateway.md and docs/cloudfront.md have the question to each response.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest

from tests.live.live_domain import NO_RESPONSE, LiveDomain
from tests.live.live_report import LiveReport
from tests.live.test_front import MADE_UP

PATHS = (
    "/v2",
    "/v2//",
    "//v2/",
    "/v2/a//b/manifests/1",
    "/v2/a/manifests/1/",
    "/v2/a/./manifests/1",
    "/v2/a/../b/manifests/1",
    "/v2/a%5Fb/manifests/1",
    "/v2/a%2Fb/manifests/1",
    "/v2/a/manifests/sha256%3A1",
    "/v2/a;b/manifests/1",
    "/_challenge",
    "/_challenge/",
    "/_challenge//",
    "/_registry",
    "/ping",
)
QUERIES = ("a", "a=", "a=1&a=2&b=3&a=4", "a=%25", "a=%2B+%20", "a=1;b=2", "a=|")
HEADER_BYTES = (4_000, 8_000, 9_500, 10_500, 16_000, 21_000, 33_000)
QUERY_BYTES = (2_000, 6_000, 7_500, 8_500, 9_500, 10_500)
METHODS = ("HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")


class LiveRequest(NamedTuple):
    """A request, and the name of the fact that its response is."""

    fact: str
    method: str
    target: str
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


REQUESTS = (
    *(LiveRequest(f"path {path}", "GET", path) for path in PATHS),
    *(
        LiveRequest(f"a request header of {size} bytes", "GET", "/v2/", {"X-Live": "x" * size})
        for size in HEADER_BYTES
    ),
    *(LiveRequest(f"{method} /v2/", method, "/v2/") for method in METHODS),
    LiveRequest("a GET with a body", "GET", "/v2/", body=b"x"),
)


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.fact)
def test_what_a_request_gets(live: LiveDomain, report: LiveReport, request_: LiveRequest) -> None:
    fact, method, target, headers, body = request_
    report.attempt(fact, lambda: live.ask(method, target, headers, body))


# The values are made up here, so those of the Location may be in the report.
@pytest.mark.parametrize("query", QUERIES)
def test_forms_of_a_query(live: LiveDomain, report: LiveReport, query: str) -> None:
    fact: dict[str, object] = {}
    with contextlib.suppress(*NO_RESPONSE):
        response = live.ask("GET", f"/v2/live/tags/list?{query}")
        fact = {"status": response.status, "query": response["Location"].partition("?")[2]}
    report.record(f"query {query}", fact)


@pytest.mark.parametrize("size", QUERY_BYTES)
def test_the_limit_of_urls_and_locations(live: LiveDomain, report: LiveReport, size: int) -> None:
    fact: dict[str, object] = {}
    with contextlib.suppress(*NO_RESPONSE):
        response = live.ask("GET", f"/v2/live/tags/list?last={'x' * size}")
        fact = {"status": response.status, "location bytes": len(response["Location"])}
    report.record(f"a query of {size} bytes", fact)


def test_the_raw_bytes_of_a_challenge(live: LiveDomain, report: LiveReport) -> None:
    host = live.authority
    for name, lines in (
        ("no Authorization", ""),
        ("an empty Authorization", "Authorization:\r\n"),
        ("two of them", f"Authorization: {MADE_UP['Authorization']}\r\n" * 2),
    ):
        request = f"GET /_challenge/v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n"
        head = live.raw(request.encode()).partition(b"\r\n\r\n")[0].decode("latin-1")
        status, _, headers = head.partition("\r\n")
        names = [line.partition(":")[0] for line in headers.split("\r\n")]
        report.record(f"raw challenge, {name}", {"status line": status, "header names": names})


def test_expect_100_continue(live: LiveDomain, report: LiveReport) -> None:
    request = (
        f"POST /v2/live/blobs/uploads/ HTTP/1.1\r\nHost: {live.authority}\r\nConnection: close\r\n"
        "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab"
    )
    received = live.raw(request.encode())
    lines = [line for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    report.record("Expect: 100-continue", [line.decode("latin-1") for line in lines])


def test_the_protocols_that_are_offered(live: LiveDomain, report: LiveReport) -> None:
    report.record("protocol chosen of h2 and http/1.1", live.application_protocol())
