"""A registry's upload and download of any size, which never holds a body as a whole."""

from __future__ import annotations

import hashlib
import queue
from collections.abc import Callable

from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.http_server import HttpListener
from tests.standins.wire import BadMessage, Truncated, Wire, body_of, response_head

_PIECE = 256 * 1024


class StreamingRegistry(HttpListener):
    """Responds to a request with a body with 201 and the body's digest, to any other with `size` zero bytes.

    `reached` is called with the number of body bytes so far, in either direction.
    """

    def __init__(self, size: int = 0) -> None:
        super().__init__(None)
        self._size = size
        self.reached: Callable[[int], None] = lambda total: None
        self.heads: list[HttpRequest] = []
        #: What ended an exchange early, one for each.
        self.broken: queue.Queue[Exception] = queue.Queue()

    def exchange(self, wire: Wire, request: HttpRequest) -> bool:
        self.heads.append(request)
        try:
            self._respond(wire, request)
        except (BadMessage, Truncated, OSError) as error:
            self.broken.put(error)
        return False

    def _respond(self, wire: Wire, request: HttpRequest) -> None:
        digest, total = hashlib.sha256(), 0
        for piece in body_of(wire, request):
            digest.update(piece)
            total += len(piece)
            self.reached(total)
        status, size, text = (201, 0, digest.hexdigest()) if total else (200, self._size, "")
        headers = (("Content-Length", str(size)), ("X-Digest", text), ("Connection", "close"))
        wire.write(response_head(HttpResponse(status, headers)))
        for sent in range(0, size, _PIECE):
            wire.write(bytes(min(_PIECE, size - sent)))
            self.reached(sent)
