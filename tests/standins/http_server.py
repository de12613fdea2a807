"""A small threaded HTTP/1.1 server on loopback, TLS or plain, which hands each request to a function.

One thread per connection; h11 reads and frames the messages (chunked bodies, keep-alive, HEAD,
`Expect: 100-continue`). What `http.server` would change on the way is left alone: leading slashes of
the target, the order and spelling of headers. `stop()` ends every connection and joins every thread;
a handler that crashed is reported there, so that it fails the test which owned the server.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import sys
import threading
from http import HTTPStatus
from types import TracebackType
from typing import Any

import h11

from tests.standins.http_message import CloseConnection, Handler, Request, Response

_HEADER_LIMIT = 256 * 1024
"""Far above what the gateway accepts, so that the refusal is the gateway's own."""
_READ = 256 * 1024
_BODYLESS = frozenset({204, 304})


class HttpServer:
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
        self._server = _Listener(address, handler, context)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.host = name or address
        self.port: int = self._server.server_address[1]
        self.authority = f"{self.host}:{self.port}"
        self.origin = f"{'https' if context else 'http'}://{self.authority}"

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self._server.accepted

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends all connections and threads. Raises the first crash of a handler, if there was one."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.end_connections()
        self._server.server_close()
        if self._server.crashes:
            raise self._server.crashes[0]

    def __enter__(self) -> HttpServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(socketserver.ThreadingTCPServer):
    request_queue_size = 512
    allow_reuse_address = True
    daemon_threads = False  # so that server_close joins them

    def __init__(self, address: str, handler: Handler, context: ssl.SSLContext | None) -> None:
        self.handler = handler
        self.context = context
        self.crashes: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._ending = False
        self.accepted = 0
        self._lock = threading.Lock()
        super().__init__((address, 0), _Connection)

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
            self._ending = True
            for connection in self._open:
                _wake(connection)

    @property
    def ending(self) -> bool:
        return self._ending

    def handle_error(self, request: object, client_address: object) -> None:
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            self.crashes.append(error)


def _wake(connection: socket.socket) -> None:
    # Not SSLSocket.shutdown: that drops the TLS state under the feet of the thread which reads.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Connection(socketserver.BaseRequestHandler):
    server: _Listener
    request: socket.socket

    def handle(self) -> None:
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADER_LIMIT)
        while not self.server.ending:
            try:
                request = self._read(protocol)
            except h11.RemoteProtocolError as error:
                self._send(protocol, None, Response(error.error_status_hint))
                return
            if request is None:
                return
            try:
                response = self.server.handler(request)
            except CloseConnection:
                return
            except Exception:
                self._send(protocol, request, Response(500))
                raise
            self._send(protocol, request, response)
            if protocol.our_state is not h11.DONE or protocol.their_state is not h11.DONE:
                return
            protocol.start_next_cycle()

    def _read(self, protocol: h11.Connection) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                if head is not None and protocol.they_are_waiting_for_100_continue:
                    self.request.sendall(
                        protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b""
                    )
                protocol.receive_data(self.request.recv(_READ))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return Request(
                    head.method.decode("latin-1"),
                    head.target.decode("latin-1"),
                    tuple(
                        (name.decode("latin-1"), value.decode("latin-1"))
                        for name, value in head.headers.raw_items()
                    ),
                    bytes(body),
                    self.client_address[0],
                )
            else:
                return None

    def _send(self, protocol: h11.Connection, request: Request | None, response: Response) -> None:
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
        self.request.sendall((head or b"") + data + end)


def _reason(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""
