"""The layer bucket of the real registry: its storage directory on an origin of its own.

docker-registry's `redirect` storage middleware sends blob downloads here, as ECR sends them to S3;
and as S3 does, this refuses a request that brings credentials of its own beside the URL's.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from tests.standins.http_message import Request, Response
from tests.standins.http_server import HttpServer

ADDRESS = "127.0.0.2"
"""Not the registry's host name: clients that compare names without ports take it for another host."""
_REFUSAL = b"<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>"


def layer_bucket(storage: Path, context: ssl.SSLContext) -> HttpServer:
    """Serves the files below `storage`."""

    def answer(request: Request) -> Response:
        if request.value("Authorization") is not None:
            return Response(400, (("Content-Type", "application/xml"),), _REFUSAL)
        path = (storage / request.path.lstrip("/")).resolve()
        if request.method not in {"GET", "HEAD"} or not path.is_relative_to(storage) or not path.is_file():
            return Response(404)
        return Response(200, (("Content-Type", "application/octet-stream"),), path.read_bytes())

    return HttpServer(answer, context=context, address=ADDRESS)
