"""The server under every stand-in: what reaches a handler, and what a client sees."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import pytest
import urllib3

from tests.standins.certificates import Certificates
from tests.standins.http_client import connected, talk
from tests.standins.http_message import (
    CloseConnection,
    Handler,
    HttpRequest,
    HttpResponse,
    NotHttp,
    ResetConnection,
)
from tests.standins.http_server import HttpServer


def test_a_request_arrives_as_it_was_sent() -> None:
    seen: list[HttpRequest] = []

    def keep(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse(200)

    with HttpServer(keep) as server:
        talk(
            server.authority,
            b"PATCH //v2//a%2Fb/?x=%zz HTTP/1.1\r\nhOST: h\r\nAccept: a\r\nX-Odd: \xe9\r\nAccept: b\r\n"
            b"Connection: close\r\nContent-Length: 3\r\n\r\n\x00\xffa",
        )
    assert seen == [
        HttpRequest(
            "PATCH",
            "//v2//a%2Fb/?x=%zz",
            (
                ("hOST", "h"),
                ("Accept", "a"),
                ("X-Odd", "\xe9"),
                ("Accept", "b"),
                ("Connection", "close"),
                ("Content-Length", "3"),
            ),
            b"\x00\xffa",
        )
    ]


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (("X-Twice", "1"), ("X-Twice", "2")), request.body)


def test_a_chunked_body_is_put_together_and_the_connection_is_kept() -> None:
    with HttpServer(echo) as server, urllib3.HTTPConnectionPool(server.host, server.port, maxsize=1) as pool:
        for _ in range(3):
            response = pool.request("POST", "/", body=iter([b"one ", b"two"]), chunked=True)
            assert response.data == b"one two"
            assert response.headers.getlist("X-Twice") == ["1", "2"]
        assert server.connections == 1
    with HttpServer(echo) as server:
        for _ in range(2):
            talk(server.authority, b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert server.connections == 2


def test_expect_100_continue_is_met_before_the_body_is_sent() -> None:
    with HttpServer(echo) as server, connected(server.authority) as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"ok")
        assert client.recv(1024).endswith(b"\r\n\r\nok")


@pytest.mark.parametrize(
    ("given", "length"),
    [
        ((), b"4"),
        (
            (("Content-Length", "77"),),
            b"77",
        ),  # a length that is not the body's: what a response to HEAD may claim
        ((("Content-Length", "0"),), b"0"),
    ],
)
def test_head_has_no_body_and_the_next_response_follows_at_once(
    given: tuple[tuple[str, str], ...], length: bytes
) -> None:
    def handler(request: HttpRequest) -> HttpResponse:
        if request.method == "HEAD":
            return HttpResponse(200, given, b"body")
        return HttpResponse(200, (), b"next")

    with HttpServer(handler) as server:
        wire = talk(
            server.authority,
            b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        )
    first, second = wire.split(b"\r\n\r\n", 1)
    assert b"Content-Length: " + length in first
    assert second.startswith(b"HTTP/1.1 200")


def raising(error: Exception | type[Exception]) -> Handler:
    def handler(_: HttpRequest) -> HttpResponse:
        raise error

    return handler


@pytest.mark.parametrize(
    ("error", "received"), [(CloseConnection, b""), (NotHttp(b"\x00 not HTTP"), b"\x00 not HTTP")]
)
def test_a_handler_can_end_the_connection_without_a_response(
    error: Exception | type[Exception], received: bytes
) -> None:
    with HttpServer(raising(error)) as server:
        assert talk(server.authority, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == received


def test_a_handler_can_reset_the_connection() -> None:
    with HttpServer(raising(ResetConnection)) as server, pytest.raises(ConnectionResetError):
        talk(server.authority, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")


def test_what_is_no_http_gets_400() -> None:
    with HttpServer(echo) as server:
        assert talk(server.authority, b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_tls_serves_the_certified_name_only(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    context = certificates.server_context("localhost")
    with HttpServer(echo, context=context, name="localhost") as server:
        trusting = certificates.client_context()
        with urllib3.PoolManager(ssl_context=trusting, retries=False) as client:
            assert client.request("PUT", server.origin, body=b"x").data == b"x"
            with pytest.raises(urllib3.exceptions.SSLError):
                client.request("GET", f"https://127.0.0.1:{server.port}")
        with (
            urllib3.PoolManager(ssl_context=ssl.create_default_context(), retries=False) as stranger,
            pytest.raises(urllib3.exceptions.SSLError),
        ):
            stranger.request("GET", server.origin)


def test_stop_ends_idle_connections_and_every_thread() -> None:
    before = set(threading.enumerate())
    server = HttpServer(echo)
    server.start()
    with connected(server.authority) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert idle.recv(1024).startswith(b"HTTP/1.1 200")
        server.stop()
        assert idle.recv(1) == b""
    assert set(threading.enumerate()) <= before


def test_a_crashed_handler_fails_whoever_runs_the_server() -> None:
    request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    with pytest.raises(ZeroDivisionError), HttpServer(raising(ZeroDivisionError())) as server:
        assert talk(server.authority, request).startswith(b"HTTP/1.1 500")
