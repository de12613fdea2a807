"""What the relay does with a request, by client and credentials: challenge, redirect, relay or refusal."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from chalicelib.decision import Redirect, Refusal, ToRelay, decide
from chalicelib.http_message import Query, Request, RequestLine
from chalicelib.location import MAX_LOCATION
from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint
from chalicelib.relaying.client_families import family_of
from chalicelib.relaying.relay_decision import Relay, decide_relay
from chalicelib.settings import RedirectMode

REGISTRY = RegistryHost.parse("123456789012.dkr.ecr.us-west-2.amazonaws.com")
AT = REGISTRY.origin


def basic(credentials: bytes) -> str:
    return "Basic " + base64.b64encode(credentials).decode()


BASIC = basic(b"AWS:to/ken=")

SKOPEO = "skopeo/1.18.0"
DOCKER = r"docker/26.1.5 go/go1.24.4 UpstreamClient(Docker-Client/26.1.5 \(linux\))"
DOCKER_CONTAINERD = r"docker/26.1.5 containerd-client/1.7.24 UpstreamClient(Docker-Client/26.1.5 \(linux\))"
CONTAINERD = "containerd/1.7.24"
BUILDKIT = "buildkit/v0.13"
CRANE = "crane/v0.20.3"
ORAS = "oras/1.3.3"
EVERYONE_ELSE = [SKOPEO, DOCKER_CONTAINERD, CONTAINERD, BUILDKIT, CRANE, ORAS, "curl/8.5.0", ""]

MANIFEST = "/v2/team/app/manifests/latest"
BLOB = "/v2/team/app/blobs/sha256:abc"
START = "/v2/team/app/blobs/uploads/"
UPLOAD = "/v2/team/app/blobs/uploads/49b2323e"
TAGS = "/v2/team/app/tags/list"
NONE: Query = ()
PAGE: Query = (("n", "2"), ("last", "v1"))


class RelayRow(NamedTuple):
    method: str
    path: str
    query: Query
    client: str
    authorization: str | None
    #: plain, challenge, relay, or the status of a refusal.
    outcome: str
    #: A Location, path and query at the registry, or the code of a refusal.
    where: str


def decided(request: Request) -> Redirect | Refusal | Relay:
    decision = decide(request.line, Registries(REGISTRY), RedirectMode.RELAY)
    if not isinstance(decision, ToRelay):
        return decision
    return decide_relay(request, decision, family_of(request.header("user-agent")))


def request(method: str, path: str, query: Query, client: str, authorization: str | None) -> Request:
    headers = {"user-agent": (client,), "host": ("ecr.example.com",)}
    if authorization is not None:
        headers["authorization"] = (authorization,)
    return Request(RequestLine(method, path, query), headers)


def summary(decision: Redirect | Refusal | Relay) -> tuple[str, str]:
    if isinstance(decision, Redirect):
        return decision.name, decision.location
    if isinstance(decision, Relay):
        return "relay", decision.target
    return str(decision.status), decision.code


TABLE = [
    # The classic store alone authenticates at the registry's own host: it is sent there with everything.
    RelayRow("GET", "/v2/", NONE, DOCKER, None, "plain", f"{AT}/v2/"),
    RelayRow("GET", MANIFEST, NONE, DOCKER, None, "plain", f"{AT}{MANIFEST}"),
    RelayRow("GET", MANIFEST, NONE, DOCKER, BASIC, "plain", f"{AT}{MANIFEST}"),
    RelayRow("PATCH", UPLOAD, (("_state", "a=="),), DOCKER, BASIC, "plain", f"{AT}{UPLOAD}?_state=a%3D%3D"),
    RelayRow("GET", f"/_challenge{MANIFEST}", NONE, DOCKER, BASIC, "plain", f"{AT}{MANIFEST}"),
    # With credentials all are relayed, but for BuildKit's uploads, which it can make at the registry.
    RelayRow("PUT", UPLOAD, (("_state", "a=="),), DOCKER_CONTAINERD, BASIC, "relay",
        f"{UPLOAD}?_state=a%3D%3D"),
    RelayRow("PUT", UPLOAD, NONE, BUILDKIT, BASIC, "plain", f"{AT}{UPLOAD}"),
    # The state of an upload is not an upload.
    RelayRow("GET", UPLOAD, NONE, BUILDKIT, BASIC, "relay", UPLOAD),
    RelayRow("DELETE", UPLOAD, NONE, BUILDKIT, BASIC, "relay", UPLOAD),
    # Malformed credentials and other schemes count as none.
    RelayRow("GET", MANIFEST, NONE, SKOPEO, "Bearer abc", "challenge", f"/_challenge{MANIFEST}"),
    RelayRow("GET", MANIFEST, NONE, CRANE, "Basic", "challenge", f"/_challenge{MANIFEST}"),
    RelayRow("GET", MANIFEST, NONE, CRANE, basic(b"no-colon"), "challenge", f"/_challenge{MANIFEST}"),
    RelayRow("GET", MANIFEST, NONE, CRANE, basic(b":p"), "challenge", f"/_challenge{MANIFEST}"),
    RelayRow("GET", MANIFEST, NONE, CRANE, basic(b"u:"), "challenge", f"/_challenge{MANIFEST}"),
    # The authorizer lets any Authorization pass; another challenge would go round in circles.
    RelayRow("GET", f"/_challenge{MANIFEST}", NONE, CONTAINERD, "Basic !", "401", "UNAUTHORIZED"),
    RelayRow("GET", f"/_challenge{MANIFEST}", NONE, CRANE, "Bearer x", "401", "UNAUTHORIZED"),
    RelayRow("GET", f"/_challenge{MANIFEST}", NONE, CRANE, None, "401", "UNAUTHORIZED"),
    # A 10 KB Authorization is relayed as it is.
    RelayRow("GET", MANIFEST, NONE, CRANE, basic(b"AWS:" + b"x" * 7_600), "relay", MANIFEST),
    # OPTIONS asks nothing that needs credentials.
    RelayRow("OPTIONS", MANIFEST, NONE, CRANE, BASIC, "plain", f"{AT}{MANIFEST}"),
    RelayRow("OPTIONS", MANIFEST, NONE, CRANE, None, "plain", f"{AT}{MANIFEST}"),
    # A Location may be as long as API Gateway passes.
    RelayRow("HEAD", "/v2/a/manifests/" + "a" * 10_000, NONE, CONTAINERD, None, "431", "UNSUPPORTED"),
    RelayRow("HEAD", "/v2/a/manifests/" + "a" * 10_000, NONE, DOCKER, None, "431", "UNSUPPORTED"),
]  # fmt: skip


def row_id(row: RelayRow) -> str:
    return f"{row.method} {row.path[:40]} {row.client[:10]}"


@pytest.mark.parametrize("row", TABLE, ids=row_id)
def test_each_request_gets_its_decision(row: RelayRow) -> None:
    sent = request(row.method, row.path, row.query, row.client, row.authorization)
    assert summary(decided(sent)) == (row.outcome, row.where)


REQUESTS = [
    ("GET", "/v2/"),
    ("GET", "/v2"),
    ("HEAD", MANIFEST),
    ("GET", BLOB),
    ("POST", START),
    ("PATCH", UPLOAD),
    ("PUT", MANIFEST),
    ("DELETE", MANIFEST),
    ("GET", TAGS),
    ("GET", "/v2/_catalog"),
]


@pytest.mark.parametrize("client", EVERYONE_ELSE)
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_everyone_but_the_classic_store_is_challenged_without_credentials(
    method: str, path: str, client: str
) -> None:
    decision = decided(request(method, path, PAGE, client, None))
    assert decision == Redirect("challenge", f"/_challenge{path}?n=2&last=v1")


@pytest.mark.parametrize("prefix", ["", "/_challenge", f"/_registry/{REGISTRY.authority}"])
@pytest.mark.parametrize("client", EVERYONE_ELSE)
@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_everyone_but_the_classic_store_is_relayed_with_credentials(
    method: str, path: str, client: str, prefix: str
) -> None:
    decision = decided(request(method, prefix + path, PAGE, client, BASIC))
    target = f"{path}?n=2&last=v1"
    if client == BUILDKIT and path in (START, UPLOAD):
        assert decision == Redirect("plain", AT + target)
        return
    assert isinstance(decision, Relay)
    assert (decision.registry, decision.target) == (REGISTRY, target)
    assert decision.credentials.authorization == BASIC


@pytest.mark.parametrize(
    ("host", "relayed"),
    [
        ("ecr.example.com", True),
        ("", True),
        (REGISTRY.authority, False),
        (REGISTRY.authority.upper(), False),
        (f"{REGISTRY.authority}:443", False),
        (f"{REGISTRY.authority}:8443", True),
        (f"x{REGISTRY.authority}", True),
    ],
)
def test_a_domain_in_front_of_itself_is_not_asked_by_itself(host: str, relayed: bool) -> None:
    """One request became 201 invocations: each relay asked the domain again."""
    sent = request("GET", MANIFEST, NONE, CRANE, BASIC)
    decision = decided(sent._replace(headers={**sent.headers, "host": (host,)}))
    assert isinstance(decision, Relay) is relayed
    if not relayed:
        assert summary(decision) == ("508", "UNSUPPORTED")


@pytest.mark.parametrize(
    "header",
    ["host", "x-forwarded-host", "x-original-host", "forwarded", "x-forwarded-proto", "x-rewrite-url"],
)
@pytest.mark.parametrize("authorization", [None, BASIC])
@pytest.mark.parametrize("client", [DOCKER, CRANE])
def test_no_header_chooses_the_host(client: str, authorization: str | None, header: str) -> None:
    sent = request("GET", MANIFEST, NONE, client, authorization)
    forged = sent._replace(headers={**sent.headers, header: ("evil.example.com",)})
    assert decided(forged) == decided(sent)


def test_layer_bytes_that_the_gateway_took_for_text_are_refused_before_they_do_harm() -> None:
    chunk = request("PATCH", UPLOAD, NONE, CRANE, BASIC)._replace(body=b"\xef\xbf\xbd", body_is_lossy=True)
    decision = decided(chunk)
    assert isinstance(decision, Refusal)
    assert (decision.status, decision.code) == (415, "UNSUPPORTED")
    assert "application/octet-stream" in decision.message


def test_a_decision_shows_no_credential() -> None:
    decision = decided(request("GET", MANIFEST, NONE, SKOPEO, BASIC))
    assert isinstance(decision, Relay)
    assert BASIC[6:] not in repr(decision)


def test_a_challenge_may_be_as_long_as_the_gateway_passes_and_not_longer() -> None:
    path = "/v2/" + "a" * (MAX_LOCATION - len("/_challenge/v2/"))
    assert isinstance(decided(request("GET", path, NONE, CRANE, None)), Redirect)
    assert isinstance(decided(request("GET", path + "a", NONE, CRANE, None)), Refusal)


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
        yield record["client"], Request(RequestLine(record["method"], path, pairs), headers)


def test_recorded_requests_are_plain_for_the_classic_store_and_never_for_others() -> None:
    outcomes: dict[str, set[str]] = {}
    for client, sent in recorded():
        outcomes.setdefault(client, set()).add(summary(decided(sent))[0])
    # A login is the daemon's own request, whatever its image store is.
    classic = {"docker-20.10 pull", "docker-20.10 push", "docker-26-classic pull", "docker-26-classic push",
               "docker-20.10 login", "docker-26-c8d login"}  # fmt: skip
    assert len(outcomes) == 23
    assert {client for client, found in outcomes.items() if found == {"plain"}} == classic
    # BuildKit's uploads alone are plain among the others.
    assert {c for c, found in outcomes.items() if "plain" in found} - classic == {"buildx push (both hosts)"}


def test_endpoints_of_recorded_requests_are_all_known() -> None:
    endpoints = {each.endpoint for _, sent in recorded() if isinstance(each := decided(sent), Relay)}
    assert endpoints == {Endpoint.PING, Endpoint.MANIFEST, Endpoint.BLOB, Endpoint.UPLOAD, Endpoint.TAGS}
