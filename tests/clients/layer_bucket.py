"""The layer bucket of the real registry: its storage directory on an origin of its own.

docker-registry's `redirect` storage middleware sends blob downloads here, as ECR sends them to S3;
and as S3 does, this refuses a request that brings credentials of its own beside the URL's.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer

ADDRESS = "127.0.0.2"
"""Not the registry's host name: clients that compare names without ports take it for another host."""
_REFUSAL = b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"


class RegistryBucket(HttpServer):
    """Serves the files below `storage`, and remembers which."""

    def __init__(self, storage: Path, context: ssl.SSLContext) -> None:
        super().__init__(self._respond, context=context, address=ADDRESS)
        self._storage = storage
        self.served: set[str] = set()
        """The paths that were downloaded."""

    def _respond(self, request: HttpRequest) -> HttpResponse:
        if request.value("Authorization") is not None:
            return HttpResponse(400, (("Content-Type", "application/xml"),), _REFUSAL)
        path = (self._storage / request.path.lstrip("/")).resolve()
        if not path.is_relative_to(self._storage) or not path.is_file():
            return HttpResponse(404)
        if request.method == "GET":
            self.served.add(request.path)
        return HttpResponse(200, (("Content-Type", "application/octet-stream"),), path.read_bytes())
