"""The configuration for nginx in docs/cloudfront.md: nginx accepts it, and keeps the contract above it.

The page's text is used as it is, but for the files, the port and the addresses of the two upstreams.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.markdown_page import ROOT, MarkdownPage
from tests.standins.certificates import Certificates
from tests.standins.http_client import ReceivedResponse, connection_to, exchange
from tests.standins.http_message import CloseConnection, HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer

NAME = "ecr.example.com"
REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
API = "d-abcdefghij.execute-api.us-west-2.amazonaws.com"
BUCKET = "https://bucket.s3.us-west-2.amazonaws.com/layer?X-Amz-Signature=1"
EDGE = f"/_registry/{REGISTRY}"
#: A request to which the registry closes the connection.
HUNG_UP = "/v2/team/app/blobs/uploads/hung-up"
#: What the registry says in `Location`, by the path of the request.
LOCATIONS = {
    "/v2/team/app/blobs/uploads/": f"https://{REGISTRY}/v2/team/app/blobs/uploads/1?_state=a%3D",
    "/v2/team/relative/blobs/uploads/": "/v2/team/relative/blobs/uploads/1",
    "/v2/team/app/manifests/1": f"https://{REGISTRY}/v2/team/app/manifests/sha256:1",
    "/v2/team/app/blobs/sha256:1": BUCKET,
}


def _nginx() -> str:
    program = os.environ.get("NGINX") or shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    return program


@dataclass
class OtherEdge:
    """nginx, with the requests that reached the two hosts behind it."""

    port: int
    tls: ssl.SSLContext
    api: list[HttpRequest]
    registry: list[HttpRequest]
    #: Where nginx writes all that it writes.
    directory: Path

    def ask(self, method: str, target: str, body: bytes | None = None) -> ReceivedResponse:
        connection = connection_to(f"127.0.0.1:{self.port}", self.tls)
        headers = {"Host": NAME, "Authorization": "Basic c2VjcmV0", "Connection": "close"}
        return exchange(connection, method, target, headers, body)


@pytest.fixture(scope="module")
def edge(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherEdge]:
    program, directory = _nginx(), tmp_path_factory.mktemp("nginx")
    (block,) = [b for b in MarkdownPage.read(ROOT / "docs" / "cloudfront.md").blocks if b.language == "nginx"]
    at_api: list[HttpRequest] = []
    at_registry: list[HttpRequest] = []

    def api(request: HttpRequest) -> HttpResponse:
        at_api.append(request)
        return HttpResponse(307, (("Location", EDGE + request.target),))

    def registry(request: HttpRequest) -> HttpResponse:
        at_registry.append(request)
        if request.path == HUNG_UP:
            raise CloseConnection
        location = LOCATIONS.get(request.path)
        return HttpResponse(202 if location else 200, (("Location", location),) if location else ())

    pem, key = certificates.write_server_pem(directory / "name", NAME)
    with (
        HttpServer(api, context=certificates.server_context(NAME)) as api_server,
        HttpServer(registry, context=certificates.server_context(REGISTRY)) as registry_server,
    ):
        upstreams = "".join(
            f"upstream {name} {{ server {server.authority}; }}\n"
            for name, server in ((API, api_server), (REGISTRY, registry_server))
        )
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        own = "".join(
            f"{what}_temp_path {directory}/{what};\n"
            for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        text = block.text
        for written, here in (
            ("http {\n", f"http {{\n{own}{upstreams}"),
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
            (f"/etc/nginx/{NAME}.pem", str(pem)),
            (f"/etc/nginx/{NAME}.key", str(key)),
            ("/etc/ssl/certs/ca-certificates.crt", str(certificates.authority_pem)),
            ("/var/log/nginx/ecr.log", f"{directory}/access.log"),
            ("/var/log/nginx/ecr.error.log", f"{directory}/server_error.log"),
        ):
            assert text.count(written) == 1
            text = text.replace(written, here)
        configuration = directory / "nginx.conf"
        user = "user root;\n" if os.geteuid() == 0 else ""
        configuration.write_text(
            f"{user}daemon off;\nerror_log {directory}/error.log;\npid {directory}/pid;\n{text}"
        )
        arguments = [program, "-p", str(directory), "-e", f"{directory}/error.log", "-c", str(configuration)]
        checked = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
        server = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
        try:
            _wait_for(port)
            yield OtherEdge(port, _client_tls(certificates), at_api, at_registry, directory)
        finally:
            server.terminate()
            server.wait()


def _client_tls(certificates: Certificates) -> ssl.SSLContext:
    context = certificates.client_context()
    context.check_hostname = False  # the test connects to an address
    return context


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx does not listen")


def test_the_api_is_asked_for_the_name_without_credentials(edge: OtherEdge) -> None:
    response = edge.ask("GET", "/v2/team//app/tags/list?n=1&last=%2B")
    request = edge.api[-1]
    assert (response.status, response["Location"]) == (307, EDGE + request.target)
    assert request.target == "/v2/team//app/tags/list?n=1&last=%2B"
    assert (request.value("Host"), request.value("Authorization")) == (NAME, None)


def test_the_registry_is_asked_under_its_own_name_with_credentials(edge: OtherEdge) -> None:
    edge.ask("GET", f"{EDGE}/v2/team/app%5F/tags/list?n=1&last=%2B")
    request = edge.registry[-1]
    assert request.target == "/v2/team/app%5F/tags/list?n=1&last=%2B"
    assert (request.value("Host"), request.value("Authorization")) == (REGISTRY, "Basic c2VjcmV0")


def test_a_layer_of_any_size_passes(edge: OtherEdge) -> None:
    body = os.urandom(12_000_000)
    assert edge.ask("PATCH", f"{EDGE}/v2/team/app/blobs/uploads/1", body).status == 200
    assert edge.registry[-1].body == body


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/v2/team/app/blobs/uploads/", f"{EDGE}/v2/team/app/blobs/uploads/1?_state=a%3D"),
        ("/v2/team/relative/blobs/uploads/", f"{EDGE}/v2/team/relative/blobs/uploads/1"),
        ("/v2/team/app/manifests/1", "/v2/team/app/manifests/sha256:1"),
        ("/v2/team/app/blobs/sha256:1", BUCKET),
    ],
)
def test_a_location_leads_to_the_name_or_to_the_bucket(edge: OtherEdge, path: str, location: str) -> None:
    written = edge.ask("POST", EDGE + path)["Location"]
    assert written in (location, f"https://{NAME}{location}", f"https://{NAME}:{edge.port}{location}")


@pytest.mark.parametrize(
    "path", ["/_registry/210987654321.dkr.ecr.us-west-2.amazonaws.com/v2/", f"{EDGE}/", f"{EDGE}/metrics"]
)
def test_nothing_else_is_reached(edge: OtherEdge, path: str) -> None:
    before = len(edge.registry)
    assert edge.ask("GET", path).status == 404
    assert len(edge.registry) == before


def test_no_log_holds_a_query_or_credentials(edge: OtherEdge) -> None:
    """Neither of a request that succeeds nor of one that fails on its way."""
    assert edge.ask("GET", f"{EDGE}/v2/team/app/tags/list?_state=s3cr3t").status == 200
    assert edge.ask("GET", f"{EDGE}{HUNG_UP}?_state=s3cr3t").status == 502
    logs = {path.name: path.read_text(encoding="utf-8") for path in edge.directory.glob("*.log")}
    assert HUNG_UP in logs["access.log"]
    assert [name for name, text in logs.items() if "s3cr3t" in text or "c2VjcmV0" in text] == []
