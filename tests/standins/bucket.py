"""The layer bucket: S3 on an origin of its own, reached by presigned URLs, as ECR's blob downloads end there.

S3 refuses a request that is presigned and carries `Authorization` as well; a client or a redirector
that takes the registry's credentials along is caught by that.
"""

from __future__ import annotations

import re
import secrets
import ssl
import threading
import time
from urllib.parse import quote

from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer

_TWO_MECHANISMS = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string"
    " parameter or the Authorization header should be specified"
)
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class LayerBucket(HttpServer):
    """Serves what was given to `presign`, to whoever has the URL."""

    def __init__(self, context: ssl.SSLContext | None, *, address: str, name: str | None = None) -> None:
        super().__init__(self._respond, context=context, address=address, name=name)
        self._objects: dict[str, bytes] = {}
        self._signatures: set[str] = set()
        self.requests: list[HttpRequest] = []
        """What came so far, in order."""
        self._lock = threading.Lock()
        self.delay = 0.0
        """Seconds before each response."""

    def presign(self, digest: str, content: bytes) -> str:
        """A URL of ECR's shape that serves `content`; its query is a credential like any presigned URL's."""
        signature = secrets.token_hex(32)
        path = f"/1a2b3c-123456789012-0d9c7e46/{digest.replace(':', '-')}"
        with self._lock:
            self._objects[path] = content
            self._signatures.add(signature)
        token = quote(secrets.token_urlsafe(600) + "+/==", safe="")
        credential = quote("ASIAEXAMPLE/20261124/us-west-2/s3/aws4_request", safe="")
        return (
            f"{self.origin}{path}?X-Amz-Security-Token={token}&X-Amz-Algorithm=AWS4-HMAC-SHA256"
            f"&X-Amz-Date=20261124T000000Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600"
            f"&X-Amz-Credential={credential}&X-Amz-Signature={signature}"
        )

    def _respond(self, request: HttpRequest) -> HttpResponse:
        time.sleep(self.delay)
        with self._lock:
            self.requests.append(request)
            content = self._objects.get(request.path)
            signed = request.parameter("X-Amz-Signature") in self._signatures
        if request.values("Authorization"):
            return _error(400, "InvalidArgument", _TWO_MECHANISMS)
        if not signed:
            return _error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        if content is None:
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        if request.method not in {"GET", "HEAD"}:
            return _error(405, "MethodNotAllowed", "The specified method is not allowed.")
        return _serve(content, request.value("Range"))


def _serve(content: bytes, wanted: str | None) -> HttpResponse:
    headers = (
        ("Content-Type", "application/octet-stream"),
        ("Accept-Ranges", "bytes"),
        ("Server", "AmazonS3"),
    )
    match = _RANGE.fullmatch(wanted or "")
    if match is None or match.group() == "bytes=-":
        return HttpResponse(200, headers, content)
    size = len(content)
    start, end = match.groups()
    first = int(start) if start else max(size - int(end), 0)
    last = min(int(end), size - 1) if start and end else size - 1
    if first > last:
        return _error(416, "InvalidRange", "The requested range is not satisfiable")
    return HttpResponse(
        206, (*headers, ("Content-Range", f"bytes {first}-{last}/{size}")), content[first : last + 1]
    )


def _error(status: int, code: str, message: str) -> HttpResponse:
    fault = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{fault}'
    return HttpResponse(status, (("Content-Type", "application/xml"), ("Server", "AmazonS3")), text.encode())
