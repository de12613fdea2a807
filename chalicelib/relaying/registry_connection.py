"""The connection to a configured registry: kept alive, one for each thread.

No redirect is followed, and nothing of a request chooses the host.
"""

from __future__ import annotations

import http.client
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable

from chalicelib.errors import RegistryLate, RegistryUnreachable
from chalicelib.registry_host import RegistryHost
from chalicelib.relaying.relay import RegistryRequest, RegistryResponse, is_length

CONNECT_SECONDS = 3.0
RESPONSE_SECONDS = 20.0
_HUNG_UP = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
# Lambda freezes between requests, and idle connections are dropped without a word.
IDLE_SECONDS = 20.0

_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})


class RegistryConnection:
    """Asks one registry over HTTP(S); safe to share between threads."""

    def __init__(
        self,
        host: RegistryHost,
        tls: ssl.SSLContext,
        clock: Callable[[], float] = time.time,
        connect_seconds: float = CONNECT_SECONDS,
        response_seconds: float = RESPONSE_SECONDS,
    ) -> None:
        self._host = host
        self._tls = tls
        self._clock = clock
        self._connect_seconds = connect_seconds
        self._response_seconds = response_seconds
        self._kept = threading.local()

    def ask(self, request: RegistryRequest) -> RegistryResponse:
        """A dead connection is replaced once, where sending the request twice does no harm.

        Raises RegistryUnreachable or RegistryLate.
        """
        deadline = time.monotonic() + self._response_seconds
        connection = self._kept_connection(request)
        if connection is not None:
            try:
                return self._exchange(connection, request, deadline)
            except _HUNG_UP as error:
                if request.method not in _IDEMPOTENT:
                    raise self._unreachable("closed the connection", error) from error
        connection = self._connected(deadline)
        try:
            return self._exchange(connection, request, deadline)
        except _HUNG_UP as error:
            raise self._unreachable("closed the connection", error) from error

    def _kept_connection(self, request: RegistryRequest) -> _Connection | None:
        connection: _Connection | None = getattr(self._kept, "connection", None)
        self._kept.connection = None
        if connection is None:
            return None
        # The rest of a response would be taken for the next one, which may be another client's.
        if (
            connection.key == request.connection_key
            and 0 <= self._clock() - connection.last_used < IDLE_SECONDS
        ):
            # Readable before anything was asked means closed, or out of step.
            left = connection.sock.pending() if isinstance(connection.sock, ssl.SSLSocket) else 0
            if not left and not select.select([connection.sock], [], [], 0)[0]:
                return connection
        connection.close()
        return None

    def _connected(self, deadline: float) -> _Connection:
        connection = _Connection(self._host, self._tls)
        try:
            connection.deadline = min(deadline, time.monotonic() + self._connect_seconds)
            connection.connect()
        except TimeoutError as error:
            connection.close()
            raise RegistryLate(
                self._host.origin, f"did not take a connection within {self._connect_seconds:g} s"
            ) from error
        except OSError as error:
            connection.close()
            raise self._unreachable("cannot be connected to", error) from error
        return connection

    def _exchange(
        self, connection: _Connection, request: RegistryRequest, deadline: float
    ) -> RegistryResponse:
        """Raises _HUNG_UP beside the errors of `ask`."""
        connection.deadline = deadline
        keep = False
        try:
            response, keep = _sent(connection, request, self._host.authority)
        except TimeoutError as error:
            raise RegistryLate(
                self._host.origin, f"gave no whole response within {self._response_seconds:g} s"
            ) from error
        except _HUNG_UP:
            raise
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._unreachable("did not answer in HTTP", error) from error
        finally:
            if keep:
                connection.key = request.connection_key
                connection.last_used = self._clock()
                self._kept.connection = connection
            else:
                connection.close()
        return response

    def _unreachable(self, what: str, error: Exception) -> RegistryUnreachable:
        # The class alone: http.client's messages quote the request.
        return RegistryUnreachable(self._host.origin, f"{what} ({type(error).__name__})")


class _Connection(http.client.HTTPConnection):
    """An http.client connection whose every read and write ends at one deadline."""

    def __init__(self, host: RegistryHost, tls: ssl.SSLContext) -> None:
        port = host.port or (443 if host.scheme == "https" else 80)
        super().__init__(host.host.strip("[]"), port)
        self._tls = tls if host.scheme == "https" else None
        self.key = 0
        self.last_used = self.deadline = 0.0

    def connect(self) -> None:
        """All addresses within one bound: http.client's own starts anew with each. Raises OSError."""
        refused: OSError | None = None
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self.host, self.port, type=socket.SOCK_STREAM
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(_left(self.deadline))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(_left(self.deadline))
                self.sock = self._tls.wrap_socket(sock, server_hostname=self.host) if self._tls else sock
            except OSError as error:
                sock.close()
                refused = error
            else:
                return
        raise refused or OSError("the host has no address")

    def response_class(self, sock: socket.socket, method: str | None = None) -> http.client.HTTPResponse:  # type: ignore[override]
        return http.client.HTTPResponse(_UntilDeadline(sock, self.deadline), method=method)  # type: ignore[arg-type]


class _UntilDeadline(io.RawIOBase):
    """Gives each read what time is left, so that no trickle of bytes stretches the whole. HTTPResponse
    takes it for the socket, of which it only calls makefile()."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        self._sock.settimeout(_left(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _sent(connection: _Connection, request: RegistryRequest, authority: str) -> tuple[RegistryResponse, bool]:
    """The response, and whether the connection can be used again."""
    connection.sock.settimeout(_left(connection.deadline))
    connection.putrequest(request.method, request.target, skip_host=True)
    connection.putheader("Host", authority)
    for name, value in request.headers:
        connection.putheader(name, value)
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body or None)
    with connection.getresponse() as response:
        if response.status < 200:
            # http.client skips 100 alone; the final response is still to come, and would be the next one's.
            raise http.client.HTTPException
        lengths = set(response.headers.get_all("Content-Length", []))
        if len(lengths) > 1 or not all(map(is_length, lengths)):
            # http.client takes the first of two, and a sign or other scripts' digits for a number too.
            raise http.client.HTTPException
        # One byte more tells "too large" from "just fits".
        body = response.read(request.body_limit + 1)
        whole = len(body) <= request.body_limit
        if whole and response.length:
            raise http.client.IncompleteRead(body, response.length)
        keep = response.isclosed() and not response.will_close
    return RegistryResponse(response.status, tuple(response.headers.raw_items()), body, whole), keep


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
