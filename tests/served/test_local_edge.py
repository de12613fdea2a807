"""What `chalice local` carries to a registry in mode `edge`; its framing is in test_local_framing.py."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.edge_paths import bad_edge_paths
from tests.served.fronts import Front
from tests.served.streaming_registry import StreamingRegistry
from tests.standins.certificates import Certificates
from tests.standins.chalice_local import ChaliceLocal
from tests.standins.ecr import FakeEcr
from tests.standins.http_client import connection_to, exchange
from tests.standins.registry_client import Hop, RegistryClient


def test_an_image_is_pushed_and_pulled_and_the_client_stays_on_our_name(local_edge: Front) -> None:
    hops: list[Hop] = []
    layers = [os.urandom(100_000), b"a small one"]
    with RegistryClient(local_edge.origin, local_edge.ecr.token, observe=hops.append) as client:
        client.push("edge/app", "1", *layers)
        assert client.pull("edge/app", "1") == layers
    hosts = {hop.url.split("/")[2] for hop in hops}
    assert hosts == {local_edge.authority, local_edge.ecr.bucket.authority}
    started = [hop.location or "" for hop in hops if hop.status == 202]
    assert len(started) == 3
    assert all(each.startswith(f"{local_edge.edge_prefix}/v2/edge/app/blobs/uploads/") for each in started)
    finished = [hop.location for hop in hops if hop.method == "PUT" and hop.location]
    assert [each for each in finished if each.startswith("/v2/edge/app/blobs/sha256:")] == finished[:3]


def test_the_log_has_a_line_for_each_request_and_no_credential(local_edge: Front) -> None:
    path = f"{local_edge.edge_prefix}/v2/"
    credentials = {"Authorization": local_edge.ecr.authorization}
    assert local_edge.ask("GET", f"{path}?secret=value", credentials).status == 200
    last = json.loads(local_edge.log().splitlines()[-1])
    assert (last["path"], last["decision"], last["status"]) == (path, "stream", 200)
    assert local_edge.ecr.token not in local_edge.log()
    assert "secret=value" not in local_edge.log()


def test_the_registrys_own_challenge_and_refusal_reach_the_client(local_edge: Front) -> None:
    target = f"{local_edge.edge_prefix}/v2/"
    challenged = local_edge.ask("GET", target)
    assert challenged.status == 401
    assert challenged["Www-Authenticate"].startswith("Basic realm=")
    assert local_edge.ask("GET", target, {"Authorization": "Basic QVdTOng="}).status == 400


def test_what_is_not_a_configured_registrys_own_api_is_not_asked_of_anybody(local_edge: Front) -> None:
    local_edge.ecr.forget()
    credentials = {"Authorization": local_edge.ecr.authorization}
    for path in bad_edge_paths(local_edge.ecr.authority):
        response = local_edge.ask("GET", path, credentials)
        assert (path, response.status) in ((path, 403), (path, 404))
        assert response.json()["errors"]
    assert local_edge.ecr.seen == []


def test_in_mode_relay_the_function_has_the_prefix(chalice_local: Front) -> None:
    response = chalice_local.ask("GET", f"{chalice_local.edge_prefix}/v2/relayed/tags/list")
    assert "stream" not in chalice_local.log()
    assert "/v2/relayed/tags/list" in (response["Location"] or chalice_local.log())


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


OF_BOTH_ENDS = {"Authorization": "Basic QVdTOng=", "Accept": "a/b"}
OF_THE_CONNECTION = {
    "Connection": "keep-alive, X-Of-This-Hop",
    "X-Of-This-Hop": "1",
    "Keep-Alive": "timeout=5",
    "Proxy-Authorization": "Basic cHJveHk6eA==",
    "TE": "trailers",
}


def test_headers_of_the_connection_stay_on_it(tmp_path: Path) -> None:
    target = "/v2/a/tags/list?n=2&last=%2b&last="
    with StreamingRegistry(2) as registry:
        origin = f"http://{registry.authority}"
        with ChaliceLocal(origin, tmp_path / "log", mode="edge") as service:
            connection = connection_to(service.authority, None)
            sent = {**OF_BOTH_ENDS, **OF_THE_CONNECTION}
            response = exchange(connection, "GET", f"/_registry/{registry.authority}{target}", sent)
            assert (response.status, response.body) == (200, b"\0\0")
            connection.close()
    (head,) = registry.heads
    assert head.target == target
    assert {name.lower(): value for name, value in head.headers} == {
        "host": registry.authority,
        "connection": "close",
        **{name.lower(): value for name, value in OF_BOTH_ENDS.items()},
    }


@pytest.mark.parametrize(
    ("names", "trusted", "status"),
    [(("127.0.0.1",), True, 200), (("127.0.0.1",), False, 502), (("registry.example.com",), True, 502)],
    ids=["trusted", "of an unknown authority", "of another name"],
)
def test_the_registrys_certificate_is_checked_before_it_gets_a_credential(
    names: tuple[str, ...], trusted: bool, status: int, certificates: Certificates, tmp_path: Path
) -> None:
    variables = {"SSL_CERT_FILE": str(certificates.authority_pem)} if trusted else {}
    with (
        FakeEcr(certificates.server_context(*names)) as ecr,
        ChaliceLocal(ecr.origin, tmp_path / "log", mode="edge", variables=variables) as server,
    ):
        front = Front(server.origin, ecr, lambda: server.log)
        response = front.ask("GET", f"{front.edge_prefix}/v2/", {"Authorization": ecr.authorization})
        assert response.status == status
        assert [request.status for request in ecr.seen] == ([200] if status == 200 else [])
