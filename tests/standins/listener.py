"""Accepts connections on loopback, TLS or plain, and runs one thread for each."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

from tests.standins.running import Running

Serve = Callable[[socket.socket, str], None]
"""Is given a connection, its handshake done, and the peer's address; the connection ends when it returns."""


class Listener(Running):
    """Serves from `start()` (or `with`) to `stop()`, on a free port of the loopback `address`.

    `context` None means plain TCP; `name` stands in `origin` and must be one of the certificate's names.
    """

    def __init__(
        self,
        serve: Serve,
        context: ssl.SSLContext | None = None,
        *,
        address: str = "127.0.0.1",
        name: str | None = None,
    ) -> None:
        self._listening = _Server(address, serve, context)
        self._thread = threading.Thread(target=self._listening.serve_forever, args=(0.05,), daemon=True)
        self.host = name or address
        self.port: int = self._listening.server_address[1]
        self.authority = f"{self.host}:{self.port}"
        """HOST:PORT, as in an image's name."""
        self.origin = f"{'https' if context else 'http'}://{self.authority}"

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._listening.accepted

    @property
    def ending(self) -> bool:
        """Whether `stop()` was called: a connection is not to be kept."""
        return self._listening.ending

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends all connections and threads. Raises the first crash of `serve`, if there was one."""
        if self._thread.is_alive():
            self._listening.shutdown()
            self._thread.join()
        self._listening.end_connections()
        self._listening.server_close()
        if self._listening.crashes:
            raise self._listening.crashes[0]


class _Server(socketserver.ThreadingTCPServer):
    request_queue_size = 512
    allow_reuse_address = True
    daemon_threads = False  # so that server_close joins them

    def __init__(self, address: str, serve: Serve, context: ssl.SSLContext | None) -> None:
        self.serve = serve
        self.context = context
        self.crashes: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self.ending = False
        self.accepted = 0
        self._lock = threading.Lock()
        super().__init__((address, 0), _ListenerConnection)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = self.socket.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context is not None:
            # The handshake happens in the connection's thread: a slow client must not hold the others up.
            connection = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
            self.accepted += 1
        return connection, peer

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as typeshed has it
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        with self._lock:
            self.ending = True
            for connection in self._open:
                wake(connection)

    def handle_error(self, request: object, client_address: object) -> None:
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.crashes.append(error)


def reset(connection: socket.socket) -> None:
    """Ends a connection so that the peer can not take what it has for a whole message."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def wake(connection: socket.socket) -> None:
    """Ends what another thread waits for at a connection."""
    # Not SSLSocket.shutdown: that drops the TLS state under the feet of the thread which reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _ListenerConnection(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        self.server.serve(self.request, self.client_address[0])
