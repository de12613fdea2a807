"""What `chalice local` in mode `edge` makes of a registry's responses, right ones and broken ones."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalDevServer

from chalice_patches.local_edge import LocalEdge
from chalice_patches.local_server import LocalServer, RegistryApiHandler
from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from tests.standins.chalice_local import ChaliceLocal

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class AnsweringRegistry:
    """Sends `answer` on each connection as soon as a request's head is there, then ends the connection."""

    def __init__(self) -> None:
        self.answer = OK
        self.silent = threading.Event()
        """Set it, and nothing at all is sent."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.authority = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._ended = threading.Event()

    def __enter__(self) -> AnsweringRegistry:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(1)
                if self.silent.is_set():
                    self._ended.wait(20)
                else:
                    connection.sendall(self.answer)


@pytest.fixture(scope="module")
def registry() -> Iterator[AnsweringRegistry]:
    with AnsweringRegistry() as answering:
        yield answering


@pytest.fixture(scope="module")
def service(registry: AnsweringRegistry, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChaliceLocal]:
    log_file = tmp_path_factory.mktemp("edge") / "log"
    with ChaliceLocal(f"http://{registry.authority}", log_file, mode="edge") as running:
        yield running


@pytest.fixture
def client(service: ChaliceLocal) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(service.authority, timeout=20)
    yield connection
    connection.close()


def target(registry: AnsweringRegistry) -> str:
    return f"/_registry/{registry.authority}/v2/a/blobs/uploads/1"


def answered(
    answer: bytes, registry: AnsweringRegistry, client: http.client.HTTPConnection
) -> tuple[int, bytes]:
    registry.answer = answer
    client.request("GET", target(registry))
    response = client.getresponse()
    return response.status, response.read()


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
    name: str,
    form: str,
    given: str,
    expected: str | None,
    registry: AnsweringRegistry,
    client: http.client.HTTPConnection,
) -> None:
    url = given.format(origin=f"http://{registry.authority}", authority=registry.authority)
    registry.answer = f"HTTP/1.1 202 OK\r\n{name}: {form.format(url)}\r\nContent-Length: 0\r\n\r\n".encode()
    client.request("POST", target(registry))
    response = client.getresponse()
    if expected is None:
        assert response.status == 502
        assert "AWS" not in response.read().decode()
    else:
        location = expected.format(prefix=f"/_registry/{registry.authority}")
        assert (response.status, response.headers[name]) == (202, form.format(location))


def test_a_redirect_to_another_host_stays(
    registry: AnsweringRegistry, client: http.client.HTTPConnection
) -> None:
    bucket = "https://bucket.example.com/x?y=z"
    registry.answer = f"HTTP/1.1 307 OK\r\nLocation: {bucket}\r\nContent-Length: 0\r\n\r\n".encode()
    client.request("GET", target(registry))
    response = client.getresponse()
    assert (response.status, response.headers["Location"]) == (307, bucket)


def test_headers_of_the_connection_and_no_others_are_dropped(
    registry: AnsweringRegistry, client: http.client.HTTPConnection
) -> None:
    given = {
        "Content-Type": "application/json",
        "Docker-Content-Digest": "sha256:0",
        "Www-Authenticate": 'Basic realm="x"',
        "Connection": "close, X-Of-This-Hop",
        "X-Of-This-Hop": "1",
        "Keep-Alive": "timeout=5",
        "Content-Length": "2",
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    registry.answer = f"HTTP/1.1 401 Unauthorized\r\n{lines}\r\n{{}}".encode()
    client.request("GET", target(registry))
    response = client.getresponse()
    kept = ("Content-Type", "Docker-Content-Digest", "Www-Authenticate", "Content-Length")
    assert dict(response.headers) == {name: given[name] for name in kept}
    assert (response.status, response.read()) == (401, b"{}")


FRAMED = {
    "by its length": OK,
    "in chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1;x=y\r\no\r\n1\r\nk\r\n0\r\nA: b\r\n\r\n",
    "by the end of the connection": b"HTTP/1.1 200 OK\r\n\r\nok",
    "of HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nok",
    "after 100": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
}


@pytest.mark.parametrize("answer", FRAMED.values(), ids=FRAMED)
def test_a_body_comes_whole_and_the_connection_serves_on(
    answer: bytes, registry: AnsweringRegistry, client: http.client.HTTPConnection
) -> None:
    assert answered(answer, registry, client) == (200, b"ok")
    connected = client.sock
    assert answered(answer, registry, client) == (200, b"ok")
    assert client.sock is connected is not None


def test_head_keeps_the_length(registry: AnsweringRegistry, client: http.client.HTTPConnection) -> None:
    registry.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 123456\r\n\r\n"
    client.request("HEAD", target(registry))
    response = client.getresponse()
    assert (response.headers["Content-Length"], response.read()) == ("123456", b"")
    assert answered(OK, registry, client) == (200, b"ok")


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


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_what_is_not_a_response_becomes_one_error_in_the_registry_apis_words(
    answer: bytes, registry: AnsweringRegistry, client: http.client.HTTPConnection, service: ChaliceLocal
) -> None:
    status, body = answered(answer, registry, client)
    assert status == 502
    (error,) = json.loads(body)["errors"]
    assert registry.authority in error["message"]
    assert "Traceback" not in service.log


@pytest.mark.parametrize("framing", [b"Content-Length: 3", b"Transfer-Encoding: chunked"])
def test_a_body_that_ends_early_is_never_taken_for_a_whole_one(
    framing: bytes, registry: AnsweringRegistry, client: http.client.HTTPConnection
) -> None:
    with pytest.raises(http.client.IncompleteRead):
        answered(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n2\r" % framing, registry, client)


def test_a_refusal_in_the_middle_of_an_upload_reaches_a_client_that_sends_on(
    registry: AnsweringRegistry, client: http.client.HTTPConnection
) -> None:
    registry.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"
    client.request("PATCH", target(registry), bytes(50_000_000))
    response = client.getresponse()
    assert (response.status, response.read(), response.headers["Connection"]) == (403, b"no", "close")


def test_nobody_at_the_registrys_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        authority = f"127.0.0.1:{closed.getsockname()[1]}"
    with ChaliceLocal(f"http://{authority}", tmp_path / "log", mode="edge") as service:
        connection = http.client.HTTPConnection(service.authority, timeout=20)
        connection.request("GET", f"/_registry/{authority}/v2/")
        response = connection.getresponse()
        assert (response.status, b"UNAVAILABLE" in response.read()) == (502, True)
        connection.close()


@contextlib.contextmanager
def impatient(authority: str) -> Iterator[int]:
    """The port of a server like that of `chalice local`, which waits a moment only."""
    registries = Registries(RegistryHost.parse(f"http://{authority}"))
    edge = LocalEdge(registries, ssl.create_default_context(), silence_seconds=0.3)
    handler = partial(RegistryApiHandler, edge=edge)
    local = LocalDevServer(Chalice("impatient"), Config(), "127.0.0.1", 0, handler, LocalServer)
    thread = threading.Thread(target=local.server.serve_forever, args=(0.05,))
    thread.start()
    yield local.server.server_address[1]
    local.shutdown()
    thread.join()
    local.server.server_close()


def test_a_registry_that_says_nothing_is_not_waited_for_without_end(registry: AnsweringRegistry) -> None:
    registry.silent.set()
    with impatient(registry.authority) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("PUT", target(registry), b"x")
        response = connection.getresponse()
        assert (response.status, b"UNAVAILABLE" in response.read()) == (504, True)
        connection.close()
    registry.silent.clear()


def test_a_client_that_stops_sending_is_not_waited_for_without_end(registry: AnsweringRegistry) -> None:
    registry.answer = OK
    registry.silent.set()
    with impatient(registry.authority) as port, socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(f"PUT {target(registry)} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab".encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 408 ")
    registry.silent.clear()
