"""The whole registry API through both fronts: `chalice local`, and the gateway with the packaged zip.

The client here is a plain HTTP client that does what registry clients do; real ones are in the clients
ring.
"""

from __future__ import annotations

import json
import os
from urllib.parse import parse_qs

import pytest

from tests.served.fronts import Front, Reply, exchange
from tests.standins import faults
from tests.standins.ecr import Credentials
from tests.standins.registry_client import MANIFEST_TYPE
from tests.standins.registry_store import digest_of

SKOPEO = "skopeo/1.18.0"
CONTAINERD = "containerd/1.7.24"
CRANE = "crane/v0.20.3"
OCTETS = "application/octet-stream"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


def as_client(front: Front, agent: str = CRANE) -> dict[str, str]:
    return {"User-Agent": agent, "Authorization": front.ecr.authorization}


def push_blob(front: Front, repository: str, content: bytes) -> str:
    """POST, PATCH, PUT, following Locations at our own host as clients do."""
    client = as_client(front)
    start = front.ask("POST", f"/v2/{repository}/blobs/uploads/", client)
    assert start.status == 202
    assert start["Location"].startswith(f"/v2/{repository}/blobs/uploads/")
    patch = front.ask("PATCH", start["Location"], {**client, "Content-Type": OCTETS}, content)
    assert patch.status == 201  # as ECR answers it
    separator = "&" if "?" in patch["Location"] else "?"
    digest = digest_of(content)
    put = front.ask(
        "PUT", f"{patch['Location']}{separator}digest={digest}", {**client, "Content-Type": OCTETS}
    )
    assert put.status == 201
    return digest


def push_manifest(front: Front, repository: str, tag: str, manifest: bytes, media_type: str) -> Reply:
    headers = {**as_client(front), "Content-Type": media_type}
    return front.ask("PUT", f"/v2/{repository}/manifests/{tag}", headers, manifest)


def image(front: Front, repository: str, tag: str = "latest", layer: bytes = b"layer") -> bytes:
    """A small image in the registry, pushed through the front; its manifest."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "layer": digest_of(layer)}).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": push_blob(front, repository, config),
                "size": len(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar",
                    "digest": push_blob(front, repository, layer),
                    "size": len(layer),
                }
            ],
        },
        indent=3,
    ).encode()
    assert push_manifest(front, repository, tag, manifest, MANIFEST_TYPE).status == 201
    return manifest


def same_url(one: str, other: str) -> bool:
    """API Gateway keeps the order of a parameter's values, not that of the parameters."""
    paths = one.partition("?")[0] == other.partition("?")[0]
    queries = [parse_qs(url.partition("?")[2], keep_blank_values=True) for url in (one, other)]
    return paths and queries[0] == queries[1]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/v2/"),
        ("GET", "/v2/team/app/manifests/latest"),
        ("HEAD", "/v2/team/app/manifests/latest"),
        ("POST", "/v2/team/app/blobs/uploads/"),
        ("PATCH", "/v2/team/app/blobs/uploads/1?_state=a%3D%3D"),
        ("PUT", "/v2/team/app/manifests/latest"),
        ("DELETE", "/v2/team/app/manifests/latest"),
        ("OPTIONS", "/v2/"),
        ("GET", "/v2/a/b/c/d/e/f/tags/list?n=2&last=v1"),
        ("GET", "/v2/team/app/tags/list?n=2&n=3&last="),
        ("GET", "/v2/team/app/manifests/sha256%3Aabc"),
        ("GET", "/v2/team//app/manifests/"),
        ("GET", "/v2/a%2Fb/manifests/latest"),
        ("GET", "/v2/_catalog?n=1"),
    ],
)
def test_without_credentials_all_is_sent_on_verbatim(front: Front, method: str, target: str) -> None:
    reply = front.ask(method, target, {"User-Agent": CRANE})
    assert reply.status == 307
    assert same_url(reply["Location"], front.ecr.origin + target)
    assert reply["Cache-Control"] == "no-store"
    assert reply.body == b""


@pytest.mark.parametrize(
    "content_type", ["text/plain", INDEX_TYPE, OCTETS, "multipart/form-data; boundary=x", ""]
)
def test_any_content_type_is_taken(front: Front, content_type: str) -> None:
    reply = front.ask(
        "PUT", "/v2/r/manifests/1", {"Content-Type": content_type} if content_type else {}, b"{}"
    )
    assert reply.status == 307


def test_a_challenge_is_the_gateways_own_and_leads_back_with_credentials(front: Front) -> None:
    image(front, "team/challenged")
    target = "/v2/team/challenged/manifests/latest?ns=x"
    sent = front.ask("HEAD", target, {"User-Agent": CONTAINERD})
    assert (sent.status, sent["Location"]) == (307, f"/_challenge{target}")
    challenged = front.ask("HEAD", sent["Location"], {"User-Agent": CONTAINERD})
    assert challenged.status == 401
    assert challenged["WWW-Authenticate"] == 'Basic realm="Amazon ECR"'
    asked = front.ask("GET", sent["Location"])
    assert json.loads(asked.body)["errors"][0]["code"] == "UNAUTHORIZED"
    # A parallel request that was sent there before its client had credentials.
    late = front.ask("GET", sent["Location"], as_client(front, CONTAINERD))
    assert late.status == 200
    assert json.loads(late.body)["schemaVersion"] == 2


def test_malformed_credentials_on_the_challenge_route_end_there(front: Front) -> None:
    reply = front.ask(
        "GET", "/_challenge/v2/r/manifests/1", {"User-Agent": CONTAINERD, "Authorization": "Basic !"}
    )
    assert reply.status == 401
    assert json.loads(reply.body)["errors"][0]["code"] == "UNAUTHORIZED"


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
    assert blob["Location"].startswith(front.ecr.bucket.server.origin)
    assert blob.body == b""


def test_layer_bytes_of_any_value_survive_the_gateway(front: Front) -> None:
    content = bytes(range(256)) * 40
    digest = push_blob(front, "team/bytes", content)
    assert front.ecr.store.repository("team/bytes").blobs[digest] == content


def test_a_chunked_request_body_is_read_whole(front: Front) -> None:
    client = as_client(front)
    start = front.ask("POST", "/v2/team/chunked/blobs/uploads/", client)
    lines = {**client, "Content-Type": OCTETS, "Transfer-Encoding": "chunked", "Host": front.authority}
    head = "".join(f"{name}: {value}\r\n" for name, value in {**lines, "Connection": "close"}.items())
    request = f"PATCH {start['Location']} HTTP/1.1\r\n{head}\r\n".encode()
    answer = front.raw(request + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 201")
    location = next(
        line.partition(b": ")[2].decode()
        for line in answer.split(b"\r\n")
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
    assert seen.credentials is Credentials.RIGHT


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
    image(front, "team/check", "gone")
    assert front.ask("DELETE", "/v2/team/check/manifests/gone", client).status == 202
    assert front.ask("GET", "/v2/team/check/manifests/gone", client).status == 404


def test_tags_are_paged_at_our_own_host(front: Front) -> None:
    for tag in ("a", "b", "c"):
        image(front, "team/tags", tag)
    target, tags = "/v2/team/tags/tags/list?n=2", []
    while target:
        page = front.ask("GET", target, as_client(front))
        tags += json.loads(page.body)["tags"]
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
    assert [entry["digest"] for entry in json.loads(found.body)["manifests"]] == [digest_of(signature)]


def test_credentials_are_carried_for_containers_image_alone(front: Front) -> None:
    client = as_client(front, SKOPEO)
    carried = front.ask("GET", "/v2/team/app/manifests/latest", client)
    assert carried.status == 307
    assert carried["Location"].startswith(f"{front.ecr.origin.partition('//')[0]}//AWS:")
    assert f"@{front.ecr.authority}/v2/" in carried["Location"]


def test_wrong_credentials_get_the_registrys_own_words_and_no_challenge(front: Front) -> None:
    reply = front.ask("GET", "/v2/", {"User-Agent": CRANE, "Authorization": "Basic QVdTOndyb25n"})
    assert (reply.status, reply.body) == (400, b"Bad Request\n")
    assert not [name for name in reply.headers if "authenticate" in name.lower()]


@pytest.mark.parametrize(("status", "retry"), [(429, "7"), (503, "9"), (403, None), (404, None), (500, None)])
def test_the_registrys_errors_are_handed_on(front: Front, status: int, retry: str | None) -> None:
    front.ecr.faults.plan(faults.status(status, *([("Retry-After", retry)] if retry else [])))
    reply = front.ask("GET", "/v2/team/app/manifests/latest", as_client(front))
    assert reply.status == status
    assert reply.headers["Retry-After"] == retry
    assert json.loads(reply.body)["errors"]


def test_an_answer_over_lambdas_limit_is_a_bad_gateway(front: Front) -> None:
    front.ecr.faults.plan(faults.oversize())
    reply = front.ask("GET", "/v2/team/app/manifests/latest", as_client(front))
    assert reply.status == 502
    assert "more bytes than a Lambda response can hold" in json.loads(reply.body)["errors"][0]["message"]


def test_a_registry_that_hangs_up_is_a_bad_gateway(front: Front) -> None:
    front.ecr.faults.plan(faults.Fault(hang_up=True), times=2)
    reply = front.ask("GET", "/v2/team/app/manifests/latest", as_client(front))
    assert reply.status == 502
    assert json.loads(reply.body)["errors"][0]["code"] == "UNAVAILABLE"


BAD_INPUT = [
    # A target that http.client would refuse to send, and the status it gets; 307 where it is only odd.
    (b"/v2/..%2f../x", 400),
    (b"/v2/%2e%2e/x", 400),
    (b"/v2/../x", 400),
    (b"/v2/%0d%0aSet-Cookie:%20a=b", 400),
    (b"/v2/%00", 400),
    (b"/v2/a%5cb", 400),
    (b"/v2/a\\b", 400),
    (b"/v2/%zz", 400),
    (b"/v2/a%2Fb/manifests/latest", 307),
    (b"/v2//manifests/latest", 307),
    (b"/" + b"a" * 8_000, 307),
    (b"/v2/?q=" + b"a" * 8_000, 307),
    # Grows past the gateway's header limit on its way into the Location.
    (b"/v2/?q=" + b"<" * 4_000, 431),
    (b"/v2/?q=%0d%0aSet-Cookie:%20a=b", 307),
]


@pytest.mark.parametrize(("target", "status"), BAD_INPUT, ids=lambda value: str(value)[:30])
def test_bad_input_is_refused_in_the_registry_apis_words(front: Front, target: bytes, status: int) -> None:
    answer = front.raw(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] == b"%d" % status
    assert b"\r\nset-cookie:" not in head.lower()
    if status != 307:
        (error,) = json.loads(body)["errors"]
        assert error["code"] in ("NAME_INVALID", "UNSUPPORTED")
        assert b"Traceback" not in body


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic ",
        "Basic bm8tY29sb24=",
        "Basic OnA=",
        "Basic dTo=",
        "Bearer abc",
        "Basic " + "QQ" * 4_000,
    ],
)
def test_authorizations_that_are_none_count_for_nothing(front: Front, authorization: str) -> None:
    reply = front.ask("GET", "/v2/r/manifests/1", {"User-Agent": SKOPEO, "Authorization": authorization})
    assert (reply.status, reply["Location"]) == (307, f"{front.ecr.origin}/v2/r/manifests/1")


def test_no_log_ever_holds_a_credential_or_a_query_value(front: Front) -> None:
    client = as_client(front)
    secret_query = "query-value-that-nobody-may-read"
    for agent in (SKOPEO, CRANE, CONTAINERD):
        for target in ("/v2/", "/v2/logged/manifests/latest", "/v2/logged/blobs/uploads/", "/v2/../x", "/"):
            for method in ("GET", "POST"):
                front.ask(method, f"{target}?q={secret_query}", {**client, "User-Agent": agent})
    front.ecr.faults.plan(faults.Fault(hang_up=True), times=2)
    front.ask("GET", f"/v2/logged/manifests/latest?q={secret_query}", client)
    log = front.log()
    assert "/v2/logged/manifests/latest" in log
    assert "Traceback" not in log
    for secret in (front.ecr.token, front.ecr.token[:40], front.ecr.authorization[6:46], secret_query):
        assert secret not in log
