"""The CloudFront stand-in: what is kept, for how long, for whom.

Sources: the CloudFront developer guide, "Manage how long content stays in the cache (expiration)", "How
CloudFront processes and caches HTTP 4xx and 5xx status codes from your origin", "Understand the cache key".
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.served.edge_client import RunningEdge, distribution_of, running_edge
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.unknowns import Unknowns
from tests.standins.http_message import Handler, HttpRequest, HttpResponse

MINUTE = ("Cache-Control", "public, max-age=60")


class SettableClock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def redirect(*headers: tuple[str, str], status: int = 307) -> Handler:
    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status, (("Location", "/elsewhere" + request.target), *headers), b"see elsewhere")

    return answer


def caching_edge(
    certificates: Certificates,
    answer: Handler,
    clock: SettableClock | None = None,
    **settings: Any,  # noqa: ANN401
) -> AbstractContextManager[RunningEdge]:
    return running_edge(certificates, api=answer, clock=clock or SettableClock(), **settings)


def no_error_settings(template: dict[str, Any]) -> None:
    del distribution_of(template)["CustomErrorResponses"]


def test_an_answer_is_kept_as_long_as_it_says_and_given_to_everybody(certificates: Certificates) -> None:
    clock = SettableClock()
    with caching_edge(certificates, redirect(MINUTE), clock) as edge:
        first = edge("GET", "/v2/a", ("Authorization", "Basic one"))
        assert (first.headers["X-Cache"], first.headers["Age"]) == ("Miss from cloudfront", None)
        clock.now = 59
        second = edge("GET", "/v2/a", ("Authorization", "Basic two"))
        assert (second.headers["X-Cache"], second.headers["Age"]) == ("Hit from cloudfront", "59")
        assert (second.status, second.headers["Location"], second.body) == (
            307, "/elsewhere/v2/a", b"see elsewhere",
        )  # fmt: skip
        assert edge.passages[1].from_cache
        clock.now = 60
        assert edge("GET", "/v2/a").headers["X-Cache"] == "Miss from cloudfront"
        assert len(edge.api.requests) == 2
        assert "Basic" not in str(edge.cloudfront.cache.answers)


def test_path_and_query_are_the_key(certificates: Certificates) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        targets = [
            "/v2/a",
            "/v2/a?",
            "/v2/a?n=1",
            "/v2/a?n=2",
            "/v2/a?n=1&m=1",
            "/v2/a?m=1&n=1",
            "/v2/A",
            "/v2/b",
        ]
        for target in targets * 2:
            assert edge("GET", target).headers["Location"] == "/elsewhere" + target.removesuffix("?")
        # An empty query is none.
        assert len(edge.api.requests) == len(targets) - 1


def test_a_kept_get_answers_head_but_not_the_other_way(certificates: Certificates) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        edge("HEAD", "/v2/a")
        edge("HEAD", "/v2/a")
        assert [each.method for each in edge.api.requests] == ["HEAD"]
        assert edge("GET", "/v2/a").body == b"see elsewhere"
        edge("GET", "/v2/b")
        head = edge("HEAD", "/v2/b")
        assert (head.headers["X-Cache"], head.body) == ("Hit from cloudfront", b"")
        assert [each.method for each in edge.api.requests] == ["HEAD", "GET", "GET"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_answers_to_other_methods_are_never_kept(certificates: Certificates, method: str) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        edge(method, "/v2/a")
        edge(method, "/v2/a")
        assert len(edge.api.requests) == 2
        assert edge.cloudfront.cache.answers == ()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), 0),
        ((("Cache-Control", "no-store"),), 0),
        ((("Cache-Control", "no-cache, max-age=60"),), 0),
        ((("Cache-Control", "private, max-age=60"),), 0),
        ((("Cache-Control", "max-age=10"),), 10),
        ((("Cache-Control", "max-age=10, s-maxage=20"),), 20),
        ((("Cache-Control", "max-age=86400"),), 3600),
        ((("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),), 0),
        ((("Expires", "Thu, 01 Jan 2099 00:00:00 GMT"),), 3600),
        ((("Cache-Control", "max-age=10"), ("Expires", "Thu, 01 Jan 2099 00:00:00 GMT")), 10),
    ],
)
def test_how_long(certificates: Certificates, headers: tuple[tuple[str, str], ...], seconds: int) -> None:
    clock = SettableClock()
    with caching_edge(certificates, redirect(*headers), clock) as edge:
        edge("GET", "/v2/a")
        if seconds:
            clock.now = seconds - 1
            assert edge("GET", "/v2/a").headers["X-Cache"] == "Hit from cloudfront"
        clock.now = seconds
        assert edge("GET", "/v2/a").headers["X-Cache"] == "Miss from cloudfront"


def test_nothing_of_a_registry_is_kept_whatever_it_says(certificates: Certificates) -> None:
    with running_edge(certificates, registry=redirect(MINUTE, status=200), clock=SettableClock()) as edge:
        for _ in range(2):
            edge("GET", edge.at_registry("/v2/a"))
        assert len(edge.registry.requests) == 2
        assert edge.cloudfront.cache.answers == ()


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (404, (), 10),
        (404, (("Cache-Control", "no-store"),), 10),
        (404, (("Cache-Control", "max-age=30"),), 30),
        (414, (), 10),
        (500, (), 10),
        (503, (), 10),
        (401, (), 0),
        (401, (MINUTE,), 0),
        (403, (), 0),
        (403, (MINUTE,), 60),
        (405, (), 0),
    ],
)
def test_errors_are_kept_ten_seconds_unless_the_distribution_says_otherwise(
    certificates: Certificates, status: int, headers: tuple[tuple[str, str], ...], seconds: int
) -> None:
    clock = SettableClock()
    with caching_edge(
        certificates, redirect(*headers, status=status), clock, change=no_error_settings
    ) as edge:
        edge("GET", "/v2/a")
        clock.now = max(seconds - 1, 0)
        edge("GET", "/v2/a")
        assert len(edge.api.requests) == (1 if seconds else 2)
        clock.now = seconds
        assert edge("GET", "/v2/a").headers["X-Cache"] == "Error from cloudfront"
        assert len(edge.api.requests) == (2 if seconds else 3)


@pytest.mark.parametrize("status", [404, 414, 500, 501, 502, 503, 504])
def test_our_distribution_keeps_no_error(certificates: Certificates, status: int) -> None:
    unknowns = Unknowns(errors_cached_without_caching=True)
    answer = redirect(status=status)
    with caching_edge(certificates, answer, registry=answer, unknowns=unknowns) as edge:
        for _ in range(2):
            assert edge("GET", "/v2/a").status == status
            assert edge("GET", edge.at_registry("/v2/a")).status == status
        assert (len(edge.api.requests), len(edge.registry.requests)) == (2, 2)


@pytest.mark.parametrize(("kept", "asked"), [(False, 2), (True, 1)], ids=["not kept", "kept"])
def test_errors_where_caching_is_disabled(certificates: Certificates, kept: bool, asked: int) -> None:
    """Not documented: one viewer's error could be shown to another, with another query and credentials."""
    unknowns = Unknowns(errors_cached_without_caching=kept)
    with caching_edge(
        certificates, redirect(), registry=redirect(status=404), unknowns=unknowns, change=no_error_settings
    ) as edge:
        edge("GET", edge.at_registry("/v2/a?n=1"), ("Authorization", "Basic one"))
        edge("GET", edge.at_registry("/v2/a?n=2"), ("Authorization", "Basic two"))
        assert len(edge.registry.requests) == asked


def test_an_expired_answer_is_better_than_an_error_of_the_origin(certificates: Certificates) -> None:
    clock = SettableClock()
    with caching_edge(certificates, redirect(MINUTE), clock) as edge:
        edge("GET", "/v2/a")
        clock.now = 100
        edge.api.answer = redirect(status=503)
        answer = edge("GET", "/v2/a")
        assert (answer.status, answer.headers["Location"]) == (307, "/elsewhere/v2/a")
        edge.api.answer = redirect(status=404)
        assert edge("GET", "/v2/a").status == 404


def test_answers_to_parts_are_not_kept_for_the_whole(certificates: Certificates) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        edge("GET", "/v2/a", ("Range", "bytes=0-1"))
        assert edge("GET", "/v2/a").headers["X-Cache"] == "Miss from cloudfront"


def test_an_invalidation_forgets(certificates: Certificates) -> None:
    with caching_edge(certificates, redirect(MINUTE)) as edge:
        edge("GET", "/v2/a")
        edge.cloudfront.cache.forget()
        assert edge("GET", "/v2/a").headers["X-Cache"] == "Miss from cloudfront"
