"""CloudFront's part for `chalice local` in mode `edge`: /_registry/REGISTRY/* is carried to the registry.

Bodies of any size pass in both directions. What infra/templates/functions do at the edge happens here to
Location and Link; which paths pass is for the service's own decision to say.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import sys
import time
import uuid
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler

from chalice_patches.registry_exchange import SILENCE_SECONDS, RegistryExchange, response_pieces
from chalice_patches.request_body import PIECE, RefusedBody, request_body
from chalicelib.decision import ToRelay, decide
from chalicelib.errors import RegistryError, RegistryLate, ResponseNotRelayable
from chalicelib.http_message import RequestLine, error_response, is_printable_ascii
from chalicelib.location import link_parts, location_from
from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint, edge_path, registry_path, split_edge_path
from chalicelib.request_log import request_line
from chalicelib.settings import RedirectMode

# Of one connection alone (RFC 9110 section 7.6.1), or made anew with the message (Host, Content-Length).
_OF_THE_CONNECTION = frozenset(
    {"connection", "content-length", "expect", "host", "keep-alive", "proxy-authenticate"}
    | {"proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
# How long a client that was answered in mid-body may go on sending.
_LINGER_SECONDS = 30.0


class LocalEdge:
    """Carries requests to the configured registries; safe to share between threads."""

    def __init__(
        self, registries: Registries, tls: ssl.SSLContext, silence_seconds: float = SILENCE_SECONDS
    ) -> None:
        """Neither client nor registry is waited for longer than `silence_seconds` at a time."""
        self._registries = registries
        self._tls = tls
        self._silence_seconds = silence_seconds

    def serve(self, client: BaseHTTPRequestHandler) -> bool:
        """Whether the request was one for the edge, and has its response."""
        path, separator, query = client.path.partition("?")
        if split_edge_path(path) is None:
            return False
        line = RequestLine(client.command, path)
        decision = decide(line, self._registries, RedirectMode.EDGE)
        if not isinstance(decision, ToRelay):
            return False
        exchange = _Exchange(client, line, decision.registry, decision.path + separator + query)
        client.connection.settimeout(self._silence_seconds)
        exchange.run(RegistryExchange(decision.registry, self._tls, self._silence_seconds))
        client.connection.settimeout(None)
        return True


class _Exchange:
    """One request, carried."""

    def __init__(
        self, client: BaseHTTPRequestHandler, line: RequestLine, registry: RegistryHost, target: str
    ) -> None:
        self._client = client
        self._line = line
        self._registry = registry
        self._target = target

    def run(self, exchange: RegistryExchange) -> None:
        """Never raises: what goes wrong ends the client's connection."""
        try:
            self._carry(exchange)
        except RefusedBody as error:
            self._refuse(error.status, "UNSUPPORTED", str(error))
        except RegistryError as error:
            status = 504 if isinstance(error, RegistryLate) else 502
            code = "UNSUPPORTED" if isinstance(error, ResponseNotRelayable) else "UNAVAILABLE"
            self._refuse(status, code, str(error))
        except OSError:
            # The client is gone, or reads no more.
            self._client.close_connection = True
        finally:
            exchange.close()

    def _carry(self, exchange: RegistryExchange) -> None:
        client = self._client
        body = request_body(client.headers, client.rfile)
        headers = _passed(client.headers)
        if not is_printable_ascii(self._target) or any(_is_folded(value) for _, value in headers):
            raise RefusedBody(400, "malformed headers")
        response, whole = exchange.send(client.command, self._target, headers, body)
        redirects = 300 <= response.status < 400
        own_headers = [self._rewritten(name, value, redirects) for name, value in _passed(response.headers)]
        client.close_connection |= not whole
        self._respond(response, own_headers)
        if not whole:
            self._linger()

    def _rewritten(self, name: str, value: str, redirects: bool) -> tuple[str, str]:
        new: str | None = None if _is_folded(value) else value
        if name.lower() == "location":
            new = self._location(value, elsewhere=redirects)
        elif name.lower() == "link":
            link = link_parts(value)
            reference = link and self._location(link[0], elsewhere=False)
            new = f"<{reference}>{link[1]}" if link and reference else None
        if new is None:
            raise ResponseNotRelayable(
                self._registry.origin, f"answered with a {name} that cannot be passed on"
            )
        return name, new

    def _location(self, reference: str, elsewhere: bool) -> str | None:
        """Uploads go on under the prefix, where they began; what else is at the registry starts again under
        /v2/, and what is at another host stays where it may."""
        location = location_from(self._registry, self._target, reference, elsewhere)
        if location is None or not location.startswith("/"):
            return location
        parsed = registry_path(location.partition("?")[0])
        if parsed is None:
            return None
        return (
            edge_path(self._registry.authority, location) if parsed.endpoint is Endpoint.UPLOAD else location
        )

    def _respond(self, response: http.client.HTTPResponse, headers: list[tuple[str, str]]) -> None:
        client = self._client
        length = response.headers["Content-Length"]
        # An HTTP/1.0 client reads to the end of the connection.
        chunked = response.length is None and client.request_version != "HTTP/1.0"
        if chunked:
            headers.append(("Transfer-Encoding", "chunked"))
        elif response.length is None:
            client.close_connection = True
        elif length is not None and response.status != 204:
            headers.append(("Content-Length", length))
        self._begin(response.status, headers)
        try:
            for piece in response_pieces(response):
                client.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        except (OSError, http.client.HTTPException):
            # Only the end of the connection can say now that the body is not whole.
            client.close_connection = True
        else:
            client.wfile.write(b"0\r\n\r\n" if chunked else b"")

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Nobody can tell how much of the body is still to come, so the connection ends."""
        self._client.close_connection = True
        response = error_response(status, code, message)
        body = response.body.encode()
        with suppress(OSError):
            self._begin(status, [*response.headers.items(), ("Content-Length", str(len(body)))])
            if self._client.command != "HEAD":
                self._client.wfile.write(body)
            self._linger()

    def _begin(self, status: int, headers: list[tuple[str, str]]) -> None:
        client = self._client
        sys.stdout.write(f"{request_line(str(uuid.uuid4()), self._line, 'stream', status)}\n")
        client.send_response_only(status)
        for name, value in headers:
            client.send_header(name, value)
        if client.close_connection:
            client.send_header("Connection", "close")
        client.end_headers()

    def _linger(self) -> None:
        """Read on for a while: a client that writes its whole body first would not see the response if the
        connection ended under it."""
        connection = self._client.connection
        deadline = time.monotonic() + _LINGER_SECONDS
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_LINGER_SECONDS)
        while time.monotonic() < deadline and connection.recv(PIECE):
            pass


def _passed(headers: Message) -> list[tuple[str, str]]:
    """The headers that are for both ends."""
    for_us_alone = {
        name.strip().lower() for value in headers.get_all("Connection", []) for name in value.split(",")
    }
    return [
        (name, value)
        for name, value in headers.items()
        if name.lower() not in _OF_THE_CONNECTION and name.lower() not in for_us_alone
    ]


def _is_folded(value: str) -> bool:
    return "\r" in value or "\n" in value
