"""The relay's connection against real sockets: kept alive, bounded in time, retried where it is safe."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from chalicelib.errors import RegistryError, RegistryLate, RegistryUnreachable
from chalicelib.registry_host import RegistryHost
from chalicelib.relaying.registry_connection import IDLE_SECONDS, RegistryConnection
from chalicelib.relaying.relay import RegistryRequest, RegistryResponse
from tests.served.scripted_origin import ScriptedOrigin
from tests.served.scripted_registry import GET, OK, TLS, Script, close_kept, connected
from tests.standins.certificates import Certificates
from tests.standins.http_message import CloseConnection, Handler, HttpRequest, HttpResponse


def twice(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (("X-A", "1"), ("X-A", "2")), b"ok")


def dying_at(*numbers: int, late: float = 0.0) -> Handler:
    """Closes the connection under the requests of these numbers, after so many seconds."""
    count = itertools.count(1)

    def handler(request: HttpRequest) -> HttpResponse:
        if next(count) in numbers:
            time.sleep(late)
            raise CloseConnection
        return HttpResponse(200, (), b"ok")

    return handler


def test_the_request_reaches_the_registry_as_it_is_and_the_response_comes_back_whole() -> None:
    body = bytes(range(256))
    sent = RegistryRequest("PUT", "/v2/r/blobs/uploads/1?digest=sha256:a", GET.headers, 7, body)
    with ScriptedOrigin(twice) as origin, connected(origin.origin) as registry:
        headers = (("X-A", "1"), ("X-A", "2"), ("Content-Length", "2"))
        assert registry.ask(sent) == RegistryResponse(200, headers, b"ok")
    (seen,) = origin.requests
    assert (seen.method, seen.target, seen.body) == (sent.method, sent.target, body)
    # Each Accept on a line of its own, and nothing that was not asked for.
    assert seen.headers == (
        ("Accept-Encoding", "identity"),
        ("Host", origin.authority),
        ("Accept", "a/b"),
        ("Accept", "c/d"),
        ("Content-Length", "256"),
    )


def test_an_empty_upload_start_has_a_length() -> None:
    with ScriptedOrigin(twice) as origin, connected(origin.origin) as registry:
        registry.ask(RegistryRequest("POST", "/v2/r/blobs/uploads/", (), 7))
    assert origin.last.value("Content-Length") == "0"


def test_one_connection_serves_request_after_request() -> None:
    with ScriptedOrigin(twice) as origin, connected(origin.origin) as registry:
        for method in ("GET", "GET", "HEAD", "GET"):
            registry.ask(GET._replace(method=method))
    assert (origin.connections, len(origin.requests)) == (1, 4)


def test_threads_do_not_share_a_connection() -> None:
    barrier = threading.Barrier(4, timeout=10)
    exchanged: list[tuple[str, str]] = []

    def echo(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (), str(request.value("Authorization")).encode())

    with ScriptedOrigin(echo) as origin:
        registry = RegistryConnection(RegistryHost.parse(origin.origin), TLS)

        def ask(token: str) -> None:
            for _ in range(5):
                barrier.wait()
                headers = (("Authorization", token),)
                response = registry.ask(GET._replace(headers=headers, connection_key=hash(token)))
                exchanged.append((token, response.body.decode()))
            close_kept(registry)

        threads = [threading.Thread(target=ask, args=(f"token {number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(exchanged) == 20
    assert all(sent == received for sent, received in exchanged)
    assert origin.connections == 4


def test_another_clients_connection_is_not_used() -> None:
    """Whatever is left on it, the next client shall not see it."""
    with ScriptedOrigin(twice) as origin, connected(origin.origin) as registry:
        for key in (1, 1, 2, 1):
            registry.ask(GET._replace(connection_key=key))
    assert origin.connections == 3


def test_a_connection_idle_for_too_long_is_not_used_again() -> None:
    now = [1000.0]
    with ScriptedOrigin(twice) as origin:
        registry = RegistryConnection(RegistryHost.parse(origin.origin), TLS, clock=lambda: now[0])
        registry.ask(GET)
        now[0] += IDLE_SECONDS - 1
        registry.ask(GET)
        assert origin.connections == 1
        now[0] += IDLE_SECONDS
        registry.ask(GET)
        assert origin.connections == 2
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
    assert server.connections == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_a_connection_that_dies_under_an_idempotent_request_is_retried_once(method: str) -> None:
    with ScriptedOrigin(dying_at(2)) as origin, connected(origin.origin) as registry:
        registry.ask(GET)
        assert registry.ask(GET._replace(method=method)).status == 200
    assert len(origin.requests) == 3
    with ScriptedOrigin(dying_at(2, 3)) as origin, connected(origin.origin) as registry:
        registry.ask(GET)
        with pytest.raises(RegistryUnreachable):
            registry.ask(GET._replace(method=method))
    assert len(origin.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_connection_that_dies_under_any_other_request_is_not_retried(method: str) -> None:
    with ScriptedOrigin(dying_at(2)) as origin, connected(origin.origin) as registry:
        registry.ask(GET)
        with pytest.raises(RegistryUnreachable, match="closed the connection"):
            registry.ask(GET._replace(method=method))
        assert [each.method for each in origin.requests] == ["GET", method]
        assert registry.ask(GET).status == 200


def test_redirects_are_returned_and_not_followed() -> None:
    def redirect(request: HttpRequest) -> HttpResponse:
        return HttpResponse(307 if request.target == GET.target else 200, (("Location", "/elsewhere"),))

    with ScriptedOrigin(redirect) as origin, connected(origin.origin) as registry:
        response = registry.ask(GET)
    assert (response.status, dict(response.headers)["Location"]) == (307, "/elsewhere")
    assert origin.targets == [GET.target]


@pytest.mark.parametrize(("size", "whole"), [(10, True), (11, False), (5_000_000, False)])
def test_no_more_is_read_than_was_asked_for(size: int, whole: bool) -> None:
    large = HttpResponse(200, (), b"x" * size)
    with ScriptedOrigin(lambda _: large) as origin, connected(origin.origin) as registry:
        response = registry.ask(GET._replace(body_limit=10))
        assert (len(response.body), response.whole) == (min(size, 11), whole)
        # What was left unread never comes out as the next response.
        assert registry.ask(GET._replace(body_limit=10)).status == 200


def test_a_retry_gets_what_time_is_left_and_no_more() -> None:
    with (
        ScriptedOrigin(dying_at(2, 3, late=0.3)) as origin,
        connected(origin.origin, response_seconds=0.45) as registry,
    ):
        registry.ask(GET)
        with pytest.raises(RegistryLate):
            registry.ask(GET)
    assert len(origin.requests) == 3


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_a_registry_with_a_trusted_certificate_is_asked(certificates: Certificates, name: str) -> None:
    context = certificates.server_context(name)
    with (
        ScriptedOrigin(twice, context, name) as origin,
        connected(origin.origin, certificates.client_context()) as registry,
    ):
        for _ in range(3):
            assert registry.ask(GET).body == b"ok"
    assert origin.connections == 1


@pytest.mark.parametrize("trusted", [True, False], ids=["another name", "an unknown authority"])
def test_any_other_certificate_is_refused(certificates: Certificates, trusted: bool) -> None:
    context = certificates.server_context("registry.example.com" if trusted else "localhost")
    client = certificates.client_context() if trusted else TLS
    with (
        ScriptedOrigin(twice, context, "localhost") as origin,
        connected(origin.origin, client) as registry,
        pytest.raises(RegistryError, match="SSLCertVerificationError"),
    ):
        registry.ask(GET)
    assert origin.requests == []
