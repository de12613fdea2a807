"""Registries that say what a test scripts, byte for byte, and connections that end with the test."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from chalicelib.registry_host import RegistryHost
from chalicelib.relaying.registry_connection import RegistryConnection
from chalicelib.relaying.relay import RegistryRequest
from tests.standins.listener import Listener

GET = RegistryRequest("GET", "/v2/r/manifests/latest", (("Accept", "a/b"), ("Accept", "c/d")), 7)
TLS = ssl.create_default_context()
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NEXT_REQUEST = b""


class Script(Listener):
    """Each connection gets the next script, of byte strings, pauses and NEXT_REQUEST, and then its end."""

    def __init__(self, *connections: list[bytes | float], context: ssl.SSLContext | None = None) -> None:
        self._scripts = iter(connections)
        self._ended = threading.Event()
        super().__init__(self._serve, context)

    def stop(self) -> None:
        self._ended.set()
        super().stop()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        connection.recv(65536)
        for step in next(self._scripts, []):
            if step == NEXT_REQUEST:
                connection.recv(65536)
            elif isinstance(step, bytes):
                connection.sendall(step)
            else:
                self._ended.wait(step)


@contextlib.contextmanager
def connected(origin: str, tls: ssl.SSLContext = TLS, **options: float) -> Iterator[RegistryConnection]:
    connection = RegistryConnection(RegistryHost.parse(origin), tls, **options)  # type: ignore[arg-type]
    yield connection
    close_kept(connection)


def close_kept(registry: RegistryConnection) -> None:
    """End this thread's kept connection."""
    registry._kept_connection(GET._replace(connection_key=-1))
