"""A registry's upload and download of any size, which never holds a body as a whole."""

from __future__ import annotations

import hashlib
import queue
import socket
from collections.abc import Callable

import h11

from tests.standins.listener import Listener
from tests.standins.running import Running

_READ = 256 * 1024


class StreamingRegistry(Running):
    """Responds to a request with a body with 201 and the body's digest, to any other with `size` zero bytes.

    `reached` is called with the number of body bytes so far, in either direction.
    """

    def __init__(self, size: int = 0) -> None:
        self._size = size
        self._listener = Listener(self._serve, None)
        self.authority = f"127.0.0.1:{self._listener.port}"
        self.reached: Callable[[int], None] = lambda total: None
        self.heads: list[h11.Request] = []
        #: What ended an exchange early, one for each.
        self.broken: queue.Queue[Exception] = queue.Queue()

    def start(self) -> None:
        self._listener.start()

    def stop(self) -> None:
        self._listener.stop()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            self._respond(connection)
        except (OSError, h11.RemoteProtocolError) as error:
            self.broken.put(error)

    def _respond(self, connection: socket.socket) -> None:
        protocol = h11.Connection(h11.SERVER)
        digest, total = hashlib.sha256(), 0
        while not isinstance(event := protocol.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                protocol.receive_data(connection.recv(_READ))
            elif isinstance(event, h11.Request):
                self.heads.append(event)
            elif isinstance(event, h11.Data):
                digest.update(event.data)
                total += len(event.data)
                self.reached(total)
        status, size, text = (201, 0, digest.hexdigest()) if total else (200, self._size, "")
        head = h11.Response(status_code=status, headers=[("Content-Length", str(size)), ("X-Digest", text)])
        connection.sendall(protocol.send(head) or b"")
        for sent in range(0, size, _READ):
            connection.sendall(bytes(min(_READ, size - sent)))
            self.reached(sent)
