"""A domain that is there already, one request at a time: nothing is followed, nothing is tidied up."""

from __future__ import annotations

import contextlib
import http.client
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.standins.http_client import ReceivedResponse, connected, talk

_TIMEOUT = 60.0
#: What may be raised where a server gives no response that can be read; never of a wrong certificate.
NO_RESPONSE = (http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLEOFError)
_AGENT = "custom-ecr-domain-live/1"


class LiveMode(Enum):
    """What REDIRECT_MODE the domain runs with, as `/v2/` shows it."""

    EDGE = "edge"
    RELAY = "relay"
    PLAIN = "plain"


@dataclass(frozen=True)
class LiveDomain:
    """`authority` is HOST, or HOST:PORT for a stand-in."""

    authority: str
    tls: ssl.SSLContext = field(repr=False)

    @property
    def mode(self) -> LiveMode:
        location = self.ask("GET", "/v2/")["Location"]
        if location.startswith("/_registry/"):
            return LiveMode.EDGE
        return LiveMode.RELAY if location.startswith("/_challenge/") else LiveMode.PLAIN

    @property
    def registry(self) -> str:
        """The registry's authority, which the redirect of a path outside of /v2/ names in every mode."""
        return self.ask("GET", "/")["Location"].partition("//")[2].partition("/")[0]

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] = b"",
        *,
        chunked: bool = False,
        timeout: float = _TIMEOUT,
    ) -> ReceivedResponse:
        """http.client sends the target byte for byte. `body` may be an iterable whose length is in the
        headers; `chunked` sends each part as a chunk."""
        connection = http.client.HTTPSConnection(self.authority, timeout=timeout, context=self.tls)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            lines = {"User-Agent": _AGENT, **(headers or {})}
            if isinstance(body, bytes) and (body or method in ("POST", "PUT", "PATCH")):
                lines["Content-Length"] = str(len(body))
            for name, value in lines.items():
                connection.putheader(name, value)
            if chunked:
                connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders()
            # A server may respond, and close, before it has read the whole body: its response counts.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for part in (body,) if isinstance(body, bytes) else body:
                    connection.send(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                if chunked:
                    connection.send(b"0\r\n\r\n")
            response = connection.getresponse()
            return ReceivedResponse(response.status, response.headers, response.read())
        finally:
            connection.close()

    def raw(self, request: bytes) -> bytes:
        """All bytes that come back for a request which asks to close the connection."""
        return talk(self._address, request, tls=self.tls)

    def application_protocol(self) -> str:
        """What the server chooses when it is offered HTTP/2 and HTTP/1.1; empty where it chooses nothing."""
        context = ssl.create_default_context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with connected(self._address, context) as connection:
            assert isinstance(connection, ssl.SSLSocket)
            return connection.selected_alpn_protocol() or ""

    @property
    def _address(self) -> str:
        return self.authority if ":" in self.authority else f"{self.authority}:443"
