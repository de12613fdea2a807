"""The small client's conversations beside what the real clients were recorded to ask the service for.

A recording holds what reached the service: some end at a body that was too large, and the uploads of others
went straight to the registry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chalicelib.registry_path import Endpoint, registry_path, split_edge_path, without_challenge
from tests.served.fronts import Front
from tests.standins.registry_client import (
    CONTAINERD,
    CRANE,
    DOCKER_CLASSIC,
    SKOPEO,
    Conversation,
    Hop,
    RegistryClient,
)

RECORDED = Path(__file__).parents[1] / "unit" / "service" / "recorded" / "requests.jsonl"
PLAYED = {
    "skopeo-1.18 pull": SKOPEO,
    "skopeo-1.18 push": SKOPEO,
    "podman-5.4 pull": SKOPEO,
    "crane pull": CRANE,
    "crane push": CRANE,
    "docker-20.10 pull": DOCKER_CLASSIC,
    "docker-26-classic pull": DOCKER_CLASSIC,
    "docker-26-classic push": DOCKER_CLASSIC,
    "docker-26-c8d pull": CONTAINERD,
    "docker-26-c8d push": CONTAINERD,
}
UNRECORDED = {
    ("PATCH", Endpoint.UPLOAD),
    ("PUT", Endpoint.UPLOAD),
    ("HEAD", Endpoint.MANIFEST),
    ("PUT", Endpoint.MANIFEST),
}
Step = tuple[str, Endpoint]


def step(method: str, path: str) -> Step:
    """What a request is for, wherever it goes."""
    path = without_challenge(path) or (split_edge_path(path) or ("", path))[1]
    found = registry_path(path)
    assert found is not None
    return method, found.endpoint


def steps(requests: Iterable[tuple[Step, bool]]) -> dict[Step, bool]:
    """Each step once, in the order of its first request, and whether any had credentials."""
    found: dict[Step, bool] = {}
    for each, authenticated in requests:
        found[each] = found.get(each, False) or authenticated
    return found


def recorded(client: str) -> dict[Step, bool]:
    lines = map(json.loads, RECORDED.read_text(encoding="utf-8").splitlines())
    return steps(
        (step(line["method"], urlsplit(line["target"]).path), "Authorization" in dict(line["headers"]))
        for line in lines
        if line["client"] == client
    )


def played(conversation: Conversation, operation: str, front: Front) -> list[Hop]:
    hops: list[Hop] = []
    repository = f"played/{conversation.user_agent.partition('/')[0]}"
    with RegistryClient(front.origin, front.ecr.token, conversation) as client:
        client.push(repository, "1", b"a layer")
    with RegistryClient(front.origin, front.ecr.token, conversation, observe=hops.append) as client:
        if operation == "pull":
            client.pull(repository, "1")
        else:
            client.push(f"{repository}-2", "1", b"a layer", b"another")
    return [hop for hop in hops if hop.url.startswith(f"{front.origin}/")]


@pytest.mark.parametrize(("name", "conversation"), PLAYED.items(), ids=PLAYED)
def test_the_same_is_asked_in_the_same_order_with_credentials_or_without(
    name: str, conversation: Conversation, local_edge: Front
) -> None:
    operation = name.rpartition(" ")[2]
    expected = recorded(name)
    hops = played(conversation, operation, local_edge)
    own = steps((step(hop.method, urlsplit(hop.url).path), hop.authenticated) for hop in hops)
    assert [each for each in own if each in expected] == list(expected)
    assert set(own) - set(expected) <= (UNRECORDED if operation == "push" else set())
    at_the_service = steps(
        (step(hop.method, urlsplit(hop.url).path), hop.authenticated)
        for hop in hops
        if urlsplit(hop.url).path.startswith("/v2/")
    )
    common = at_the_service.keys() & expected.keys()
    assert {each: at_the_service[each] for each in common} == {each: expected[each] for each in common}
