"""A registry that knows the caller and refuses all the same: the case in which clients print URLs.

It asks for Basic credentials like any private registry, and answers one kind of request, once it is
authenticated, with one error status. All other requests are served from memory.
"""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from enum import Enum
from types import TracebackType

from tests.clients.image import Image
from tests.clients.registry import USER, registry_token
from tests.clients.stored_image import store_image
from tests.standins.bucket import LayerBucket
from tests.standins.distribution import Distribution
from tests.standins.faults import registry_error
from tests.standins.http_message import Request, Response
from tests.standins.http_server import HttpServer
from tests.standins.registry_store import RegistryStore

NAMES = ("localhost", "127.0.0.2")
"""Registry and layer bucket."""


class Kind(Enum):
    """A kind of request, by its path."""

    PING = "/v2/"
    MANIFESTS = "manifests"
    BLOBS = "blobs"
    UPLOADS = "uploads"


@dataclass(frozen=True)
class Refusal:
    """`aloud`: the error's message repeats the credentials, as no registry should."""

    kind: Kind
    status: int
    aloud: bool = False


class RefusingRegistry:
    """Runs within `with`; `refusal` may be set at any time."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.token = registry_token()
        self.refusal: Refusal | None = None
        self.refused = 0
        """How many authenticated requests got the refusal."""
        self._store = RegistryStore()
        self.bucket = LayerBucket(context, address=NAMES[1])
        self._server = HttpServer(self._answer, context=context, name=NAMES[0])
        self.authority = self._server.authority
        self._distribution = Distribution(self._store, self._server.origin, self.bucket.presign)

    @property
    def authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{USER}:{self.token}".encode()).decode()

    def put(self, image: Image, repository: str, tag: str) -> None:
        store_image(self._store, image, repository, tag)

    def __enter__(self) -> RefusingRegistry:
        self.bucket.server.start()
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self.bucket.server.stop()

    def _answer(self, request: Request) -> Response:
        if request.value("Authorization") != self.authorization:
            challenge = ("WWW-Authenticate", f'Basic realm="https://{self.authority}/"')
            return Response(401, (challenge, ("Content-Type", "text/plain")), b"Not Authorized\n")
        refusal = self.refusal
        if refusal is not None and kind_of(request.path) is refusal.kind:
            self.refused += 1
            said = self.authorization if refusal.aloud else "not for you"
            return registry_error(refusal.status, "DENIED", said)
        return self._distribution.answer(request)


def kind_of(path: str) -> Kind | None:
    """The kind of a registry API path; None for one that no client of the leak test asks for."""
    if path.rstrip("/") == "/v2":
        return Kind.PING
    found = (kind for kind in (Kind.UPLOADS, Kind.BLOBS, Kind.MANIFESTS) if f"/{kind.value}/" in path)
    return next(found, None)
