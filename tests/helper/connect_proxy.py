"""An HTTP proxy on loopback that lets every tunnel lead to one address, whatever name it is asked for."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

from tests.standins.listener import Listener, wake
from tests.standins.wire import Wire


def connect_proxy(port: int, asked: list[str]) -> Listener:
    """A proxy, not started, in front of `port` of this machine; HOST:PORT of each CONNECT goes to `asked`."""

    def serve(connection: socket.socket, _: str) -> None:
        head = Wire(connection).read_head(64 * 1024)
        assert head is not None
        method, target, _ = head.decode().split(" ", 2)
        assert method == "CONNECT"
        asked.append(target)
        with socket.create_connection(("localhost", port)) as registry:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_carry, args=(registry, connection))
            back.start()
            _carry(connection, registry)
            back.join()

    return Listener(serve)


def _carry(source: socket.socket, target: socket.socket) -> None:
    """Until one of the two ends, which ends the other."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    wake(source)
    wake(target)
