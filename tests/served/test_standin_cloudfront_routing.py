"""The CloudFront stand-in: who is asked, and what is refused before anybody is.

Sources: the CloudFront developer guide, "Cache behavior settings" (paths), "Request and response behavior
for custom origins" (methods, bodies, limits), "Quotas" (sizes, chains).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.edge_paths import bad_edge_paths
from tests.served.edge_client import RunningEdge, distribution_of, running_edge
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.distribution_config import normalised
from tests.standins.cloudfront.resolved_template import UnresolvedTemplate
from tests.standins.cloudfront.unknowns import Unknowns


@pytest.fixture(scope="module")
def module_edge(certificates: Certificates) -> Iterator[RunningEdge]:
    with running_edge(certificates) as running:
        yield running


@pytest.fixture
def edge(module_edge: RunningEdge) -> RunningEdge:
    module_edge.api.requests.clear()
    module_edge.registry.requests.clear()
    return module_edge


def reached(edge: RunningEdge) -> tuple[list[str], list[str]]:
    """Targets that reached the registry, and the API."""
    return edge.registry.targets, edge.api.targets


@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/a/manifests/1?x=1&x=2", "/", "/_registry/", "/_Registry/x/v2/"]
)
def test_what_matches_no_pattern_goes_to_the_api(edge: RunningEdge, path: str) -> None:
    assert edge("GET", path).status == 200
    assert reached(edge) == ([], [path])


def test_a_pattern_ignores_the_query_and_its_star_takes_slashes(edge: RunningEdge) -> None:
    assert edge("GET", edge.at_registry("/v2/a/b/c?d=/e")).status == 200
    assert reached(edge) == (["/v2/a/b/c?d=/e"], [])


def test_the_first_pattern_that_matches_is_taken(certificates: Certificates) -> None:
    def first(template: dict[str, Any]) -> None:
        config = distribution_of(template)
        to_api = {**config["DefaultCacheBehavior"], "PathPattern": "_registry/*/v?/c*"}
        config["CacheBehaviors"].insert(0, to_api)

    with running_edge(certificates, change=first) as edge:
        edge("GET", edge.at_registry("/v2/cat"))
        edge("GET", edge.at_registry("/v2/dog"))
        assert reached(edge) == (["/v2/dog"], [edge.at_registry("/v2/cat")])


@pytest.mark.parametrize(
    ("path", "compared"),
    [
        ("/a//b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/./b/.", "/a/b/"),
        ("/../..", "/"),
        ("/%5Fregistry/%41", "/_registry/A"),
        ("/a%2Fb%3a", "/a%2Fb%3a"),
    ],
)
def test_paths_are_compared_in_their_normal_form(path: str, compared: str) -> None:
    assert normalised(path) == compared


@pytest.mark.parametrize(("seen", "status", "targets"), [(False, 403, []), (True, 200, ["/v2/"])])
def test_a_pattern_sees_the_normal_form_and_the_function_perhaps(
    certificates: Certificates, seen: bool, status: int, targets: list[str]
) -> None:
    """Which form a function is given is not documented."""
    with running_edge(certificates, unknowns=Unknowns(paths_normalised=seen)) as edge:
        assert edge("GET", "/x/.." + edge.at_registry("//v2/")).status == status
        assert reached(edge) == (targets, [])


def test_without_a_function_the_origin_gets_the_path_as_it_was_sent(certificates: Certificates) -> None:
    def alone(template: dict[str, Any]) -> None:
        del distribution_of(template)["DefaultCacheBehavior"]["FunctionAssociations"]

    with running_edge(certificates, change=alone, unknowns=Unknowns(paths_normalised=True)) as edge:
        edge("GET", "/v2//a/./b")
        assert reached(edge) == ([], ["/v2//a/./b"])


def test_bad_paths_reach_no_registry(edge: RunningEdge) -> None:
    """They are refused here, or go to the API, whose service answers 404 to each."""
    for path in bad_edge_paths(edge.authority):
        edge.api.requests.clear()
        status = edge("GET", path).status
        assert edge.registry.requests == [], path
        assert (status, edge.api.targets) in ((403, []), (200, [path])), path


@pytest.mark.parametrize("host", ["other.example.com", "localhost.example.com", "", "127.0.0.1"])
def test_a_host_that_is_no_alias_is_refused(edge: RunningEdge, host: str) -> None:
    refused = edge.raw(f"GET /v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert refused.startswith(b"HTTP/1.1 403 ")
    assert reached(edge) == ([], [])


def test_the_seven_methods_pass_and_no_other(edge: RunningEdge) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"):
        assert edge(method, "/v2/").status == 200
    assert edge("TRACE", "/v2/").status == 403
    assert len(edge.api.requests) == 7


def test_a_get_with_a_body_is_refused(edge: RunningEdge) -> None:
    assert edge("GET", "/v2/", body=b"x").status == 403
    assert edge("GET", "/v2/", body=iter([b"x"])).status == 403
    assert edge("GET", "/v2/", ("Content-Length", "0")).status == 200
    assert len(edge.api.requests) == 1


def test_a_request_has_at_most_32768_bytes(edge: RunningEdge) -> None:
    head = "GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: {}\r\n\r\n"
    room = 32_768 - len(head) + 2
    assert edge.raw(head.format("x" * room).encode()).startswith(b"HTTP/1.1 200 ")
    assert edge.raw(head.format("x" * (room + 1)).encode()).startswith(b"HTTP/1.1 413 ")


def test_a_url_has_at_most_8192_bytes(edge: RunningEdge) -> None:
    assert edge("GET", "/" + "x" * 8_191).status == 200
    assert edge("GET", "/" + "x" * 8_192).status == 413


@pytest.mark.parametrize(
    "lines",
    [
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: +1\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "X : y\r\n",
        "X\r\n",
        "X: y\r\n z\r\n",
    ],
)
def test_what_two_readers_would_frame_differently_is_refused(edge: RunningEdge, lines: str) -> None:
    sent = f"POST /v2/ HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n0\r\n\r\n".encode()
    assert edge.raw(sent).startswith(b"HTTP/1.1 400 ")
    assert reached(edge) == ([], [])


def test_a_chain_has_at_most_two_distributions(edge: RunningEdge) -> None:
    via = "1.1 a.cloudfront.net (CloudFront)"
    assert edge("GET", "/v2/", ("Via", via)).status == 200
    assert edge("GET", "/v2/", ("Via", f"{via}, {via}")).status == 403


def test_what_the_reader_does_not_know_is_an_error_and_not_left_out(certificates: Certificates) -> None:
    def compressed(template: dict[str, Any]) -> None:
        distribution_of(template)["DefaultCacheBehavior"]["Compress"] = True

    with pytest.raises(UnresolvedTemplate), running_edge(certificates, change=compressed):
        pass
