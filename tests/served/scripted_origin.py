"""A server that responds as a test says, and remembers the requests."""

from __future__ import annotations

import ssl

from tests.standins.http_message import Handler, HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer


class ScriptedOrigin(HttpServer):
    """On 127.0.0.1, known by `name`, with TLS if there is a `context`."""

    def __init__(
        self, handler: Handler, context: ssl.SSLContext | None = None, name: str = "127.0.0.1"
    ) -> None:
        super().__init__(self._remembered, context=context, name=name)
        self.handler = handler
        self.requests: list[HttpRequest] = []

    @property
    def last(self) -> HttpRequest:
        return self.requests[-1]

    @property
    def targets(self) -> list[str]:
        return [each.target for each in self.requests]

    def _remembered(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return self.handler(request)
