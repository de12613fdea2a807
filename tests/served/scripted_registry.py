"""A registry that says what a test scripts, byte for byte, and connections that end with the test."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from chalicelib.registry_host import RegistryHost
from chalicelib.relaying.registry_connection import RegistryConnection
from chalicelib.relaying.relay import RegistryRequest

GET = RegistryRequest("GET", "/v2/r/manifests/latest", (("Accept", "a/b"), ("Accept", "c/d")), 7)
TLS = ssl.create_default_context()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NEXT_REQUEST = b""


class Script:
    """A raw server: each connection gets the next script, of byte strings, pauses and NEXT_REQUEST."""

    def __init__(self, *connections: list[bytes | float], context: ssl.SSLContext | None = None) -> None:
        self._connections = list(connections)
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._ended = threading.Event()
        self.accepted = 0
        scheme = "https" if context else "http"
        self.origin = f"{scheme}://127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        for steps in self._connections:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.accepted += 1
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                for step in steps:
                    if step == NEXT_REQUEST:
                        connection.recv(65536)
                    elif isinstance(step, bytes):
                        connection.sendall(step)
                    else:
                        self._ended.wait(step)

    def __enter__(self) -> Script:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@contextlib.contextmanager
def connected(origin: str, **options: float) -> Iterator[RegistryConnection]:
    connection = RegistryConnection(RegistryHost.parse(origin), TLS, **options)  # type: ignore[arg-type]
    yield connection
    close_kept(connection)


def close_kept(registry: RegistryConnection) -> None:
    """End this thread's kept connection."""
    registry._kept_connection(GET._replace(connection_key=-1))
