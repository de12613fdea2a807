"""The two fronts that the service is served behind, as one thing for tests to talk to."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.standins.ecr import FakeEcr

Headers = Mapping[str, str] | list[tuple[str, str]]


@dataclass(frozen=True)
class FrontReply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def __getitem__(self, name: str) -> str:
        """A header that must be there exactly once."""
        (value,) = self.headers.get_all(name) or [""]
        return value


@dataclass(frozen=True)
class Front:
    """`ecr` is the registry behind it; `log` returns all that the service has logged so far."""

    origin: str
    ecr: FakeEcr
    log: Callable[[], str] = field(repr=False)
    tls: ssl.SSLContext | None = None

    @property
    def authority(self) -> str:
        return urlsplit(self.origin).netloc

    def connect(self) -> http.client.HTTPConnection:
        """http.client sends targets as they are given, where urllib3 and requests tidy them up."""
        if self.tls is None:
            return http.client.HTTPConnection(self.authority, timeout=30)
        return http.client.HTTPSConnection(self.authority, timeout=30, context=self.tls)

    def ask(self, method: str, target: str, headers: Headers = (), body: bytes = b"") -> FrontReply:  # type: ignore[assignment]
        connection = self.connect()
        try:
            return exchange(connection, method, target, headers, body)
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """All that comes back for bytes that no HTTP client would send; the request asks to close."""
        parts = urlsplit(self.origin)
        assert parts.hostname is not None
        connection = socket.create_connection((parts.hostname, parts.port or 443), timeout=10)
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_hostname=parts.hostname)
        with connection:
            connection.sendall(request)
            answer = b""
            while data := connection.recv(65536):
                answer += data
        return answer


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    headers: Headers = (),  # type: ignore[assignment]
    body: bytes = b"",
) -> FrontReply:
    """One request on a connection that may serve others, repeated header lines kept apart."""
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        connection.putheader(name, value)
    if body or method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body or None)
    response = connection.getresponse()
    return FrontReply(response.status, response.headers, response.read())
