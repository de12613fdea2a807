"""The decision as a table: method, path, query, client, credentials -> answer, status, Location."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from chalicelib.clients import Treatment
from chalicelib.decision import Decision, Redirect, Refusal, Relay, decide
from chalicelib.location import MAX_LOCATION
from chalicelib.message import Query, Request
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint
from chalicelib.settings import RedirectMode

REGISTRY = RegistryHost.parse("123456789012.dkr.ecr.us-west-2.amazonaws.com")
AT = REGISTRY.origin
CARRIED = f"https://AWS:to%2Fken%3D@{REGISTRY.host}"


def basic(credentials: bytes) -> str:
    return "Basic " + base64.b64encode(credentials).decode()


BASIC = basic(b"AWS:to/ken=")

SKOPEO = "skopeo/1.18.0"
DOCKER = r"docker/26.1.5 go/go1.24.4 UpstreamClient(Docker-Client/26.1.5 \(linux\))"
DOCKER_CONTAINERD = r"docker/26.1.5 containerd-client/1.7.24 UpstreamClient(Docker-Client/26.1.5 \(linux\))"
CONTAINERD = "containerd/1.7.24"
BUILDKIT = "buildkit/v0.13"
CRANE = "crane/v0.20.3"

MANIFEST = "/v2/team/app/manifests/latest"
BLOB = "/v2/team/app/blobs/sha256:abc"
START = "/v2/team/app/blobs/uploads/"
UPLOAD = "/v2/team/app/blobs/uploads/49b2323e"
TAGS = "/v2/team/app/tags/list"
NONE: Query = ()


class Row(NamedTuple):
    method: str
    path: str
    query: Query
    client: str
    authorization: str | None
    answer: str
    location: str


def summary(decision: Decision) -> tuple[str, str]:
    if isinstance(decision, Redirect):
        return decision.treatment.value, decision.location
    if isinstance(decision, Relay):
        return "relay", decision.target
    return str(decision.status), decision.code


def decided(row: Row, mode: RedirectMode = RedirectMode.AUTO) -> Decision:
    headers = {"user-agent": (row.client,)}
    if row.authorization is not None:
        headers["authorization"] = (row.authorization,)
    return decide(Request(row.method, row.path, row.query, headers), REGISTRY, mode)


PAGE: Query = (("n", "2"), ("last", "v1"))
DIGEST: Query = (("digest", "sha256:abc"),)
MOUNT: Query = (("mount", "sha256:abc"), ("from", "team/base"))
MOUNTED = f"{START}?mount=sha256:abc&from=team/base"

TABLE = [
    # Without credentials: plain, for clients that answer the registry's own challenge.
    Row("GET", "/v2/", NONE, SKOPEO, None, "plain", f"{AT}/v2/"),
    Row("GET", MANIFEST, NONE, SKOPEO, None, "plain", f"{AT}{MANIFEST}"),
    Row("GET", MANIFEST, NONE, DOCKER, None, "plain", f"{AT}{MANIFEST}"),
    Row("POST", START, MOUNT, DOCKER, None, "plain", f"{AT}{MOUNTED}"),
    Row("GET", TAGS, PAGE, CRANE, None, "plain", f"{AT}{TAGS}?n=2&last=v1"),
    Row("PATCH", UPLOAD, NONE, "", None, "plain", f"{AT}{UPLOAD}"),
    # Without credentials: a challenge, for clients that accept one from nobody but the host they asked.
    Row("HEAD", MANIFEST, NONE, CONTAINERD, None, "challenge", f"/_challenge{MANIFEST}"),
    Row("HEAD", MANIFEST, (("ns", "x"),), BUILDKIT, None, "challenge", f"/_challenge{MANIFEST}?ns=x"),
    Row("HEAD", BLOB, NONE, DOCKER_CONTAINERD, None, "challenge", f"/_challenge{BLOB}"),
    Row("POST", START, MOUNT, BUILDKIT, None, "challenge", f"/_challenge{MOUNTED}"),
    # ... but only for a repository: at /v2/ they take the registry's challenge as it comes.
    Row("GET", "/v2/", NONE, CONTAINERD, None, "plain", f"{AT}/v2/"),
    # With credentials, containers/image: carried everywhere.
    Row("GET", "/v2/", NONE, SKOPEO, BASIC, "carry", f"{CARRIED}/v2/"),
    Row("GET", MANIFEST, NONE, SKOPEO, BASIC, "carry", f"{CARRIED}{MANIFEST}"),
    Row("DELETE", MANIFEST, NONE, "Buildah/1.28.2", BASIC, "carry", f"{CARRIED}{MANIFEST}"),
    Row("POST", START, MOUNT, SKOPEO, BASIC, "carry", f"{CARRIED}{MOUNTED}"),
    Row("PUT", UPLOAD, DIGEST, SKOPEO, BASIC, "carry", f"{CARRIED}{UPLOAD}?digest=sha256:abc"),
    # With credentials, BuildKit: messages relayed, uploads at the registry's host; containerd: all relayed.
    Row("HEAD", MANIFEST, NONE, CONTAINERD, BASIC, "relay", MANIFEST),
    Row("GET", BLOB, NONE, CONTAINERD, BASIC, "relay", BLOB),
    Row("PUT", MANIFEST, NONE, BUILDKIT, BASIC, "relay", MANIFEST),
    Row("POST", START, MOUNT, BUILDKIT, BASIC, "plain", f"{AT}{MOUNTED}"),
    Row("PATCH", UPLOAD, NONE, BUILDKIT, BASIC, "plain", f"{AT}{UPLOAD}"),
    Row("POST", START, MOUNT, CONTAINERD, BASIC, "relay", MOUNTED),
    Row("PATCH", UPLOAD, NONE, CONTAINERD, BASIC, "relay", UPLOAD),
    # An upload's state is a message.
    Row("GET", UPLOAD, NONE, BUILDKIT, BASIC, "relay", UPLOAD),
    Row("DELETE", UPLOAD, NONE, BUILDKIT, BASIC, "relay", UPLOAD),
    # With credentials, Docker's containerd store and everyone else: relayed.
    Row("POST", START, NONE, DOCKER_CONTAINERD, BASIC, "relay", START),
    Row("PUT", UPLOAD, (("_state", "a=="),), DOCKER_CONTAINERD, BASIC, "relay", f"{UPLOAD}?_state=a%3D%3D"),
    Row("GET", "/v2/", NONE, CRANE, BASIC, "relay", "/v2/"),
    Row("GET", "/v2", NONE, CRANE, BASIC, "relay", "/v2"),
    Row("GET", TAGS, PAGE, CRANE, BASIC, "relay", f"{TAGS}?n=2&last=v1"),
    Row("PATCH", UPLOAD, NONE, CRANE, BASIC, "relay", UPLOAD),
    Row("GET", "/v2/team/app/referrers/sha256:abc", (("artifactType", "a/b"),), "oras/1.2", BASIC, "relay",
        "/v2/team/app/referrers/sha256:abc?artifactType=a/b"),
    # The classic store authenticates at the registry; credentials here would be a surprise, and stay unused.
    Row("GET", MANIFEST, NONE, DOCKER, BASIC, "plain", f"{AT}{MANIFEST}"),
    # A request that was sent to the challenge route before its client had credentials, and comes with them.
    Row("HEAD", f"/_challenge{MANIFEST}", NONE, CONTAINERD, BASIC, "relay", MANIFEST),
    Row("POST", f"/_challenge{START}", MOUNT, BUILDKIT, BASIC, "plain", f"{AT}{MOUNTED}"),
    Row("GET", f"/_challenge{MANIFEST}", NONE, SKOPEO, BASIC, "carry", f"{CARRIED}{MANIFEST}"),
    # The authorizer lets malformed credentials pass; another challenge would go round in circles.
    Row("GET", f"/_challenge{MANIFEST}", NONE, CONTAINERD, "Basic !", "401", "UNAUTHORIZED"),
    Row("GET", f"/_challenge{MANIFEST}", NONE, CRANE, "Bearer x", "plain", f"{AT}{MANIFEST}"),
    Row("GET", "/_challenge/_challenge/v2/", NONE, CONTAINERD, BASIC, "plain", f"{AT}/_challenge/v2/"),
    # All that is not a repository's: plain, with credentials or without.
    Row("GET", "/", NONE, CRANE, BASIC, "plain", f"{AT}/"),
    Row("GET", "/v2/_catalog", NONE, CRANE, BASIC, "plain", f"{AT}/v2/_catalog"),
    Row("GET", "/v2nope", NONE, SKOPEO, BASIC, "plain", f"{AT}/v2nope"),
    Row("GET", "/v2/team/app/unknown/x", NONE, SKOPEO, BASIC, "plain", f"{AT}/v2/team/app/unknown/x"),
    Row("GET", "//v2/team/app/manifests/x", NONE, SKOPEO, BASIC, "plain", f"{AT}//v2/team/app/manifests/x"),
    Row("OPTIONS", MANIFEST, NONE, CRANE, BASIC, "plain", f"{AT}{MANIFEST}"),
    # Malformed credentials and other schemes count as none.
    Row("GET", MANIFEST, NONE, SKOPEO, "Bearer abc", "plain", f"{AT}{MANIFEST}"),
    Row("GET", MANIFEST, NONE, CRANE, "Basic", "plain", f"{AT}{MANIFEST}"),
    Row("GET", MANIFEST, NONE, CRANE, basic(b"no-colon"), "plain", f"{AT}{MANIFEST}"),
    Row("GET", MANIFEST, NONE, CRANE, basic(b":p"), "plain", f"{AT}{MANIFEST}"),
    Row("GET", MANIFEST, NONE, CRANE, basic(b"u:"), "plain", f"{AT}{MANIFEST}"),
    Row("HEAD", MANIFEST, NONE, CONTAINERD, "Basic", "challenge", f"/_challenge{MANIFEST}"),
    # A 10 KB Authorization is relayed as it is, and too long to be carried.
    Row("GET", MANIFEST, NONE, CRANE, basic(b"AWS:" + b"x" * 7_600), "relay", MANIFEST),
    Row("GET", MANIFEST, NONE, SKOPEO, basic(b"AWS:" + b"/" * 7_600), "431", "UNSUPPORTED"),
    # Odd paths: verbatim where they are only odd, refused where clients would rewrite them.
    Row("GET", "/v2/a%2Fb/manifests/x", NONE, CRANE, None, "plain", f"{AT}/v2/a%2Fb/manifests/x"),
    Row("GET", "//evil.example.com/", NONE, CRANE, None, "plain", f"{AT}//evil.example.com/"),
    Row("GET", "/v2/../x", NONE, CRANE, None, "400", "NAME_INVALID"),
    Row("GET", "/v2/%0d%0aX:y", NONE, CRANE, None, "400", "NAME_INVALID"),
    Row("GET", "/v2/a\\b", NONE, CRANE, None, "400", "NAME_INVALID"),
    Row("GET", "/v2/\udcff", NONE, CRANE, None, "400", "NAME_INVALID"),
    Row("GET", "/_challenge/v2/../x", NONE, CRANE, BASIC, "400", "NAME_INVALID"),
    Row("GET", "/" + "a" * 8_000, NONE, CRANE, None, "plain", f"{AT}/" + "a" * 8_000),
    Row("GET", "/v2/", (("q", "a" * 8_000),), CRANE, None, "plain", f"{AT}/v2/?q=" + "a" * 8_000),
    Row("GET", "/v2/", (("q", "é" * 8_000),), CRANE, None, "431", "UNSUPPORTED"),
    Row("HEAD", "/v2/a/manifests/" + "a" * 10_000, NONE, CONTAINERD, None, "431", "UNSUPPORTED"),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path[:40]} {row.client[:10]}")
def test_each_request_gets_its_answer(row: Row) -> None:
    assert summary(decided(row)) == (row.answer, row.location)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.method} {row.path[:40]} {row.client[:10]}")
def test_plain_mode_knows_no_other_answer(row: Row) -> None:
    decision = decided(row, RedirectMode.PLAIN)
    assert isinstance(decision, Refusal) or decision == Redirect(
        Treatment.PLAIN, decision.family, AT + summary(decision)[1].removeprefix(AT)
    )
    if row.answer == "plain":
        assert summary(decision) == (row.answer, row.location)


def test_a_location_may_be_as_long_as_the_gateway_passes_and_not_longer() -> None:
    longest = "/" + "a" * (MAX_LOCATION - len(AT) - 1)
    assert isinstance(decide(Request("GET", longest), REGISTRY, RedirectMode.AUTO), Redirect)
    assert isinstance(decide(Request("GET", longest + "a"), REGISTRY, RedirectMode.AUTO), Refusal)


def test_layer_bytes_that_the_gateway_took_for_text_are_refused_before_they_do_harm() -> None:
    headers = {"authorization": (BASIC,)}
    chunk = Request("PATCH", UPLOAD, (), headers, b"\xef\xbf\xbd", garbled=True)
    decision = decide(chunk, REGISTRY, RedirectMode.AUTO)
    assert isinstance(decision, Refusal)
    assert (decision.status, decision.code) == (415, "UNSUPPORTED")
    assert "application/octet-stream" in decision.message


def test_a_decision_shows_no_credential() -> None:
    assert "to%2Fken" not in repr(decided(Row("GET", MANIFEST, NONE, SKOPEO, BASIC, "", "")))


def recorded() -> Iterator[tuple[str, Request]]:
    """Real requests of 23 client operations, with the credentials put back in."""
    lines = (Path(__file__).parent / "recorded" / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        record = json.loads(line)
        headers: dict[str, tuple[str, ...]] = {}
        for name, value in record["headers"]:
            sent = BASIC if name == "Authorization" else value
            headers[name.lower()] = (*headers.get(name.lower(), ()), sent)
        path, _, query = record["target"].partition("?")
        pairs = tuple(
            (name, value) for name, _, value in (pair.partition("=") for pair in query.split("&")) if name
        )
        yield record["client"], Request(record["method"], path, pairs, headers)


# Which answers each recorded client operation is made of.
RECORDED_ANSWERS = {
    "skopeo-1.9 pull": {"plain", "carry"},
    "skopeo-1.9 push": {"plain", "carry"},
    "skopeo-1.9 list-tags": {"plain", "carry"},
    "podman-4.3 pull": {"plain", "carry"},
    "buildah-1.28 push": {"plain", "carry"},
    "docker-20.10 pull": {"plain"},
    "docker-20.10 push": {"plain"},
    "ctr-1.6 pull": {"challenge", "relay", "gateway 401"},
    "skopeo-1.18 pull": {"plain", "carry"},
    "skopeo-1.18 push": {"plain", "carry"},
    "podman-5.4 pull": {"plain", "carry"},
    "crane ls": {"plain", "relay"},
    "crane pull": {"plain", "relay"},
    "docker-26-classic pull": {"plain"},
    "docker-26-classic push": {"plain"},
    "docker-26-c8d pull": {"challenge", "relay", "gateway 401"},
    "docker-26-c8d push": {"challenge", "relay", "gateway 401"},
    "crane push": {"plain", "relay"},
    "buildx push (both hosts)": {"challenge", "relay", "plain", "gateway 401"},
    "oras-py 0.2": {"plain", "relay"},
    "docker-20.10 login": {"plain"},
    "docker-26-c8d login": {"plain"},
    "podman-4.3 login": {"plain", "carry"},
}


def test_recorded_clients_get_the_answers_that_worked_for_them() -> None:
    answers: dict[str, set[str]] = {}
    for client, request in recorded():
        if request.path.startswith("/_challenge") and "authorization" not in request.headers:
            answer = "gateway 401"  # the authorizer route never reaches the function without one
        else:
            answer = summary(decide(request, REGISTRY, RedirectMode.AUTO))[0]
        answers.setdefault(client, set()).add(answer)
    assert answers == RECORDED_ANSWERS


def test_endpoints_of_recorded_requests_are_all_known() -> None:
    endpoints = {
        decision.endpoint
        for _, request in recorded()
        if isinstance(decision := decide(request, REGISTRY, RedirectMode.AUTO), Relay)
    }
    assert endpoints == {Endpoint.MANIFEST, Endpoint.BLOB, Endpoint.UPLOAD, Endpoint.TAGS}
