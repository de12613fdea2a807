"""The HTTP/1.1 server of every stand-in, on loopback, TLS or plain: it hands each request to a function.

Nothing is changed on the way: leading slashes of the target, the order and spelling of headers. `stop()`
ends every connection and joins every thread; a handler that crashed is reported there, so that it fails the
test whose server it is.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from dataclasses import replace

from tests.standins.http_message import (
    CloseConnection,
    Handler,
    Header,
    HttpRequest,
    HttpResponse,
    NotHttp,
    Observer,
    ResetConnection,
    without,
)
from tests.standins.listener import Listener, reset
from tests.standins.wire import (
    BadMessage,
    HeadTooLong,
    Truncated,
    Wire,
    body_length,
    body_of,
    has_no_body,
    read_request,
    response_head,
)


class HttpListener(Listener):
    """Reads the heads of requests; a subclass takes it from there, body and response."""

    #: Bytes of a request's head; far above what the gateway accepts, so that the refusal is its own.
    head_limit = 256 * 1024

    def __init__(
        self, context: ssl.SSLContext | None, *, address: str = "127.0.0.1", name: str | None = None
    ) -> None:
        super().__init__(self._serve, context, address=address, name=name)

    def exchange(self, wire: Wire, request: HttpRequest) -> bool:
        """Responds to a request whose body is still on the wire; whether the connection is kept."""
        raise NotImplementedError

    def refusal(self, status: int) -> HttpResponse:
        """The response to what is no request, or too long."""
        return HttpResponse(status)

    def _serve(self, connection: socket.socket, peer: str) -> None:
        with contextlib.closing(Wire(connection)) as wire:
            while not self.ending and self._serve_next(wire, peer):
                pass

    def _serve_next(self, wire: Wire, peer: str) -> bool:
        """One request; whether another may follow."""
        try:
            head = wire.read_head(self.head_limit)
            if head is None:
                return False
            request = read_request(head, peer)
            if body_length(request) != 0 and "100-continue" in (request.value("Expect") or "").lower():
                wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        except HeadTooLong:
            self._refuse(wire, 413)
            return False
        except BadMessage:
            self._refuse(wire, 400)
            return False
        except Truncated:
            return False
        try:
            return self.exchange(wire, request)
        except HeadTooLong:
            self._refuse(wire, 413)
        except (BadMessage, Truncated, OSError):
            # One side went away in the middle of a message: the other must not take it for whole.
            reset(wire.socket)
        return False

    def _refuse(self, wire: Wire, status: int) -> None:
        write_whole(wire, None, self.refusal(status), keep=False)
        # What is not read yet would turn the close into a reset, which takes the response along.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(wire.socket, socket.SHUT_WR)
            wire.socket.settimeout(1)
            while wire.socket.recv(65536):
                pass


class HttpServer(HttpListener):
    """Serves `handler`, which is given whole requests, from `start()` (or `with`) until `stop()`."""

    def __init__(
        self,
        handler: Handler,
        *,
        context: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
        name: str | None = None,
        observe: Observer | None = None,
    ) -> None:
        super().__init__(context, address=address, name=name)
        self._handler = handler
        self.observe = observe
        """Is called with every request and response, secrets and all; may be set while running."""

    def exchange(self, wire: Wire, request: HttpRequest) -> bool:
        request = replace(request, body=b"".join(body_of(wire, request)))
        try:
            response = self._handler(request)
        except NotHttp as error:
            wire.write(error.content)
            return False
        except ResetConnection:
            reset(wire.socket)
            return False
        except CloseConnection:
            return False
        except Exception:
            write_whole(wire, request, HttpResponse(500), keep=False)
            raise
        if self.observe is not None:
            self.observe(request, response)
        keep = not (request.ends_connection or response.ends_connection)
        write_whole(wire, request, response, keep=keep)
        return keep


def write_whole(wire: Wire, request: HttpRequest | None, response: HttpResponse, *, keep: bool) -> None:
    """A response whose body is there. `request` None: it could not be read."""
    silent = has_no_body(request, response)
    headers: tuple[Header, ...] = response.headers
    if not response.values("Content-Length") and response.status not in (204, 304):
        headers = (*headers, ("Content-Length", str(len(response.body))))
    if not keep:
        headers = (*without(headers, "Connection"), ("Connection", "close"))
    head = response_head(replace(response, headers=headers))
    wire.write(head if silent else head + response.body)
