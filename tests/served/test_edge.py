"""The mode `edge`, whole: CloudFront, gateway, the packaged service and a registry in ECR's words."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.edge_paths import bad_edge_paths
from tests.standins.cloudfront.cloudfront import CloudFront
from tests.standins.cloudfront.passage import Passage
from tests.standins.cloudfront.unknowns import OPPOSITE, Unknowns
from tests.standins.domain import API_TARGET, Domain, running_domain
from tests.standins.http_client import connection_to, exchange
from tests.standins.http_message import HttpRequest, HttpResponse, without
from tests.standins.package import Package
from tests.standins.registry_client import CONTAINERD, Conversation, RegistryClient

LAYER = hashlib.sha256(b"layer").digest() * (20 * 1024 * 1024 // 32)


@dataclass
class EdgeUnderTest:
    """The running domain, and what was seen at each place."""

    domain: Domain
    passages: list[Passage] = field(default_factory=list)
    at_gateway: list[tuple[HttpRequest, HttpResponse]] = field(default_factory=list)

    @property
    def cloudfront(self) -> CloudFront:
        assert self.domain.cloudfront is not None
        return self.domain.cloudfront

    def client(self, conversation: Conversation = CONTAINERD) -> RegistryClient:
        tls = self.domain.certificates.client_context()
        return RegistryClient(self.domain.origin, self.domain.ecr.token, conversation, tls=tls)


@pytest.fixture(scope="module")
def running(service_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeUnderTest]:
    passages: list[Passage] = []
    at_gateway: list[tuple[HttpRequest, HttpResponse]] = []
    with running_domain(
        tmp_path_factory.mktemp("edge"),
        service_package,
        variables={"REDIRECT_MODE": "edge"},
        observe=lambda request, response: at_gateway.append((request, response)),
        observe_edge=passages.append,
    ) as domain:
        yield EdgeUnderTest(domain, passages, at_gateway)


@pytest.fixture
def edge(running: EdgeUnderTest) -> EdgeUnderTest:
    running.passages.clear()
    running.at_gateway.clear()
    running.domain.ecr.forget()
    running.cloudfront.cache.forget()
    running.cloudfront.unknowns = Unknowns()
    running.domain.ecr.distribution.relative_links = False
    return running


@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
@pytest.mark.parametrize("unknowns", [Unknowns(), OPPOSITE], ids=["as documented", "otherwise"])
def test_a_push_and_a_pull_of_20_mb(edge: EdgeUnderTest, unknowns: Unknowns, relative: bool) -> None:
    edge.cloudfront.unknowns = unknowns
    edge.domain.ecr.distribution.relative_links = relative
    repository = f"team/{unknowns.bodies.value}-{relative}".lower()
    with edge.client() as client:
        digest = client.push(repository, "v1", LAYER)
        assert client.pull(repository, "v1") == [LAYER]
        assert client.pull(repository, digest) == [LAYER]
    assert max(len(request.body) for request, _ in edge.at_gateway) < 10_000
    assert {each.viewer_response.status for each in edge.passages} <= {200, 201, 202, 307, 401, 404}
    given = [each.origin_response for each in edge.passages if each.origin_response is not None]
    locations = [value for each in given if each.status == 202 for value in each.values("Location")]
    assert {value.startswith("/") for value in locations} == {relative}


def test_a_pull_costs_the_function_nothing_the_second_time(edge: EdgeUnderTest) -> None:
    with edge.client() as client:
        client.push("warm", "v1", b"layer")
        client.pull("warm", "v1")
        edge.at_gateway.clear()
        client.pull("warm", "v1")
    assert edge.at_gateway == []


def test_the_token_reaches_the_registry_and_nobody_else(edge: EdgeUnderTest) -> None:
    token = edge.domain.ecr.token
    secrets = (token, base64.b64encode(f"AWS:{token}".encode()).decode())
    with edge.client() as client:
        client.push("leak", "v1", b"layer")
        client.pull("leak", "v1")
    to_registry = [each for each in edge.passages if each.origin == "127.0.0.1"]
    to_api = [each for each in edge.passages if each.origin == API_TARGET]

    def holds(*seen: object) -> bool:
        return any(secret in str(seen) for secret in secrets)

    # The search finds what it looks for.
    assert holds([each.viewer_request for each in to_api])
    assert holds([each.origin_request for each in to_registry])
    assert not holds([each.origin_request for each in to_api])
    assert not holds(edge.at_gateway)
    assert not holds([(each.origin_response, each.viewer_response) for each in edge.passages])
    assert edge.cloudfront.cache.responses
    assert not holds(edge.cloudfront.cache.responses)
    assert not holds(edge.domain.log)


def test_what_is_kept_is_the_same_for_everybody(edge: EdgeUnderTest) -> None:
    target = "/v2/same/manifests/1"
    viewers = (
        {"User-Agent": "docker/20.10.24"},
        {"User-Agent": "containerd/v2.1.4", "Authorization": "Basic eDp5"},
        {"User-Agent": "oras/1.3.3", "X-Forwarded-Host": "evil.example.com", "Cookie": "a=b"},
    )
    seen = []
    for headers in viewers:
        edge.cloudfront.cache.forget()
        seen.append(ask(edge, target, headers))
        assert ask(edge, target, {}) == seen[-1]
    assert len(edge.at_gateway) == len(viewers)
    assert set(seen) == {(307, f"/_registry/{edge.domain.ecr.authority}{target}")}


OF_EACH_RESPONSE = ("Age", "X-Cache", "X-Amz-Cf-Id")


def test_a_kept_response_is_shared_and_asked_for_without_credentials(
    edge: EdgeUnderTest,
) -> None:
    for credentials in ("Basic eDp5", "Basic eTp6", "Bearer x"):
        ask(edge, "/v2/equal/manifests/1", {"Authorization": credentials})
    assert [each.from_cache for each in edge.passages] == [False, True, True]
    first, *others = [each.viewer_response for each in edge.passages]
    assert first.status == 307
    for each in others:
        assert (each.status, each.body) == (first.status, first.body)
        assert without(each.headers, *OF_EACH_RESPONSE) == without(first.headers, *OF_EACH_RESPONSE)
    ((request, _),) = edge.at_gateway
    assert request.values("Authorization") == []


def test_bad_paths_are_refused_and_nobody_is_asked(edge: EdgeUnderTest) -> None:
    for path in bad_edge_paths(edge.domain.ecr.authority):
        status, location = ask(edge, path, {})
        assert (status, location) in ((403, ""), (404, "")), path
    assert edge.domain.ecr.seen == []


def ask(edge: EdgeUnderTest, target: str, headers: dict[str, str]) -> tuple[int, str]:
    """Status and Location."""
    connection = connection_to(edge.domain.authority, edge.domain.certificates.client_context())
    try:
        response = exchange(connection, "GET", target, headers)
        return response.status, response["Location"]
    finally:
        connection.close()
