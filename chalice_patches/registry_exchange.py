"""One request to a registry and its response, both streamed: neither is ever held in memory as a whole.

A registry may respond before it has read the whole body, as one does that refuses an upload; so each piece
is sent only while nothing has come back.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Iterator

from chalice_patches.request_body import PIECE, RequestBody
from chalicelib.errors import RegistryLate, RegistryUnreachable, ResponseNotRelayable
from chalicelib.http_message import without_repr
from chalicelib.registry_host import RegistryHost
from chalicelib.relaying.relay import is_length

# CloudFront's own bounds: OriginReadTimeout as infra sets it, and its ConnectionTimeout.
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 120.0

_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


@without_repr
class RegistryExchange:
    """A connection for one exchange, from `send` to `close`."""

    def __init__(self, registry: RegistryHost, tls: ssl.SSLContext, silence_seconds: float) -> None:
        self._registry = registry
        self._tls = tls
        self._silence_seconds = silence_seconds
        self._wire: _Wire | None = None

    def _connected(self) -> _Wire:
        registry = self._registry
        port = registry.port or (443 if registry.scheme == "https" else 80)
        host = registry.host.strip("[]")
        try:
            sock = socket.create_connection((host, port), CONNECT_SECONDS)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if registry.scheme == "https":
                sock = self._tls.wrap_socket(sock, server_hostname=host)
        except TimeoutError as error:
            reason = f"did not take a connection within {CONNECT_SECONDS:g} s"
            raise RegistryLate(registry.origin, reason) from error
        except OSError as error:
            raise self._unreachable("cannot be connected to", error) from error
        return _Wire(sock, self._silence_seconds)

    def send(
        self, method: str, target: str, headers: list[tuple[str, str]], body: RequestBody
    ) -> tuple[http.client.HTTPResponse, bool]:
        """The response as soon as its head is there, and whether the whole body was read before it came.
        Host and the headers of framing are added here.

        Raises RegistryUnreachable, RegistryLate or ResponseNotRelayable, and what reading the body raises.
        """
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._registry.authority}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body.length is None:
            lines.append("Transfer-Encoding: chunked")
        elif body.length or method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {body.length}")
        head = "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")
        wire = self._wire = self._connected()
        response = http.client.HTTPResponse(wire, method=method)  # type: ignore[arg-type]
        try:
            wire.send(head)
            whole = all(map(wire.send, _framed(body)))
            response.begin()
        except TimeoutError as error:
            raise RegistryLate(
                self._registry.origin, f"was silent for {self._silence_seconds:g} s"
            ) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._unreachable("did not answer in HTTP", error) from error
        lengths = set(response.headers.get_all("Content-Length", []))
        encodings = response.headers.get_all("Transfer-Encoding", [])
        # http.client takes the first of two lengths, knows one encoding, and skips what is not a header.
        ambiguous = (
            len(lengths) > 1 or not all(map(is_length, lengths)) or (encodings and not response.chunked)
        )
        if ambiguous or response.headers.defects:
            raise ResponseNotRelayable(self._registry.origin, "answered with malformed headers")
        if response.status < 200:
            raise ResponseNotRelayable(self._registry.origin, f"answered {response.status} alone")
        return response, whole

    def close(self) -> None:
        if self._wire is not None:
            self._wire.end()

    def _unreachable(self, what: str, error: Exception) -> RegistryUnreachable:
        # The class alone: http.client's messages quote what came.
        return RegistryUnreachable(self._registry.origin, f"{what} ({type(error).__name__})")


def response_pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body as it comes. Raises OSError or http.client.HTTPException where it ends early."""
    left = response.length
    while left != 0:
        piece = response.read1(PIECE if left is None else min(PIECE, left))
        if not piece:
            if left is not None:
                raise http.client.IncompleteRead(b"", left)
            return
        if left is not None:
            left -= len(piece)
        yield piece


def _framed(body: RequestBody) -> Iterator[bytes]:
    if body.length is not None:
        yield from body.pieces
        return
    for piece in body.pieces:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


class _Wire(io.RawIOBase):
    """A socket that is never waited for longer than `silence_seconds`, and that sees a response come while
    it sends. HTTPResponse takes it for the socket, of which it only calls makefile()."""

    def __init__(self, sock: socket.socket, silence_seconds: float) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._silence_seconds = silence_seconds
        #: What came while a request was sent.
        self._early = b""
        self._answered = False

    def send(self, data: bytes) -> bool:
        """Whether all was sent: False where something came before, be it the end of the connection."""
        rest = memoryview(data)
        deadline = time.monotonic() + self._silence_seconds
        while rest and not self._has_come():
            try:
                rest = rest[self._sock.send(rest) :]
            except _WOULD_BLOCK:
                self._wait(deadline, writing=True)
            except ConnectionError:
                # The response may have come just before the end.
                self._answered = True
        return not rest

    def _has_come(self) -> bool:
        if not self._answered:
            try:
                self._early = self._sock.recv(PIECE)
            except _WOULD_BLOCK:
                # Readable is not enough: it may be a session ticket of TLS.
                return False
            self._answered = True
        return True

    def _wait(self, deadline: float, *, writing: bool) -> None:
        left = deadline - time.monotonic()
        writers = [self._sock] if writing else []
        if left <= 0 or not any(select.select([self._sock], writers, [], left)):
            raise TimeoutError

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, PIECE)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._early:
            size = min(len(buffer), len(self._early))
            buffer[:size] = self._early[:size]
            self._early = self._early[size:]
            return size
        deadline = time.monotonic() + self._silence_seconds
        while True:
            try:
                return self._sock.recv_into(buffer)
            except _WOULD_BLOCK:
                self._wait(deadline, writing=False)

    def end(self) -> None:
        """Not close(), which HTTPResponse calls at the end of a body."""
        self._sock.close()
