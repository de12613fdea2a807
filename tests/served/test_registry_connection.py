"""The relay's connection against real sockets: kept alive, bounded in time, retried where it is safe."""

from __future__ import annotations

import threading
import time

import pytest

from chalicelib.errors import RegistryError, RegistryLate, RegistryUnreachable
from chalicelib.registry_host import RegistryHost
from chalicelib.relaying.registry_connection import IDLE_SECONDS, RegistryConnection
from chalicelib.relaying.relay import RegistryRequest, RegistryResponse
from tests.served.scripted_registry import GET, OK, TLS, Script, close_kept, connected
from tests.standins.certificates import Certificates
from tests.standins.http_message import CloseConnection, HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer


class Counting:
    """A handler that answers everything with 200 and keeps what it was asked, by connection."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []
        self.threads: list[threading.Thread] = []

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        self.threads.append(threading.current_thread())
        return HttpResponse(200, (("X-A", "1"), ("X-A", "2")), b"ok")


def test_the_request_reaches_the_registry_as_it_is_and_the_answer_comes_back_whole() -> None:
    handler = Counting()
    with HttpServer(handler) as server, connected(server.origin) as registry:
        body = bytes(range(256))
        sent = RegistryRequest("PUT", "/v2/r/blobs/uploads/1?digest=sha256:a", GET.headers, 7, body)
        assert registry.ask(sent) == RegistryResponse(
            200, (("X-A", "1"), ("X-A", "2"), ("Content-Length", "2")), b"ok"
        )
    (seen,) = handler.requests
    assert (seen.method, seen.target, seen.body) == (sent.method, sent.target, body)
    # Each Accept on a line of its own, and nothing that was not asked for.
    assert seen.headers == (
        ("Accept-Encoding", "identity"),
        ("Host", server.authority),
        ("Accept", "a/b"),
        ("Accept", "c/d"),
        ("Content-Length", "256"),
    )


def test_an_empty_upload_start_has_a_length() -> None:
    handler = Counting()
    with HttpServer(handler) as server, connected(server.origin) as registry:
        registry.ask(RegistryRequest("POST", "/v2/r/blobs/uploads/", (), 7))
    assert handler.requests[0].value("Content-Length") == "0"


def test_one_connection_serves_request_after_request() -> None:
    handler = Counting()
    with HttpServer(handler) as server, connected(server.origin) as registry:
        for _ in range(5):
            registry.ask(GET)
        registry.ask(GET._replace(method="HEAD"))
        registry.ask(GET)
    assert len(set(handler.threads)) == 1


def test_threads_do_not_share_a_connection() -> None:
    barrier = threading.Barrier(4, timeout=10)
    answers: list[tuple[str, str]] = []

    def echo(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (), str(request.value("Authorization")).encode())

    with HttpServer(echo) as server:
        registry = RegistryConnection(RegistryHost.parse(server.origin), TLS)

        def ask(token: str) -> None:
            for _ in range(5):
                barrier.wait()
                headers = (("Authorization", token),)
                answer = registry.ask(GET._replace(headers=headers, connection_key=hash(token)))
                answers.append((token, answer.body.decode()))
            close_kept(registry)

        threads = [threading.Thread(target=ask, args=(f"token {number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(answers) == 20
    assert all(token == answered for token, answered in answers)
    assert server.connections == 4


def test_another_clients_connection_is_not_used() -> None:
    """Whatever is left on it, the next client shall not see it."""
    handler = Counting()
    with HttpServer(handler) as server, connected(server.origin) as registry:
        for key in (1, 1, 2, 1):
            registry.ask(GET._replace(connection_key=key))
    assert server.connections == 3


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
        assert registry._kept_connection(GET) is None


def test_a_connection_that_the_registry_closed_is_replaced_without_a_word() -> None:
    """Known before anything is sent, so that it holds for uploads too."""
    with Script([OK], [OK]) as server, connected(server.origin) as registry:
        post = GET._replace(method="POST")
        assert registry.ask(post).body == b"ok"
        time.sleep(0.1)
        assert registry.ask(post).body == b"ok"
    assert server.accepted == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_connection_that_dies_under_an_idempotent_request_is_retried_once(method: str) -> None:
    answered = 0

    def handler(request: HttpRequest) -> HttpResponse:
        nonlocal answered
        answered += 1
        if answered == 2:
            raise CloseConnection
        return HttpResponse(200, (), b"ok")

    with HttpServer(handler) as server, connected(server.origin) as registry:
        registry.ask(GET)
        assert registry.ask(GET._replace(method=method)).status == 200
    assert answered == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_connection_that_dies_under_any_other_request_is_not_retried(method: str) -> None:
    asked: list[str] = []

    def handler(request: HttpRequest) -> HttpResponse:
        asked.append(request.method)
        if len(asked) == 2:
            raise CloseConnection
        return HttpResponse(200, (), b"ok")

    with HttpServer(handler) as server, connected(server.origin) as registry:
        registry.ask(GET)
        with pytest.raises(RegistryUnreachable, match="closed the connection"):
            registry.ask(GET._replace(method=method))
        assert asked == ["GET", method]
        assert registry.ask(GET).status == 200


def test_a_retry_happens_once() -> None:
    asked: list[str] = []

    def handler(request: HttpRequest) -> HttpResponse:
        asked.append(request.method)
        if len(asked) > 1:
            raise CloseConnection
        return HttpResponse(200, (), b"ok")

    with HttpServer(handler) as server, connected(server.origin) as registry:
        registry.ask(GET)
        with pytest.raises(RegistryUnreachable):
            registry.ask(GET)
    assert len(asked) == 3


def test_redirects_are_returned_and_not_followed() -> None:
    asked: list[str] = []

    def handler(request: HttpRequest) -> HttpResponse:
        asked.append(request.target)
        if request.target == "/elsewhere":
            return HttpResponse(200, (), b"what a client that follows would get")
        return HttpResponse(307, (("Location", "/elsewhere"),))

    with HttpServer(handler) as server, connected(server.origin) as registry:
        answer = registry.ask(GET)
    assert (answer.status, dict(answer.headers)["Location"]) == (307, "/elsewhere")
    assert asked == [GET.target]


@pytest.mark.parametrize(("size", "whole"), [(10, True), (11, False), (5_000_000, False)])
def test_no_more_is_read_than_was_asked_for(size: int, whole: bool) -> None:
    def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (), b"x" * size)

    with HttpServer(handler) as server, connected(server.origin) as registry:
        answer = registry.ask(GET._replace(body_limit=10))
        assert (len(answer.body), answer.whole) == (min(size, 11), whole)
        # What was left unread never comes out as the next answer.
        assert registry.ask(GET._replace(body_limit=10)).status == 200


def test_a_retry_gets_what_time_is_left_and_no_more() -> None:
    asked: list[str] = []

    def handler(request: HttpRequest) -> HttpResponse:
        asked.append(request.method)
        if len(asked) > 1:
            time.sleep(0.6)
            raise CloseConnection
        return HttpResponse(200, (), b"ok")

    with HttpServer(handler) as server, connected(server.origin, response_seconds=0.9) as registry:
        registry.ask(GET)
        started = time.monotonic()
        with pytest.raises(RegistryLate):
            registry.ask(GET)
        assert time.monotonic() - started < 1.1
    assert len(asked) == 3


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_registry_with_a_trusted_certificate_is_asked(certificates: Certificates, name: str) -> None:
    handler = Counting()
    with HttpServer(handler, context=certificates.server_context(name), name=name) as server:
        registry = RegistryConnection(RegistryHost.parse(server.origin), certificates.client_context())
        for _ in range(3):
            assert registry.ask(GET).body == b"ok"
        close_kept(registry)
    assert server.connections == 1


@pytest.mark.parametrize("trusted", [True, False], ids=["another name", "an unknown authority"])
def test_any_other_certificate_is_refused(certificates: Certificates, trusted: bool) -> None:
    handler = Counting()
    name = "registry.example.com" if trusted else "localhost"
    client = certificates.client_context() if trusted else TLS
    with HttpServer(handler, context=certificates.server_context(name), name="localhost") as server:
        registry = RegistryConnection(RegistryHost.parse(server.origin), client)
        with pytest.raises(RegistryError, match="SSLCertVerificationError"):
            registry.ask(GET)
    assert handler.requests == []
