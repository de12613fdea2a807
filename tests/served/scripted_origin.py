"""A server that responds as a test says, and remembers the requests."""

from __future__ import annotations

import ssl

from tests.standins.http_message import Handler, HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer
from tests.standins.running import Running


class ScriptedOrigin(Running):
    """On 127.0.0.1, known by `name`, with TLS if there is a `context`."""

    def __init__(
        self, handler: Handler, context: ssl.SSLContext | None = None, name: str = "127.0.0.1"
    ) -> None:
        self.handler = handler
        self.requests: list[HttpRequest] = []
        self.server = HttpServer(self._serve, context=context, name=name)

    @property
    def origin(self) -> str:
        return self.server.origin

    @property
    def connections(self) -> int:
        """How many were made to it."""
        return self.server.connections

    @property
    def last(self) -> HttpRequest:
        return self.requests[-1]

    @property
    def targets(self) -> list[str]:
        return [each.target for each in self.requests]

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def _serve(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return self.handler(request)
