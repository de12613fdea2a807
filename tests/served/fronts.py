"""The two fronts that the service is served behind, as one thing for tests to talk to."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.standins.ecr import FakeEcr
from tests.standins.http_client import Headers, ReceivedResponse, connection_to, exchange, talk


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

    @property
    def edge_prefix(self) -> str:
        """What stands before the registry's paths at the edge."""
        return f"/_registry/{self.ecr.authority}"

    def connect(self) -> http.client.HTTPConnection:
        return connection_to(self.authority, self.tls)

    def ask(self, method: str, target: str, headers: Headers = (), body: bytes = b"") -> ReceivedResponse:
        """One request on a connection of its own."""
        connection = self.connect()
        has_body = body or method in ("POST", "PUT", "PATCH")
        try:
            return exchange(connection, method, target, headers, body if has_body else None)
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """All that comes back for bytes that no HTTP client would send; the request asks to close."""
        return talk(self.authority, request, tls=self.tls)
