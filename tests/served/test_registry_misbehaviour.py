"""The relay against a registry that is late, speaks no HTTP, or says more than it was asked."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from chalicelib.errors import RegistryLate, RegistryUnreachable
from tests.served.scripted_registry import GET, NEXT_REQUEST, OK, Script, connected
from tests.standins.certificates import Certificates

# More than one read takes, in one TLS record: what stays behind is decrypted already, where the socket
# alone does not show it.
BEHIND = b"x" * 12_000
SURPLUS = {
    "a body over its length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + BEHIND,
    "no content, with content": b"HTTP/1.1 204 No Content\r\n\r\n" + BEHIND,
    "not modified, with content": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n" + BEHIND,
}


@pytest.mark.parametrize("surplus", SURPLUS.values(), ids=SURPLUS)
def test_what_is_left_of_a_response_is_not_the_next_one(surplus: bytes, certificates: Certificates) -> None:
    following = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext"
    context = certificates.server_context("127.0.0.1")
    with (
        Script([surplus, NEXT_REQUEST], [following], context=context) as server,
        connected(server.origin, certificates.client_context()) as registry,
    ):
        registry.ask(GET)
        assert registry.ask(GET).body == b"next"
    assert server.connections == 2


@pytest.mark.parametrize("status", [b"102 Processing", b"103 Early Hints", b"101 Switching Protocols"])
def test_an_interim_response_ends_the_connection(status: bytes) -> None:
    """The real response would come to whoever asks next."""
    interim = b"HTTP/1.1 " + status + b"\r\n\r\n"
    with Script([interim, 0.2, OK], [OK]) as server, connected(server.origin) as registry:
        with pytest.raises(RegistryUnreachable, match="did not answer in HTTP"):
            registry.ask(GET)
        assert registry.ask(GET).body == b"ok"
    assert server.connections == 2


READABLE = {
    "a length": OK,
    "after 100": b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "until the end of the connection": b"HTTP/1.0 200 OK\r\n\r\nok",
}


@pytest.mark.parametrize("response", READABLE.values(), ids=READABLE)
def test_every_framing_of_http_is_read(response: bytes) -> None:
    with Script([response]) as server, connected(server.origin) as registry:
        assert registry.ask(GET).body == b"ok"


# A trickle that no read ever waits long for: bounded only as a whole.
TRICKLE: list[bytes | float] = [b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n"]
TRICKLE += [b"x", 0.05] * 60
LATE: dict[str, list[bytes | float]] = {
    "silent": [5.0],
    "half a header": [b"HTTP/1.1 200", 5.0],
    "half a body": [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", 5.0],
    "trickle": TRICKLE,
}


@pytest.mark.parametrize("script", LATE.values(), ids=LATE)
def test_a_late_response_is_given_up_as_a_whole(script: list[bytes | float]) -> None:
    started = time.monotonic()
    with Script(script) as server, connected(server.origin, response_seconds=0.2) as registry:
        with pytest.raises(RegistryLate, match=r"no whole response within 0\.2 s") as late:
            registry.ask(GET)
        assert str(late.value).startswith(server.origin)
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
            connected(f"http://127.0.0.1:{address[1]}", connect_seconds=0.2) as registry,
            pytest.raises(RegistryLate, match=r"did not take a connection within 0\.2 s"),
        ):
            registry.ask(GET)


UNREADABLE = {
    "no HTTP": b"SSH-2.0-OpenSSH_9\r\n",
    "endless header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n",
    "cut body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    "negative chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nok",
    # A length that http.client reads in its own way, or not at all and then until the end.
    "sign": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
    "negative": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    "underscore": b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789",
    "other digits": b"HTTP/1.1 200 OK\r\nContent-Length: \xc2\xb2\r\n\r\nok",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 1\r\n\r\nok",
    "a list": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok",
    "nothing": b"",
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_http_response_is_said_so(content: bytes) -> None:
    with Script([content] if content else []) as server, connected(server.origin) as registry:
        with pytest.raises(RegistryUnreachable) as error:
            registry.ask(GET)
        assert "SSH" not in str(error.value)


def test_a_registry_that_is_not_there_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for origin, reason in (
        (f"http://127.0.0.1:{port}", "ConnectionRefusedError"),
        ("https://no-such-host.invalid", "gaierror"),
    ):
        with (
            connected(origin) as registry,
            pytest.raises(RegistryUnreachable, match=rf"cannot be connected to \({reason}\)"),
        ):
            registry.ask(GET)
