"""A private ECR registry, in memory, with the error texts of ECR.

What sets ECR apart from the usual registry, each seen at the real one: the Basic challenge with a
plain-text body; upload Locations absolute and on its own host; no Docker-Upload-UUID; PATCH answered
201; no Location for a manifest; blob downloads redirected to a bucket on another origin; an expired
token refused with 403 and plain text, a malformed one with 400.

What is known, and from where: docs/cloudfront.md#the-registry-behind-it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import ssl
import threading
from dataclasses import dataclass, replace
from enum import Enum

from tests.standins.bucket import LayerBucket
from tests.standins.distribution import Distribution
from tests.standins.faults import FaultQueue
from tests.standins.http_message import Header, HttpRequest, HttpResponse, Observer
from tests.standins.http_server import HttpServer
from tests.standins.registry_store import RegistryStore

ACCOUNT = "123456789012"
USER = "AWS"
API_VERSION = ("Docker-Distribution-Api-Version", "registry/2.0")
_EXPIRED = (
    b"Your Authorization Token has expired. Please run 'aws ecr get-login-password' to fetch a new one.\n"
)
_PLAIN = ("Content-Type", "text/plain; charset=utf-8")


def authorization_token(size: int = 3000) -> str:
    """A password as ECR issues them: base64, of `size` characters; 2,500 to 5,000 have been seen."""
    return base64.b64encode(secrets.token_bytes(size)).decode()[:size]


class SentCredentials(Enum):
    """What a request's Authorization came to."""

    ABSENT = "absent"
    RIGHT = "right"
    EXPIRED = "expired"
    WRONG = "wrong"


@dataclass(frozen=True)
class Seen:
    """A request that reached the registry, without its secret: Authorization's value is a mark."""

    method: str
    target: str
    headers: tuple[Header, ...]
    credentials: SentCredentials
    body_size: int
    status: int
    """Of the response; 0 when the connection was closed instead."""


class FakeEcr(HttpServer):
    """Registry and bucket, running from `start()` (or `with`) to `stop()`.

    `context` must be valid for the registry's and the bucket's names; None means plain HTTP for both.
    The two have different host names, not ports alone: clients that compare names without the port
    would take the bucket for the registry.
    """

    def __init__(
        self,
        context: ssl.SSLContext | None,
        *,
        token: str | None = None,
        name: str | None = None,
        bucket_address: str = "127.0.0.2",
        bucket_name: str | None = None,
        relative_links: bool = False,
        observe: Observer | None = None,
    ) -> None:
        super().__init__(self._recorded, context=context, name=name, observe=observe)
        self.token = token or authorization_token()
        self.expired = False
        """Set it, and the token is refused as one that is over 12 hours old."""
        self.store = RegistryStore()
        self.faults = FaultQueue()
        self.bucket = LayerBucket(context, address=bucket_address, name=bucket_name)
        self.distribution = Distribution(
            self.store, self.origin, self.bucket.presign, relative_links=relative_links
        )
        self._seen: list[Seen] = []
        self._lock = threading.Lock()

    @property
    def authorization(self) -> str:
        """The header value that lets a request in."""
        return "Basic " + base64.b64encode(f"{USER}:{self.token}".encode()).decode()

    @property
    def seen(self) -> list[Seen]:
        """The requests so far, in order."""
        with self._lock:
            return list(self._seen)

    def forget(self) -> None:
        """Empties `seen`."""
        with self._lock:
            self._seen.clear()

    def start(self) -> None:
        self.bucket.start()
        super().start()

    def stop(self) -> None:
        try:
            super().stop()
        finally:
            self.bucket.stop()

    def _recorded(self, request: HttpRequest) -> HttpResponse:
        credentials = self._credentials(request)
        status = 0
        try:
            response = self._respond(request, credentials)
            status = response.status
        finally:
            self._record(request, credentials, status)
        return replace(response, headers=(*response.headers, API_VERSION))

    def _respond(self, request: HttpRequest, credentials: SentCredentials) -> HttpResponse:
        if credentials is SentCredentials.ABSENT:
            challenge = f'Basic realm="{self.origin}/",service="ecr.amazonaws.com"'
            return HttpResponse(401, (("Www-Authenticate", challenge), _PLAIN), b"Not Authorized\n")
        if credentials is SentCredentials.EXPIRED:
            return HttpResponse(403, (_PLAIN,), _EXPIRED)
        if credentials is SentCredentials.WRONG:
            return HttpResponse(400, (_PLAIN,), b"Bad Request\n")
        return self.faults.strike() or self.distribution.respond(request)

    def _credentials(self, request: HttpRequest) -> SentCredentials:
        given = request.value("Authorization")
        scheme, _, encoded = (given or "").partition(" ")
        if given is None or scheme.lower() != "basic":
            return SentCredentials.ABSENT
        try:
            decoded = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return SentCredentials.WRONG
        if not secrets.compare_digest(decoded.encode(), f"{USER}:{self.token}".encode()):
            return SentCredentials.WRONG
        return SentCredentials.EXPIRED if self.expired else SentCredentials.RIGHT

    def _record(self, request: HttpRequest, credentials: SentCredentials, status: int) -> None:
        headers = tuple(
            (name, credentials.value if name.lower() == "authorization" else value)
            for name, value in request.headers
        )
        seen = Seen(request.method, request.target, headers, credentials, len(request.body), status)
        with self._lock:
            self._seen.append(seen)
