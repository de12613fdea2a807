"""A registry's upload and download of any size, which never holds a body as a whole."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable

import h11

_READ = 256 * 1024


class StreamingRegistry:
    """Answers a request with a body with 201 and the body's digest, any other with `size` zero bytes.

    `reached` is called with the number of body bytes so far, in either direction.
    """

    def __init__(self, size: int = 0, reached: Callable[[int], None] = lambda total: None) -> None:
        self._size = size
        self._reached = reached
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.heads: list[h11.Request] = []
        #: What ended an exchange early, one for each.
        self.broken: list[Exception] = []

    def __enter__(self) -> StreamingRegistry:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except (OSError, h11.RemoteProtocolError) as error:
                    self.broken.append(error)

    def _answer(self, connection: socket.socket) -> None:
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
                self._reached(total)
        status, size, text = (201, 0, digest.hexdigest()) if total else (200, self._size, "")
        head = h11.Response(status_code=status, headers=[("Content-Length", str(size)), ("X-Digest", text)])
        connection.sendall(protocol.send(head) or b"")
        for sent in range(0, size, _READ):
            connection.sendall(bytes(min(_READ, size - sent)))
            self._reached(sent)
