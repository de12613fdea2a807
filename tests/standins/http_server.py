"""A small threaded HTTP/1.1 server on loopback, TLS or plain, which hands each request to a function.

One thread per connection; h11 reads and frames the messages (chunked bodies, keep-alive, HEAD,
`Expect: 100-continue`). What `http.server` would change on the way is left alone: leading slashes of
the target, the order and spelling of headers. `stop()` ends every connection and joins every thread;
a handler that crashed is reported there, so that it fails the test which owned the server.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from http import HTTPStatus

import h11

from tests.standins.http_message import (
    CloseConnection,
    Handler,
    HttpRequest,
    HttpResponse,
    NotHttp,
    ResetConnection,
)
from tests.standins.listener import Listener, reset
from tests.standins.running import Running

_HEADER_LIMIT = 256 * 1024
"""Far above what the gateway accepts, so that the refusal is the gateway's own."""
_READ = 256 * 1024
_BODYLESS = frozenset({204, 304})


class HttpServer(Running):
    """Serves `handler` from `start()` (or `with`) until `stop()`.

    `name` stands in `origin` and must be one of the certificate's names; `address` is the loopback
    address bound. `context` None means plain HTTP.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        context: ssl.SSLContext | None = None,
        address: str = "127.0.0.1",
        name: str | None = None,
    ) -> None:
        self._handler = handler
        self._listener = Listener(self._serve, context, address)
        self.host = name or address
        self.port = self._listener.port
        self.authority = f"{self.host}:{self.port}"
        self.origin = f"{'https' if context else 'http'}://{self.authority}"

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._listener.connections

    def start(self) -> None:
        self._listener.start()

    def stop(self) -> None:
        """Ends all connections and threads. Raises the first crash of a handler, if there was one."""
        self._listener.stop()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        _HttpConnection(connection, peer, self._handler).serve(lambda: self._listener.ending)


class _HttpConnection:
    """One connection's messages, until one end has had enough."""

    def __init__(self, connection: socket.socket, peer: str, handler: Handler) -> None:
        self._socket = connection
        self._peer = peer
        self._handler = handler

    def serve(self, ending: Callable[[], bool]) -> None:
        protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADER_LIMIT)
        while not ending():
            try:
                request = self._read(protocol)
            except h11.RemoteProtocolError as error:
                self._send(protocol, None, HttpResponse(error.error_status_hint))
                return
            if request is None:
                return
            try:
                response = self._handler(request)
            except NotHttp as answer:
                self._socket.sendall(answer.content)
                return
            except ResetConnection:
                reset(self._socket)
                return
            except CloseConnection:
                return
            except Exception:
                self._send(protocol, request, HttpResponse(500))
                raise
            self._send(protocol, request, response)
            if protocol.our_state is not h11.DONE or protocol.their_state is not h11.DONE:
                return
            protocol.start_next_cycle()

    def _read(self, protocol: h11.Connection) -> HttpRequest | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                if head is not None and protocol.they_are_waiting_for_100_continue:
                    self._socket.sendall(
                        protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                    )
                protocol.receive_data(self._socket.recv(_READ))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return HttpRequest(
                    head.method.decode("latin-1"),
                    head.target.decode("latin-1"),
                    tuple(
                        (name.decode("latin-1"), value.decode("latin-1"))
                        for name, value in head.headers.raw_items()
                    ),
                    bytes(body),
                    self._peer,
                )
            else:
                return None

    def _send(self, protocol: h11.Connection, request: HttpRequest | None, response: HttpResponse) -> None:
        if protocol.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        headers = list(response.headers)
        if not response.values("Content-Length") and response.status not in _BODYLESS:
            headers.append(("Content-Length", str(len(response.body))))
        head = protocol.send(
            h11.Response(
                status_code=response.status,
                headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
                reason=_reason(response.status),
            )
        )
        # h11 frames by what it knows was asked; when it could not read the request it knows nothing.
        silent = request is None or request.method == "HEAD" or response.status in _BODYLESS
        data = b"" if silent else protocol.send(h11.Data(data=response.body)) or b""
        end = b"" if request is None else protocol.send(h11.EndOfMessage()) or b""
        self._socket.sendall((head or b"") + data + end)


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
