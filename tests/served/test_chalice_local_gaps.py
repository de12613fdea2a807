"""The gaps of Chalice's own development server, each shown open: see chalice_patches/local_server.py.

A test here that fails tells that this Chalice closes or moves the gap: delete what closed it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from chalice.app import AuthRequest, AuthResponse, Chalice, Response
from chalice.config import Config
from chalice.local import create_local_server

from tests.standins.chalice_local import ChaliceLocal
from tests.standins.http_client import talk
from tests.standins.package import PackagingFailed, package
from tests.standins.project import make_project


@pytest.fixture(scope="module")
def chalices_own() -> Iterator[str]:
    """HOST:PORT of an unpatched development server with an application that shows the gaps."""
    app = Chalice(app_name="gaps")

    @app.authorizer()
    def allow(_request: AuthRequest) -> AuthResponse:
        return AuthResponse(routes=["*"], principal_id="x")

    @app.route("/echo", methods=["GET", "HEAD", "PUT"], content_types=["*/*"])
    def echo() -> Response:
        body = app.current_request.raw_body if app.current_request else b""
        return Response(f"got {len(body)} bytes", {"Content-Type": "text/plain"})

    @app.route("/length")
    def length() -> Response:
        return Response("ok", {"Content-Type": "text/plain", "Content-Length": "2"})

    @app.route("/private", authorizer=allow)
    def private() -> Response:
        return Response("ok")

    server = create_local_server(app, Config(), "127.0.0.1", 0)
    thread = threading.Thread(target=server.server.serve_forever, args=(0.05,))
    thread.start()
    yield f"127.0.0.1:{server.server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server.server_close()


def response_to(authority: str, line: str, more: str = "\r\n") -> bytes:
    """All that comes back for a request; `more` is the end of its head, and its body."""
    return talk(authority, f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}".encode())


def test_it_sends_a_body_in_response_to_head(chalices_own: str) -> None:
    assert response_to(chalices_own, "HEAD /echo").endswith(b"got 0 bytes")


def test_it_sends_a_second_content_length(chalices_own: str) -> None:
    assert response_to(chalices_own, "GET /length").lower().count(b"content-length:") == 2


def test_it_reads_no_chunked_body(chalices_own: str) -> None:
    chunked = "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"
    assert b"got 0 bytes" in response_to(chalices_own, "PUT /echo", chunked)


def test_its_401_has_no_challenge(chalices_own: str) -> None:
    response = response_to(chalices_own, "GET /private")
    assert response.startswith(b"HTTP/1.1 401")
    assert b"www-authenticate" not in response.lower()


def test_ours_serves_with_chalices_reloader_too(tmp_path: Path) -> None:
    """The command as it is typed, with the application loaded in a thread of the reloader's worker."""
    with ChaliceLocal("http://127.0.0.1:9", tmp_path / "log", reload=True) as service:
        response = response_to(service.authority, "GET /v2/a/b/c")
    assert b"\r\nLocation: /_challenge/v2/a/b/c\r\n" in response


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize(
    ("registry", "words"), [("", "ECR_REGISTRY is not set"), ("ftp://x", "ECR_REGISTRY='ftp://x'")]
)
def test_a_bad_setting_stops_the_start_with_one_line(
    registry: str, words: str, reload: bool, tmp_path: Path
) -> None:
    service = ChaliceLocal(registry, tmp_path / "log", reload=reload)
    with pytest.raises(RuntimeError):
        service.start()
    assert service.ended_with not in (0, None)
    (line,) = service.log.splitlines()
    assert words in line
    assert "HOST[:PORT]" in line


def test_a_bad_setting_stops_the_deployment_with_one_line(tmp_path: Path) -> None:
    bad = {"environment_variables": {"ECR_REGISTRY": "no good"}}
    project = make_project(tmp_path / "project", {"dev": bad})
    with pytest.raises(PackagingFailed) as failed:
        package(project, "dev", tmp_path / "out")
    (line,) = str(failed.value).splitlines()
    assert line.startswith("custom-ecr-domain: ECR_REGISTRY='no good'")
    assert ".chalice/config.json" in line
