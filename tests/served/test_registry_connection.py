"""The relay's connection against real sockets: kept alive, bounded in time, retried where it is safe."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.errors import RegistryError, RegistryLate, RegistryUnreachable
from chalicelib.handed_on import RegistryAnswer, RegistryRequest
from chalicelib.registry_connection import IDLE_SECONDS, RegistryConnection
from chalicelib.registry_host import RegistryHost
from tests.standins.certificates import Certificates
from tests.standins.http_message import CloseConnection, Request, Response
from tests.standins.http_server import HttpServer

GET = RegistryRequest("GET", "/v2/r/manifests/latest", (("Accept", "a/b"), ("Accept", "c/d")))
TLS = ssl.create_default_context()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Counting:
    """A handler that answers everything with 200 and keeps what it was asked, by connection."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.threads: list[threading.Thread] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        self.threads.append(threading.current_thread())
        return Response(200, (("X-A", "1"), ("X-A", "2")), b"ok")


class Script:
    """A raw server: each connection gets the next script, a list of byte strings and pauses."""

    def __init__(self, *connections: list[bytes | float]) -> None:
        self._connections = list(connections)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._ended = threading.Event()
        self.accepted = 0
        self.origin = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        for steps in self._connections:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                for step in steps:
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    else:
                        self._ended.wait(step)

    def __enter__(self) -> Script:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@contextlib.contextmanager
def connected(origin: str, **options: float) -> Iterator[RegistryConnection]:
    connection = RegistryConnection(RegistryHost.parse(origin), TLS, **options)  # type: ignore[arg-type]
    yield connection
    kept = connection._kept_connection()
    if kept is not None:
        kept.close()


def test_the_request_reaches_the_registry_as_it_is_and_the_answer_comes_back_whole() -> None:
    handler = Counting()
    with HttpServer(handler) as server, connected(server.origin) as registry:
        body = bytes(range(256))
        sent = RegistryRequest("PUT", "/v2/r/blobs/uploads/1?digest=sha256:a", GET.headers, body)
        assert registry.ask(sent) == RegistryAnswer(
            200, (("X-A", "1"), ("X-A", "2"), ("Content-Length", "2")), b"ok"
        )
    (seen,) = handler.requests
    assert (seen.method, seen.target, seen.body) == (sent.method, sent.target, body)
    # Each Accept on a line of its own, and nothing that was not asked for.
    assert seen.headers == (
        ("Host", server.authority),
        ("Accept", "a/b"),
        ("Accept", "c/d"),
        ("Content-Length", "256"),
    )


def test_an_empty_upload_start_has_a_length() -> None:
    handler = Counting()
    with HttpServer(handler) as server, connected(server.origin) as registry:
        registry.ask(RegistryRequest("POST", "/v2/r/blobs/uploads/", ()))
    assert handler.requests[0].value("Content-Length") == "0"


def test_one_connection_serves_request_after_request() -> None:
    handler = Counting()
    with HttpServer(handler) as server, connected(server.origin) as registry:
        for _ in range(5):
            registry.ask(GET)
        registry.ask(replace(GET, method="HEAD"))
        registry.ask(GET)
    assert len(set(handler.threads)) == 1


def test_threads_do_not_share_a_connection() -> None:
    handler = Counting()
    barrier = threading.Barrier(4)
    answers: list[bytes] = []

    with HttpServer(handler) as server:
        registry = RegistryConnection(RegistryHost.parse(server.origin), TLS)

        def ask() -> None:
            barrier.wait()
            answers.append(registry.ask(GET).body)
            kept = registry._kept_connection()
            assert kept is not None
            kept.close()

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [b"ok"] * 4
    assert len(handler.requests) == 4


def test_a_connection_idle_for_too_long_is_not_used_again() -> None:
    handler = Counting()
    now = [1000.0]
    with HttpServer(handler) as server:
        registry = RegistryConnection(RegistryHost.parse(server.origin), TLS, clock=lambda: now[0])
        registry.ask(GET)
        now[0] += IDLE_SECONDS - 1
        registry.ask(GET)
        assert len(set(handler.threads)) == 1
        now[0] += IDLE_SECONDS
        registry.ask(GET)
        assert len(set(handler.threads)) == 2
        # A clock that was set back makes the age unknown.
        now[0] = 0
        assert registry._kept_connection() is None


def test_a_connection_that_the_registry_closed_is_replaced_without_a_word() -> None:
    """Known before anything is sent, so that it holds for uploads too."""
    with Script([OK], [OK]) as server, connected(server.origin) as registry:
        post = replace(GET, method="POST")
        assert registry.ask(post).body == b"ok"
        time.sleep(0.1)
        assert registry.ask(post).body == b"ok"
    assert server.accepted == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_connection_that_dies_under_an_idempotent_request_is_retried_once(method: str) -> None:
    answered = 0

    def handler(request: Request) -> Response:
        nonlocal answered
        answered += 1
        if answered == 2:
            raise CloseConnection
        return Response(200, (), b"ok")

    with HttpServer(handler) as server, connected(server.origin) as registry:
        registry.ask(GET)
        assert registry.ask(replace(GET, method=method)).status == 200
    assert answered == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_connection_that_dies_under_any_other_request_is_not_retried(method: str) -> None:
    asked: list[str] = []

    def handler(request: Request) -> Response:
        asked.append(request.method)
        if len(asked) == 2:
            raise CloseConnection
        return Response(200, (), b"ok")

    with HttpServer(handler) as server, connected(server.origin) as registry:
        registry.ask(GET)
        with pytest.raises(RegistryUnreachable, match="closed the connection"):
            registry.ask(replace(GET, method=method))
        assert asked == ["GET", method]
        assert registry.ask(GET).status == 200


def test_a_retry_happens_once() -> None:
    asked: list[str] = []

    def handler(request: Request) -> Response:
        asked.append(request.method)
        if len(asked) > 1:
            raise CloseConnection
        return Response(200, (), b"ok")

    with HttpServer(handler) as server, connected(server.origin) as registry:
        registry.ask(GET)
        with pytest.raises(RegistryUnreachable):
            registry.ask(GET)
    assert len(asked) == 3


def test_redirects_are_handed_back_and_not_followed() -> None:
    def handler(request: Request) -> Response:
        return Response(307, (("Location", "/elsewhere"),))

    with HttpServer(handler) as server, connected(server.origin) as registry:
        answer = registry.ask(GET)
    assert (answer.status, dict(answer.headers)["Location"]) == (307, "/elsewhere")


@pytest.mark.parametrize(("size", "whole"), [(10, True), (11, False), (5_000_000, False)])
def test_no_more_is_read_than_was_asked_for(size: int, whole: bool) -> None:
    def handler(request: Request) -> Response:
        return Response(200, (), b"x" * size)

    with HttpServer(handler) as server, connected(server.origin) as registry:
        answer = registry.ask(replace(GET, answer_limit=10))
        assert (len(answer.body), answer.whole) == (min(size, 11), whole)
        # What was left unread never comes out as the next answer.
        assert registry.ask(replace(GET, answer_limit=10)).status == 200


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\n\r\nok"


@pytest.mark.parametrize("script", [OK, CHUNKED, UNTIL_CLOSE])
def test_every_framing_of_http_is_read(script: bytes) -> None:
    with Script([script]) as server, connected(server.origin) as registry:
        assert registry.ask(GET).body == b"ok"


# A trickle that no read ever waits long for: bounded only as a whole.
TRICKLE: list[bytes | float] = [b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"]
TRICKLE += [b"x", 0.1] * 60


@pytest.mark.parametrize(
    "script",
    [[5.0], [b"HTTP/1.1 200", 5.0], [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", 5.0], TRICKLE],
    ids=["silent", "half a header", "half a body", "trickle"],
)
def test_a_late_answer_is_given_up_as_a_whole(script: list[bytes | float]) -> None:
    started = time.monotonic()
    with Script(script) as server, connected(server.origin, answer_seconds=0.5) as registry:
        with pytest.raises(RegistryLate, match=r"no whole answer within 0\.5 s") as late:
            registry.ask(GET)
        assert late.value.registry == server.origin
    assert time.monotonic() - started < 3


def test_a_connection_that_nobody_takes_is_given_up() -> None:
    # A full backlog: the kernel drops what would be the next connection.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as queue:
        address = listener.getsockname()
        for _ in range(4):
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        time.sleep(0.1)
        with (
            connected(f"http://127.0.0.1:{address[1]}", connect_seconds=0.5) as registry,
            pytest.raises(RegistryLate, match=r"took no connection within 0\.5 s"),
        ):
            registry.ask(GET)


@pytest.mark.parametrize(
    "script",
    [
        [b"SSH-2.0-OpenSSH_9\r\n"],
        [b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"],
        [],
    ],
    ids=["no HTTP", "endless header", "cut body", "nothing"],
)
def test_what_is_no_http_answer_is_said_so(script: list[bytes | float]) -> None:
    with Script(script) as server, connected(server.origin) as registry:
        with pytest.raises(RegistryUnreachable) as error:
            registry.ask(GET)
        assert "SSH" not in str(error.value)


def test_nobody_listening_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with (
        connected(f"http://127.0.0.1:{port}") as registry,
        pytest.raises(RegistryUnreachable, match=r"cannot be connected to \(ConnectionRefusedError\)"),
    ):
        registry.ask(GET)


def test_a_host_without_an_address_is_said_so() -> None:
    with (
        connected("https://no-such-host.invalid") as registry,
        pytest.raises(RegistryUnreachable, match=r"cannot be connected to \(gaierror\)"),
    ):
        registry.ask(GET)


class TestTls:
    """Certificates are checked, against the name in the settings."""

    def test_a_registry_with_a_trusted_certificate_is_asked(self, certificates: Certificates) -> None:
        handler = Counting()
        context = certificates.server_context("localhost")
        with HttpServer(handler, context=context, name="localhost") as server:
            registry = RegistryConnection(RegistryHost.parse(server.origin), certificates.client_context())
            for _ in range(3):
                assert registry.ask(GET).body == b"ok"
            kept = registry._kept_connection()
            assert kept is not None
            kept.close()
        assert len(set(handler.threads)) == 1

    @pytest.mark.parametrize("trusted", [True, False], ids=["another name", "an unknown authority"])
    def test_any_other_certificate_is_refused(self, certificates: Certificates, trusted: bool) -> None:
        handler = Counting()
        name = "registry.example.com" if trusted else "localhost"
        client = certificates.client_context() if trusted else TLS
        with HttpServer(handler, context=certificates.server_context(name), name="localhost") as server:
            registry = RegistryConnection(RegistryHost.parse(server.origin), client)
            with pytest.raises(RegistryError, match="SSLCertVerificationError"):
                registry.ask(GET)
        assert handler.requests == []
