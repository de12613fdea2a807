"""The whole registry API through both fronts: `chalice local`, and the gateway with the packaged zip.

Real clients are in the clients ring.
"""

from __future__ import annotations

import json
import os
from urllib.parse import parse_qs

import pytest

from tests.served.front_client import (
    CONTAINERD,
    CRANE,
    DOCKER,
    OCTETS,
    SKOPEO,
    as_client,
    image,
    push_blob,
    push_manifest,
)
from tests.served.fronts import Front
from tests.standins.ecr import SentCredentials
from tests.standins.http_client import exchange
from tests.standins.registry_client import MANIFEST_TYPE
from tests.standins.registry_store import digest_of

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def same_url(one: str, other: str) -> bool:
    """API Gateway keeps the order of a parameter's values, not that of the parameters."""
    paths = one.partition("?")[0] == other.partition("?")[0]
    queries = [parse_qs(url.partition("?")[2], keep_blank_values=True) for url in (one, other)]
    return paths and queries[0] == queries[1]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/v2/"),
        ("GET", "/v2/team/app/manifests/latest"),
        ("HEAD", "/v2/team/app/manifests/latest"),
        ("POST", "/v2/team/app/blobs/uploads/"),
        ("PATCH", "/v2/team/app/blobs/uploads/1?_state=a%3D%3D"),
        ("PUT", "/v2/team/app/manifests/latest"),
        ("DELETE", "/v2/team/app/manifests/latest"),
        ("GET", "/v2/a/b/c/d/e/f/tags/list?n=2&last=v1"),
        ("GET", "/v2/team/app/tags/list?n=2&n=3&last="),
        ("GET", "/v2/team/app/manifests/sha256%3Aabc"),
        ("GET", "/v2/team//app/manifests/"),
        ("GET", "/v2/a%2Fb/manifests/latest"),
        ("GET", "/v2/_catalog?n=1"),
    ],
)
@pytest.mark.parametrize("agent", [CRANE, DOCKER])
def test_without_credentials_all_is_sent_on_verbatim(
    front: Front, method: str, target: str, agent: str
) -> None:
    """To the challenge, or to the registry itself where Docker's classic image store asks."""
    response = front.ask(method, target, {"User-Agent": agent})
    assert response.status == 307
    before = front.ecr.origin if agent == DOCKER else "/_challenge"
    assert same_url(response["Location"], before + target)
    assert response["Cache-Control"] == "no-store"
    assert response.body == b""


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("target", ["/", "/v1/x?n=1", "/favicon.ico"])
def test_what_is_not_under_v2_is_sent_on_verbatim(front: Front, method: str, target: str) -> None:
    response = front.ask(method, target, as_client(front))
    assert (response.status, response["Location"]) == (307, front.ecr.origin + target)


@pytest.mark.parametrize(
    "content_type", ["text/plain", INDEX_TYPE, OCTETS, "multipart/form-data; boundary=x", ""]
)
def test_any_content_type_is_taken(front: Front, content_type: str) -> None:
    response = front.ask(
        "PUT", "/v2/r/manifests/1", {"Content-Type": content_type} if content_type else {}, b"{}"
    )
    assert response.status == 307


def test_a_challenge_is_the_gateways_own_and_leads_back_with_credentials(front: Front) -> None:
    image(front, "team/challenged")
    target = "/v2/team/challenged/manifests/latest?ns=x"
    sent = front.ask("HEAD", target, {"User-Agent": CONTAINERD})
    assert (sent.status, sent["Location"]) == (307, f"/_challenge{target}")
    challenged = front.ask("HEAD", sent["Location"], {"User-Agent": CONTAINERD})
    assert challenged.status == 401
    assert challenged["WWW-Authenticate"] == 'Basic realm="Amazon ECR"'
    unauthorized = front.ask("GET", sent["Location"])
    assert unauthorized.json()["errors"][0]["code"] == "UNAUTHORIZED"
    # A parallel request that was sent there before its client had credentials.
    late = front.ask("GET", sent["Location"], as_client(front, CONTAINERD))
    assert late.status == 200
    assert late.json()["schemaVersion"] == 2


def test_malformed_credentials_on_the_challenge_route_end_there(front: Front) -> None:
    response = front.ask(
        "GET", "/_challenge/v2/r/manifests/1", {"User-Agent": CONTAINERD, "Authorization": "Basic !"}
    )
    assert response.status == 401
    assert response.json()["errors"][0]["code"] == "UNAUTHORIZED"


def test_an_image_is_pushed_and_pulled_byte_for_byte(front: Front) -> None:
    layer = os.urandom(300_000)
    manifest = image(front, "team/app", "v1", layer)
    client = as_client(front)
    pulled = front.ask("GET", "/v2/team/app/manifests/v1", {**client, "Accept": MANIFEST_TYPE})
    assert (pulled.status, pulled.body) == (200, manifest)
    assert pulled["Content-Type"] == MANIFEST_TYPE
    assert pulled["Docker-Content-Digest"] == digest_of(manifest)
    blob = front.ask("GET", f"/v2/team/app/blobs/{digest_of(layer)}", client)
    assert blob.status == 307
    assert blob["Location"].startswith(front.ecr.bucket.origin)
    assert blob.body == b""


def test_a_relayed_response_is_never_kept_on_the_way(front: Front) -> None:
    image(front, "team/kept")
    client = as_client(front)
    for target in ("/v2/", "/v2/team/kept/manifests/latest", "/v2/team/kept/tags/list", "/v2/none/tags/list"):
        response = front.ask("GET", target, client)
        assert response.headers.get_all("Cache-Control") == ["no-store"], target


FORGED = {
    "X-Forwarded-Host": "evil.example.com",
    "X-Forwarded-Proto": "http",
    "Forwarded": "host=evil.example.com",
    "X-Original-URL": "//evil.example.com/",
    "X-Rewrite-URL": "//evil.example.com/",
    "Referer": "https://evil.example.com/",
    "Origin": "https://evil.example.com",
}


@pytest.mark.parametrize("agent", [CRANE, DOCKER])
@pytest.mark.parametrize("target", ["/", "/v2/", "/v2/team/app/manifests/latest"])
def test_no_header_chooses_where_a_redirect_leads(front: Front, target: str, agent: str) -> None:
    client = {"User-Agent": agent}
    usual = front.ask("GET", target, client)
    forged = front.ask("GET", target, {**client, **FORGED})
    assert (forged.status, forged["Location"]) == (usual.status, usual["Location"])
    lines = f"Host: evil.example.com\r\nUser-Agent: {agent}\r\nConnection: close\r\n"
    received = front.raw(f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode())
    assert f"\r\nLocation: {usual['Location']}\r\n".encode() in received


def test_a_chunked_request_body_is_read_whole(front: Front) -> None:
    client = as_client(front)
    start = front.ask("POST", "/v2/team/chunked/blobs/uploads/", client)
    lines = {**client, "Content-Type": OCTETS, "Transfer-Encoding": "chunked", "Host": front.authority}
    head = "".join(f"{name}: {value}\r\n" for name, value in {**lines, "Connection": "close"}.items())
    request = f"PATCH {start['Location']} HTTP/1.1\r\n{head}\r\n".encode()
    received = front.raw(request + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 201")
    location = next(
        line.partition(b": ")[2].decode()
        for line in received.split(b"\r\n")
        if line.lower().startswith(b"location")
    )
    separator = "&" if "?" in location else "?"
    put = front.ask("PUT", f"{location}{separator}digest={digest_of(b'hello world')}", client)
    assert put.status == 201


def test_every_accept_line_reaches_the_registry(front: Front) -> None:
    image(front, "team/accept")
    front.ecr.forget()
    lines = [*as_client(front).items(), ("Accept", MANIFEST_TYPE), ("Accept", INDEX_TYPE)]
    assert front.ask("GET", "/v2/team/accept/manifests/latest", lines).status == 200
    (seen,) = front.ecr.seen
    assert [value for name, value in seen.headers if name == "Accept"] == [MANIFEST_TYPE, INDEX_TYPE]
    assert seen.credentials is SentCredentials.RIGHT


@pytest.mark.parametrize(("agent", "trusted"), [(CRANE, True), (CONTAINERD, False)])
def test_a_manifest_head_has_no_body_and_keeps_the_connection_usable(
    front: Front, agent: str, trusted: bool
) -> None:
    manifest = image(front, "team/head")
    connection = front.connect()
    for _ in range(3):
        head = exchange(connection, "HEAD", "/v2/team/head/manifests/latest", as_client(front, agent))
        assert (head.status, head.body) == (200, b"")
        assert head["Content-Length"] == str(len(manifest))
        assert (head.headers["Docker-Content-Digest"] is not None) == trusted
    assert exchange(connection, "GET", "/v2/", as_client(front)).status == 200
    connection.close()


def test_existence_checks_and_deletions_are_relayed(front: Front) -> None:
    digest = push_blob(front, "team/check", b"x" * 100)
    client = as_client(front)
    assert front.ask("HEAD", f"/v2/team/check/blobs/{digest}", client).status == 200
    assert front.ask("HEAD", f"/v2/team/check/blobs/{digest_of(b'other')}", client).status == 404
    # Who would believe the length of this response is made to upload again.
    skopeo = as_client(front, SKOPEO)
    assert front.ask("HEAD", f"/v2/team/check/blobs/{digest}", skopeo).status == 404
    image(front, "team/check", "gone")
    assert front.ask("DELETE", "/v2/team/check/manifests/gone", client).status == 202
    assert front.ask("GET", "/v2/team/check/manifests/gone", client).status == 404


def test_tags_are_paged_at_our_own_host(front: Front) -> None:
    for tag in ("a", "b", "c"):
        image(front, "team/tags", tag)
    target, tags = "/v2/team/tags/tags/list?n=2", []
    while target:
        page = front.ask("GET", target, as_client(front))
        tags += page.json()["tags"]
        link = page.headers["Link"] or ""
        assert not link or link.startswith("</v2/team/tags/tags/list?")
        target = link.partition(">")[0].removeprefix("<")
    assert tags == ["a", "b", "c"]


def test_a_mount_across_repositories_keeps_its_query(front: Front) -> None:
    digest = push_blob(front, "team/base", b"shared layer")
    target = f"/v2/team/mounted/blobs/uploads/?mount={digest}&from=team%2Fbase"
    assert front.ask("POST", target, as_client(front)).status == 201
    assert front.ecr.store.repository("team/mounted").blobs[digest] == b"shared layer"


def test_referrers_are_filtered_by_their_query(front: Front) -> None:
    subject = image(front, "team/signed")
    signature = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": "application/x-signature",
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": push_blob(front, "team/signed", b"{}"),
                "size": 2,
            },
            "layers": [],
            "subject": {"mediaType": MANIFEST_TYPE, "digest": digest_of(subject), "size": len(subject)},
        }
    ).encode()
    pushed = push_manifest(front, "team/signed", "sig", signature, MANIFEST_TYPE)
    assert (pushed.status, pushed["OCI-Subject"]) == (201, digest_of(subject))
    target = f"/v2/team/signed/referrers/{digest_of(subject)}?artifactType=application/x-signature"
    found = front.ask("GET", target, as_client(front))
    assert found["OCI-Filters-Applied"] == "artifactType"
    assert [entry["digest"] for entry in found.json()["manifests"]] == [digest_of(signature)]
