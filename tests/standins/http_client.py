"""The HTTP client of tests, demo and benchmarks: http.client sends a target as it is given, where urllib3 and
requests tidy it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Headers = Mapping[str, str] | Sequence[tuple[str, str]]
TIMEOUT = 60


@dataclass(frozen=True)
class ReceivedResponse:
    """What a client was sent."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def __getitem__(self, name: str) -> str:
        """A header that stands there once at the most; empty without it."""
        (value,) = self.headers.get_all(name) or [""]
        return value

    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.body)


def connection_to(
    authority: str, tls: ssl.SSLContext | None, address: tuple[str, int] | None = None
) -> http.client.HTTPConnection:
    """`tls` None means plain HTTP; at `address`, where the system does not know the name."""
    if tls is None:
        return http.client.HTTPConnection(authority, timeout=TIMEOUT)
    if address is None:
        return http.client.HTTPSConnection(authority, timeout=TIMEOUT, context=tls)
    return _ResolvedConnection(authority, tls, address)


class _ResolvedConnection(http.client.HTTPSConnection):
    """To an address that is not the one that the system knows for the name."""

    def __init__(self, authority: str, tls: ssl.SSLContext, address: tuple[str, int]) -> None:
        super().__init__(authority, timeout=TIMEOUT, context=tls)
        self._tls = tls
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection(self._address, timeout=TIMEOUT)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    headers: Headers = (),
    body: bytes | Iterator[bytes] | None = None,
) -> ReceivedResponse:
    """One request on a connection that may serve others. A body of bytes has a length, any other goes in
    chunks."""
    lines = list(headers.items() if isinstance(headers, Mapping) else headers)
    has_host = any(name.lower() == "host" for name, _ in lines)
    connection.putrequest(method, target, skip_host=has_host, skip_accept_encoding=True)
    if isinstance(body, bytes):
        lines.append(("Content-Length", str(len(body))))
    elif body is not None:
        lines.append(("Transfer-Encoding", "chunked"))
    for name, value in lines:
        connection.putheader(name, value)
    connection.endheaders(body, encode_chunked=not isinstance(body, bytes | None))
    response = connection.getresponse()
    return ReceivedResponse(response.status, response.headers, response.read())


def connected(authority: str, tls: ssl.SSLContext | None = None) -> socket.socket:
    """A bare connection, for what no HTTP client sends."""
    host, _, port = authority.rpartition(":")
    plain = socket.create_connection((host, int(port)), TIMEOUT)
    return plain if tls is None else tls.wrap_socket(plain, server_hostname=host)


def talk(authority: str, *sent: bytes, tls: ssl.SSLContext | None = None) -> bytes:
    """All that comes back for these bytes, until the other side ends the connection."""
    with connected(authority, tls) as connection:
        for each in sent:
            connection.sendall(each)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = bytearray()
    while piece := connection.recv(65536):
        received += piece
    return bytes(received)


def read_head(connection: socket.socket) -> bytes:
    """A head, and what came with it of the body."""
    received = b""
    while b"\r\n\r\n" not in received and (piece := connection.recv(65536)):
        received += piece
    return received
