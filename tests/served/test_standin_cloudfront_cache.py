"""The CloudFront stand-in: what is kept, for how long, for whom.

Sources: the CloudFront developer guide, "Manage how long content stays in the cache (expiration)", "How
CloudFront processes and caches HTTP 4xx and 5xx status codes from your origin", "Understand the cache key".
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import pytest

from tests.served.edge_client import RunningEdge, distribution_of, running_edge
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.unknowns import Unknowns
from tests.standins.http_message import Handler, Header, HttpRequest, HttpResponse

MINUTE = ("Cache-Control", "public, max-age=60")
NO_STORE = ("Cache-Control", "no-store")
LONG_AGO = ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
FAR_AHEAD = ("Expires", "Thu, 01 Jan 2099 00:00:00 GMT")


def max_age(seconds: int) -> Header:
    return ("Cache-Control", f"max-age={seconds}")


class SettableClock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def redirect(*headers: Header, status: int = 307) -> Handler:
    def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status, (("Location", "/elsewhere" + request.target), *headers), b"see elsewhere")

    return handler


def caching_edge(
    certificates: Certificates,
    handler: Handler,
    clock: SettableClock | None = None,
    **settings: Any,  # noqa: ANN401
) -> AbstractContextManager[RunningEdge]:
    return running_edge(certificates, api=handler, clock=clock or SettableClock(), **settings)


def no_error_settings(template: dict[str, Any]) -> None:
    del distribution_of(template)["CustomErrorResponses"]


def test_a_response_is_kept_as_long_as_it_says_and_given_to_everybody(certificates: Certificates) -> None:
    clock = SettableClock()
    with caching_edge(certificates, redirect(MINUTE), clock) as edge:
        first = edge("GET", "/v2/a", ("Authorization", "Basic one"))
        assert (first["X-Cache"], first["Age"]) == ("Miss from cloudfront", "")
        clock.now = 59
        second = edge("GET", "/v2/a", ("Authorization", "Basic two"))
        assert (second["X-Cache"], second["Age"]) == ("Hit from cloudfront", "59")
        assert (second.status, second["Location"]) == (307, "/elsewhere/v2/a")
        assert second.body == b"see elsewhere"
        assert edge.passages[1].from_cache
        clock.now = 60
        assert edge("GET", "/v2/a")["X-Cache"] == "Miss from cloudfront"
        assert len(edge.api.requests) == 2
        assert "Basic" not in str(edge.cloudfront.cache.responses)


def test_path_and_query_are_the_key(certificates: Certificates) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        queries = ["", "?", "?n=1", "?n=2", "?n=1&m=1", "?m=1&n=1"]
        targets = [*(f"/v2/a{query}" for query in queries), "/v2/A", "/v2/b"]
        for target in targets * 2:
            assert edge("GET", target)["Location"] == "/elsewhere" + target.removesuffix("?")
        # An empty query is none.
        assert len(edge.api.requests) == len(targets) - 1


def test_a_kept_get_serves_head_but_not_the_other_way(certificates: Certificates) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        edge("HEAD", "/v2/a")
        edge("HEAD", "/v2/a")
        assert [each.method for each in edge.api.requests] == ["HEAD"]
        assert edge("GET", "/v2/a").body == b"see elsewhere"
        edge("GET", "/v2/b")
        head = edge("HEAD", "/v2/b")
        assert (head["X-Cache"], head.body) == ("Hit from cloudfront", b"")
        assert [each.method for each in edge.api.requests] == ["HEAD", "GET", "GET"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_responses_to_other_methods_are_never_kept(certificates: Certificates, method: str) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        edge(method, "/v2/a")
        edge(method, "/v2/a")
        assert len(edge.api.requests) == 2
        assert edge.cloudfront.cache.responses == ()


class KeptRow(NamedTuple):
    headers: tuple[Header, ...]
    #: How long the response is kept.
    seconds: int
    status: int = 307


KEPT = [
    KeptRow((), 0),
    KeptRow((NO_STORE,), 0),
    KeptRow((("Cache-Control", "no-cache, max-age=60"),), 0),
    KeptRow((("Cache-Control", "private, max-age=60"),), 0),
    KeptRow((max_age(10),), 10),
    KeptRow((("Cache-Control", "max-age=10, s-maxage=20"),), 20),
    KeptRow((max_age(86400),), 3600),
    KeptRow((LONG_AGO,), 0),
    KeptRow((FAR_AHEAD,), 3600),
    KeptRow((max_age(10), FAR_AHEAD), 10),
    # Errors are kept for ten seconds unless the distribution says otherwise.
    KeptRow((), 10, status=404),
    KeptRow((NO_STORE,), 10, status=404),
    KeptRow((max_age(30),), 30, status=404),
    *(KeptRow((), 10, status=status) for status in (414, 500, 503)),
    *(KeptRow((), 0, status=status) for status in (401, 403, 405)),
    KeptRow((MINUTE,), 0, status=401),
    KeptRow((MINUTE,), 60, status=403),
]


@pytest.mark.parametrize("row", KEPT)
def test_how_long_a_response_is_kept(certificates: Certificates, row: KeptRow) -> None:
    clock = SettableClock()
    handler = redirect(*row.headers, status=row.status)
    with caching_edge(certificates, handler, clock, change=no_error_settings) as edge:
        edge("GET", "/v2/a")
        if row.seconds:
            clock.now = row.seconds - 1
            edge("GET", "/v2/a")
        assert len(edge.api.requests) == 1
        clock.now = row.seconds
        outcome = "Error" if row.status >= 400 else "Miss"
        assert edge("GET", "/v2/a")["X-Cache"] == f"{outcome} from cloudfront"
        assert len(edge.api.requests) == 2


def test_nothing_of_a_registry_is_kept_whatever_it_says(certificates: Certificates) -> None:
    with running_edge(certificates, registry=redirect(MINUTE, status=200), clock=SettableClock()) as edge:
        for _ in range(2):
            edge("GET", edge.at_registry("/v2/a"))
        assert len(edge.registry.requests) == 2
        assert edge.cloudfront.cache.responses == ()


@pytest.mark.parametrize("status", [404, 414, 500, 501, 502, 503, 504])
def test_our_distribution_keeps_no_error(certificates: Certificates, status: int) -> None:
    unknowns = Unknowns(errors_cached_without_caching=True)
    handler = redirect(status=status)
    with caching_edge(certificates, handler, registry=handler, unknowns=unknowns) as edge:
        for _ in range(2):
            assert edge("GET", "/v2/a").status == status
            assert edge("GET", edge.at_registry("/v2/a")).status == status
        assert (len(edge.api.requests), len(edge.registry.requests)) == (2, 2)


@pytest.mark.parametrize(("kept", "times"), [(False, 2), (True, 1)], ids=["not kept", "kept"])
def test_errors_where_caching_is_disabled(certificates: Certificates, kept: bool, times: int) -> None:
    """They are not kept, as documented; else one viewer's would be shown to another."""
    unknowns = Unknowns(errors_cached_without_caching=kept)
    missing = redirect(status=404)
    with caching_edge(
        certificates, redirect(), registry=missing, unknowns=unknowns, change=no_error_settings
    ) as edge:
        edge("GET", edge.at_registry("/v2/a?n=1"), ("Authorization", "Basic one"))
        edge("GET", edge.at_registry("/v2/a?n=2"), ("Authorization", "Basic two"))
        assert len(edge.registry.requests) == times


def test_an_expired_response_is_better_than_an_error_of_the_origin(certificates: Certificates) -> None:
    clock = SettableClock()
    with caching_edge(certificates, redirect(MINUTE), clock) as edge:
        edge("GET", "/v2/a")
        clock.now = 100
        edge.api.handler = redirect(status=503)
        response = edge("GET", "/v2/a")
        assert (response.status, response["Location"]) == (307, "/elsewhere/v2/a")
        edge.api.handler = redirect(status=404)
        assert edge("GET", "/v2/a").status == 404


def test_responses_to_parts_are_not_kept_for_the_whole(certificates: Certificates) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        edge("GET", "/v2/a", ("Range", "bytes=0-1"))
        assert edge("GET", "/v2/a")["X-Cache"] == "Miss from cloudfront"


def test_an_invalidation_forgets(certificates: Certificates) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        edge("GET", "/v2/a")
        edge.cloudfront.cache.forget()
        assert edge("GET", "/v2/a")["X-Cache"] == "Miss from cloudfront"
