"""What `chalice local` carries to a registry in mode `edge`, and what it makes of the response."""

from __future__ import annotations

import http.client
import json
import os
from pathlib import Path

import pytest

from tests.edge_paths import bad_edge_paths
from tests.served.fronts import Front
from tests.served.streaming_registry import StreamingRegistry
from tests.served.test_local_framing import AMBIGUOUS, SMUGGLED, statuses
from tests.standins.chalice_local import ChaliceLocal
from tests.standins.ecr import FakeEcr, SentCredentials
from tests.standins.registry_client import Hop, RegistryClient


def prefix(front: Front) -> str:
    return f"/_registry/{front.ecr.authority}"


def test_an_image_is_pushed_and_pulled_and_the_client_stays_on_our_name(local_edge: Front) -> None:
    hops: list[Hop] = []
    layers = [os.urandom(100_000), b"a small one"]
    with RegistryClient(local_edge.origin, local_edge.ecr.token, observe=hops.append) as client:
        client.push("edge/app", "1", *layers)
        assert client.pull("edge/app", "1") == layers
    hosts = {hop.url.split("/")[2] for hop in hops}
    assert hosts == {local_edge.authority, local_edge.ecr.bucket.server.authority}
    started = [hop.location or "" for hop in hops if hop.status == 202]
    assert len(started) == 3
    assert all(each.startswith(f"{prefix(local_edge)}/v2/edge/app/blobs/uploads/") for each in started)
    finished = [hop.location for hop in hops if hop.method == "PUT" and hop.location]
    assert [each for each in finished if each.startswith("/v2/edge/app/blobs/sha256:")] == finished[:3]


def test_the_log_has_a_line_for_each_request_and_no_credential(local_edge: Front) -> None:
    target = f"{prefix(local_edge)}/v2/?secret=value"
    assert local_edge.ask("GET", target, {"Authorization": local_edge.ecr.authorization}).status == 200
    last = json.loads(local_edge.log().splitlines()[-1])
    assert (last["path"], last["decision"], last["status"]) == (f"{prefix(local_edge)}/v2/", "stream", 200)
    assert local_edge.ecr.token not in local_edge.log()
    assert "secret=value" not in local_edge.log()


def test_the_registrys_own_challenge_and_refusal_reach_the_client(local_edge: Front) -> None:
    challenged = local_edge.ask("GET", f"{prefix(local_edge)}/v2/")
    assert challenged.status == 401
    assert challenged["Www-Authenticate"].startswith("Basic realm=")
    assert (
        local_edge.ask("GET", f"{prefix(local_edge)}/v2/", {"Authorization": "Basic QVdTOng="}).status == 400
    )


def test_what_is_not_a_configured_registrys_own_api_is_not_asked_of_anybody(local_edge: Front) -> None:
    local_edge.ecr.forget()
    credentials = {"Authorization": local_edge.ecr.authorization}
    for path in bad_edge_paths(local_edge.ecr.authority):
        reply = local_edge.ask("GET", path, credentials)
        assert (path, reply.status) in ((path, 403), (path, 404))
        assert json.loads(reply.body)["errors"]
    assert local_edge.ecr.seen == []


def test_in_mode_relay_the_function_has_the_prefix(chalice_local: Front) -> None:
    reply = chalice_local.ask("GET", f"{prefix(chalice_local)}/v2/relayed/tags/list")
    assert "stream" not in chalice_local.log()
    assert "/v2/relayed/tags/list" in (reply["Location"] or chalice_local.log())


def test_each_repository_goes_to_its_own_registry(tmp_path: Path) -> None:
    with FakeEcr(None) as one, FakeEcr(None, token=one.token) as other:
        prefixes = {"ECR_REGISTRIES": json.dumps({"payments/": other.origin})}
        with (
            ChaliceLocal(one.origin, tmp_path / "log", mode="edge", variables=prefixes) as service,
            RegistryClient(service.origin, one.token) as client,
        ):
            client.push("payments/app", "1", b"of the other")
            client.push("team/app", "1", b"of the one")
            assert client.pull("payments/app", "1") == [b"of the other"]
    assert set(one.store.repositories) == {"team/app"}
    assert set(other.store.repositories) == {"payments/app"}


def test_headers_of_the_connection_stay_on_it(tmp_path: Path) -> None:
    with StreamingRegistry(2) as registry:
        authority = registry.origin.removeprefix("http://")
        with ChaliceLocal(registry.origin, tmp_path / "log", mode="edge") as service:
            connection = http.client.HTTPConnection(service.authority, timeout=20)
            sent = {
                "Authorization": "Basic QVdTOng=",
                "Accept": "a/b",
                "Connection": "keep-alive, X-Of-This-Hop",
                "X-Of-This-Hop": "1",
                "Keep-Alive": "timeout=5",
                "Proxy-Authorization": "Basic cHJveHk6eA==",
                "TE": "trailers",
            }
            connection.request(
                "GET", f"/_registry/{authority}/v2/a/tags/list?n=2&last=%2b&last=", headers=sent
            )
            response = connection.getresponse()
            assert (response.status, response.read()) == (200, b"\0\0")
            connection.close()
    (head,) = registry.heads
    assert head.target == b"/v2/a/tags/list?n=2&last=%2b&last="
    assert dict(head.headers) == {
        b"host": authority.encode(),
        b"connection": b"close",
        b"accept-encoding": b"identity",
        b"authorization": b"Basic QVdTOng=",
        b"accept": b"a/b",
    }


@pytest.mark.parametrize("rest", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_framing_that_can_be_read_in_two_ways_ends_the_connection(rest: bytes, local_edge: Front) -> None:
    put = f"PUT {prefix(local_edge)}/v2/r/manifests/1 HTTP/1.1\r\nHost: x\r\n".encode()
    local_edge.ecr.forget()
    answer = local_edge.raw(put + rest + SMUGGLED)
    assert statuses(answer) == [400]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["code"] == "UNSUPPORTED"
    assert "/v2/smuggled" not in local_edge.log()
    assert local_edge.ecr.seen == []


@pytest.mark.parametrize(
    "odd", [b"GET %b?\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET %b HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"]
)
def test_what_cannot_stand_in_a_request_is_refused(odd: bytes, local_edge: Front) -> None:
    local_edge.ecr.forget()
    assert statuses(local_edge.raw(odd % f"{prefix(local_edge)}/v2/".encode())) == [400]
    assert local_edge.ecr.seen == []


def test_the_connection_serves_the_next_request(local_edge: Front) -> None:
    api = f"{prefix(local_edge)}/v2"
    start = f"POST {api}/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
    chunked = (
        f"PUT {api}/a/manifests/1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "2;x=y\r\n{}\r\n0\r\nTrailer: x\r\n\r\n"
    ).encode()
    last = f"HEAD {api}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    assert statuses(local_edge.raw(start + chunked + last)) == [401, 401, 401]
    assert {seen.credentials for seen in local_edge.ecr.seen[-3:]} == {SentCredentials.ABSENT}
