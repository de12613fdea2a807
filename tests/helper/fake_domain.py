"""A custom domain on a loopback port: TLS, the redirect service's responses, and a registry.

What is not under /v2/ is redirected to the registry in every mode. In EDGE, /v2/ is redirected to
/_registry/REGISTRY/v2/ on the domain itself, where the registry answers; in RELAY it answers under /v2/ to
whoever has credentials, and all else is redirected. In PLAIN, everything is redirected.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

import trustme

from tests.helper.program import REGISTRY
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer

BUCKET = "https://layers.example.com/blob?X-Amz-Signature=presigned"

IMAGE_CONFIG = json.dumps(
    {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}
)
CONFIG_DIGEST = "sha256:" + hashlib.sha256(IMAGE_CONFIG.encode()).hexdigest()
LAYER_DIGEST = "sha256:" + "1" * 64
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(IMAGE_CONFIG),
            "digest": CONFIG_DIGEST,
        },
        "layers": [
            {
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": 1,
                "digest": LAYER_DIGEST,
            }
        ],
    }
)
MANIFEST_DIGEST = "sha256:" + hashlib.sha256(MANIFEST.encode()).hexdigest()
INDEX = json.dumps(
    {
        "schemaVersion": 2,
        "manifests": [{"digest": MANIFEST_DIGEST, "platform": {"os": "linux", "architecture": "amd64"}}],
    }
)


class Mode(Enum):
    """How the redirect service is set."""

    EDGE = "edge"
    RELAY = "relay"
    PLAIN = "plain"


@dataclass(frozen=True)
class DomainRequest:
    """A request as it arrived."""

    method: str
    path: str
    authorization: str


@dataclass
class FakeDomain:
    """A running domain; its fields decide how it responds next."""

    #: HOST:PORT.
    host: str = ""
    mode: Mode = Mode.RELAY
    #: What is answered to a request that is redirected to the registry.
    status: int = 307
    location: str = f"https://{REGISTRY}/"
    #: Seconds before each response.
    delay: float = 0.0
    #: It asks for credentials itself, as a registry does.
    challenges: bool = False
    #: The password that the registry takes.
    password: str = ""
    #: The end of a path, or a method and the end of a path -> status and OCI error of a refusal; for a
    #: redirect, its Location in place of the error's message.
    refusals: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    #: Every request, in order.
    seen: list[DomainRequest] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.seen]

    def respond(self, request: HttpRequest) -> HttpResponse:
        """The handler of its server."""
        authorization = request.value("Authorization") or ""
        self.seen.append(DomainRequest(request.method, request.target, authorization))
        time.sleep(self.delay)
        path = request.path
        edge = f"/_registry/{REGISTRY}"
        if path.startswith(f"{edge}/v2/"):
            return self._registry(request.method, path.removeprefix(edge), authorization, edge)
        if not path.startswith("/v2/"):
            return self._redirect(self.location)
        if self.mode is Mode.EDGE:
            return self._redirect(edge + path)
        if self.challenges or (authorization and self.mode is Mode.RELAY):
            return self._registry(request.method, path, authorization, "")
        return self._redirect(f"https://{REGISTRY}{path}")

    def _redirect(self, location: str) -> HttpResponse:
        return HttpResponse(self.status, (("Location", location),) if location else ())

    def _registry(self, method: str, path: str, authorization: str, prefix: str) -> HttpResponse:
        expected = "Basic " + base64.b64encode(f"AWS:{self.password}".encode()).decode()
        if authorization != expected:
            return HttpResponse(401, (("WWW-Authenticate", 'Basic realm="test"'),), b"denied")
        for key, (status, code, message) in self.refusals.items():
            wanted_method, _, end = key.rpartition(" ")
            if path.endswith(end) and wanted_method in ("", method):
                if status in (301, 302, 307, 308):
                    return HttpResponse(status, (("Location", message),))
                error = {"errors": [{"code": code, "message": message}]}
                return HttpResponse(status, (), json.dumps(error).encode() if code else b"")
        if "/blobs/uploads/" in path:
            upload = (("Location", f"{prefix}/v2/app/blobs/uploads/1"),)
            # ECR answers PATCH with 201 (docs/cloudfront.md#the-registry-behind-it).
            status = {"DELETE": 204, "PATCH": 201}.get(method, 202)
            return HttpResponse(status, () if method == "DELETE" else upload)
        if path.endswith(LAYER_DIGEST):
            return HttpResponse(307, (("Location", BUCKET),))
        if "/blobs/" in path and not path.endswith(CONFIG_DIGEST):
            return HttpResponse(404)
        media_type, body = self._content(path)
        headers = (("Content-Type", media_type), ("Docker-Distribution-Api-Version", "registry/2.0"))
        return HttpResponse(200, headers, body.encode())

    @staticmethod
    def _content(path: str) -> tuple[str, str]:
        if path.endswith("/tags/list"):
            return "application/json", json.dumps({"name": "app", "tags": ["1.0"]})
        if "/blobs/" in path:
            return "application/octet-stream", IMAGE_CONFIG
        if path.endswith("/manifests/index"):
            return "application/vnd.oci.image.index.v1+json", INDEX
        return MANIFEST_TYPE, MANIFEST


@contextmanager
def fake_domain(authority: trustme.CA, *, name: str = "localhost") -> Iterator[FakeDomain]:
    """A running FakeDomain on localhost, with a certificate for `name`."""
    domain = FakeDomain()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    with HttpServer(domain.respond, context=context, name="localhost") as server:
        domain.host = server.authority
        yield domain
