"""What `chalice local` in mode `edge` makes of a registry's responses, right ones and broken ones."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalDevServer

from chalice_patches.local_edge import LocalEdge
from chalice_patches.local_server import LocalServer, RegistryApiHandler
from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from tests.served.scripted_registry import OK
from tests.standins.chalice_local import ChaliceLocal
from tests.standins.http_client import ReceivedResponse, connected, connection_to, exchange, read_head
from tests.standins.listener import Listener


class CannedRegistry(Listener):
    """Sends `content` on each connection as soon as a request's head is there, then ends the connection."""

    def __init__(self) -> None:
        self.content = OK
        #: Nothing at all is sent.
        self.silent = False
        self._ended = threading.Event()
        super().__init__(self._serve)
        #: An upload at the registry, by way of the edge.
        self.target = f"/_registry/{self.authority}/v2/a/blobs/uploads/1"

    def stop(self) -> None:
        self._ended.set()
        super().stop()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        read_head(connection)
        if self.silent:
            self._ended.wait(20)
        else:
            connection.sendall(self.content)


@dataclass
class CannedEdge:
    """The service in front of the registry, and one connection to it."""

    service: ChaliceLocal
    registry: CannedRegistry
    connection: http.client.HTTPConnection

    def passed_on(self, content: bytes, method: str = "GET", body: bytes | None = None) -> ReceivedResponse:
        """What becomes of a response of the registry."""
        self.registry.content = content
        return exchange(self.connection, method, self.registry.target, body=body)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChaliceLocal, CannedRegistry]]:
    log_file = tmp_path_factory.mktemp("edge") / "log"
    with (
        CannedRegistry() as registry,
        ChaliceLocal(f"http://{registry.authority}", log_file, mode="edge") as service,
    ):
        yield service, registry


@pytest.fixture
def edge(running: tuple[ChaliceLocal, CannedRegistry]) -> Iterator[CannedEdge]:
    connection = connection_to(running[0].authority, None)
    yield CannedEdge(*running, connection)
    connection.close()


LOCATIONS = {
    "an upload": ("{origin}/v2/a/blobs/uploads/1?x=y", "{prefix}/v2/a/blobs/uploads/1?x=y"),
    "a relative upload": ("/v2/a/blobs/uploads/1", "{prefix}/v2/a/blobs/uploads/1"),
    "an upload beside the path": ("2", "{prefix}/v2/a/blobs/uploads/2"),
    "a blob": ("{origin}/v2/a/blobs/sha256:0", "/v2/a/blobs/sha256:0"),
    "another host": ("https://bucket.example.com/x?y=z", None),
    "user info": ("https://AWS:x@bucket.example.com/x", None),
    "user info at the registry": ("http://AWS:x@{authority}/v2/", None),
    "another scheme": ("ftp://bucket.example.com/x", None),
    "a backslash": ("https://bucket.example.com\\@x/", None),
    "what is not of the API": ("{origin}/token", None),
}


@pytest.mark.parametrize(("given", "expected"), LOCATIONS.values(), ids=LOCATIONS)
@pytest.mark.parametrize(("name", "form"), [("Location", "{}"), ("Link", '<{}>; rel="next"')])
def test_a_url_at_the_registry_becomes_ours(
    name: str, form: str, given: str, expected: str | None, edge: CannedEdge
) -> None:
    authority = edge.registry.authority
    url = given.format(origin=f"http://{authority}", authority=authority)
    content = f"HTTP/1.1 202 OK\r\n{name}: {form.format(url)}\r\nContent-Length: 0\r\n\r\n"
    response = edge.passed_on(content.encode(), "POST", b"")
    if expected is None:
        assert response.status == 502
        assert b"AWS" not in response.body
    else:
        location = expected.format(prefix=f"/_registry/{authority}")
        assert (response.status, response[name]) == (202, form.format(location))


def test_a_redirect_to_another_host_stays(edge: CannedEdge) -> None:
    bucket = "https://bucket.example.com/x?y=z"
    content = f"HTTP/1.1 307 OK\r\nLocation: {bucket}\r\nContent-Length: 0\r\n\r\n"
    response = edge.passed_on(content.encode())
    assert (response.status, response["Location"]) == (307, bucket)


def test_headers_of_the_connection_and_no_others_are_dropped(edge: CannedEdge) -> None:
    kept = {
        "Content-Type": "application/json",
        "Docker-Content-Digest": "sha256:0",
        "Www-Authenticate": 'Basic realm="x"',
        "Content-Length": "2",
    }
    dropped = {"Connection": "close, X-Of-This-Hop", "X-Of-This-Hop": "1", "Keep-Alive": "timeout=5"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**kept, **dropped}.items())
    response = edge.passed_on(f"HTTP/1.1 401 Unauthorized\r\n{lines}\r\n{{}}".encode())
    assert (response.status, dict(response.headers), response.body) == (401, kept, b"{}")


IN_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FRAMED = {
    "by its length": OK,
    "in chunks": IN_CHUNKS + b"1;x=y\r\no\r\n1\r\nk\r\n0\r\nA: b\r\n\r\n",
    "by the end of the connection": b"HTTP/1.1 200 OK\r\n\r\nok",
    "of HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nok",
    "after 100": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
}


@pytest.mark.parametrize("content", FRAMED.values(), ids=FRAMED)
def test_a_body_comes_whole_and_the_connection_serves_on(content: bytes, edge: CannedEdge) -> None:
    first = edge.passed_on(content)
    connection = edge.connection.sock
    second = edge.passed_on(content)
    assert (first.status, first.body) == (second.status, second.body) == (200, b"ok")
    assert edge.connection.sock is connection is not None


def test_head_keeps_the_length(edge: CannedEdge) -> None:
    response = edge.passed_on(b"HTTP/1.1 200 OK\r\nContent-Length: 123456\r\n\r\n", "HEAD")
    assert (response["Content-Length"], response.body) == ("123456", b"")
    assert edge.passed_on(OK).body == b"ok"


BROKEN = {
    "nothing": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "an unknown encoding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n c\r\n\r\nok",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    "an interim response alone": b"HTTP/1.1 103 Early Hints\r\n\r\n",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_not_a_response_becomes_one_error_in_the_registry_apis_words(
    content: bytes, edge: CannedEdge
) -> None:
    response = edge.passed_on(content)
    assert response.status == 502
    (error,) = response.json()["errors"]
    assert edge.registry.authority in error["message"]
    assert "Traceback" not in edge.service.log


@pytest.mark.parametrize("framing", [b"Content-Length: 3", b"Transfer-Encoding: chunked"])
def test_a_body_that_ends_early_is_never_taken_for_a_whole_one(framing: bytes, edge: CannedEdge) -> None:
    with pytest.raises(http.client.IncompleteRead):
        edge.passed_on(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n2\r" % framing)


def test_a_refusal_in_the_middle_of_an_upload_reaches_a_client_that_sends_on(edge: CannedEdge) -> None:
    content = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    response = edge.passed_on(content, "PATCH", bytes(50_000_000))
    assert (response.status, response.body, response["Connection"]) == (403, b"no", "close")


@contextlib.contextmanager
def impatient(authority: str) -> Iterator[str]:
    """HOST:PORT of a server like that of `chalice local`, which waits a moment only."""
    registries = Registries(RegistryHost.parse(f"http://{authority}"))
    edge = LocalEdge(registries, ssl.create_default_context(), silence_seconds=0.3)
    handler = partial(RegistryApiHandler, edge=edge)
    local = LocalDevServer(Chalice("impatient"), Config(), "127.0.0.1", 0, handler, LocalServer)
    thread = threading.Thread(target=local.server.serve_forever, args=(0.05,))
    thread.start()
    yield f"127.0.0.1:{local.server.server_address[1]}"
    local.shutdown()
    thread.join()
    local.server.server_close()


@pytest.mark.parametrize(("there", "status"), [(False, 502), (True, 504)], ids=["gone", "silent"])
def test_a_registry_that_says_nothing_is_not_waited_for_without_end(there: bool, status: int) -> None:
    registry = CannedRegistry()
    registry.silent = True
    with registry, impatient(registry.authority) as authority:
        if not there:
            registry.stop()
        connection = connection_to(authority, None)
        response = exchange(connection, "PUT", registry.target, body=b"x")
        assert (response.status, response.json()["errors"][0]["code"]) == (status, "UNAVAILABLE")
        connection.close()


def test_a_client_that_stops_sending_is_not_waited_for_without_end() -> None:
    with CannedRegistry() as registry, impatient(registry.authority) as authority:
        registry.silent = True
        with connected(authority) as client:
            head = f"PUT {registry.target} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab"
            client.sendall(head.encode())
            assert client.recv(65536).startswith(b"HTTP/1.1 408 ")
