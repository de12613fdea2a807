"""A small registry client that plays other clients by their conversation, and shows every hop: for the demo
and the tests.

It authenticates as all of them do: without credentials until the first 401, then with them at the host it
was configured for and at no other. tests/served/test_recorded_conversations.py holds the order of its
requests against recordings of the clients.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import urljoin, urlsplit

from tests.standins.http_client import ReceivedResponse, connection_to, exchange
from tests.standins.registry_store import digest_of

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
_OCTETS = "application/octet-stream"
_MOST_REDIRECTS = 10


class Upload(Enum):
    """How a blob is sent once its upload was started."""

    #: In one PUT.
    PUT = "put"
    #: In a PATCH that says its length, and a PUT that ends it.
    PATCH = "patch"
    #: The same without a length.
    CHUNKED_PATCH = "chunked patch"


@dataclass(frozen=True)
class Conversation:
    """What sets one kind of client apart from another."""

    user_agent: str
    upload: Upload
    #: GET /v2/ comes first.
    asks_version: bool = True
    #: A tag is resolved by HEAD, and its manifest asked for by digest.
    resolves: bool = False
    #: HEAD blob before an upload.
    looks_before: bool = True
    #: HEAD blob after an upload.
    looks_after: bool = False
    #: HEAD manifest before it is put.
    looks_for_manifest: bool = False
    #: Credentials go only below the path at which the challenge to GET /v2/ came, not to the whole host.
    by_path: bool = False


CRANE = Conversation("crane/v0.20.3", Upload.PATCH, looks_for_manifest=True)
SKOPEO = Conversation("skopeo/1.18.0", Upload.PATCH)
CONTAINERD = Conversation(
    "containerd/1.7.24", Upload.PUT, asks_version=False, resolves=True, looks_for_manifest=True
)
DOCKER_CLASSIC = Conversation(
    "docker/26.1.5",
    Upload.CHUNKED_PATCH,
    resolves=True,
    looks_before=False,
    looks_after=True,
    by_path=True,
)


@dataclass(frozen=True)
class Hop:
    """One request and its response."""

    method: str
    #: It may hold a presigned query, which is a credential.
    url: str = field(repr=False)
    status: int
    #: As `url`; None where the response has none.
    location: str | None = field(default=None, repr=False)
    authenticated: bool = False
    #: Bytes of the bodies.
    sent: int = 0
    received: int = 0
    #: CloudFront had the response in its cache.
    cached: bool = False

    @property
    def redirected(self) -> bool:
        return self.status in (301, 302, 307, 308) and self.location is not None


class UnexpectedStatus(Exception):
    """A response that ends the operation."""

    def __init__(self, method: str, url: str, status: int, body: bytes) -> None:
        super().__init__(f"{method} {urlsplit(url).path}: {status} {body[:300]!r}")
        self.status = status


class RegistryClient:
    """A client of `conversation`'s kind; `observe` is called with each hop as it happens.
    `resolve` is the DNS for a HOST[:PORT]; None where the system's own is asked."""

    def __init__(
        self,
        origin: str,
        password: str,
        conversation: Conversation = CRANE,
        *,
        tls: ssl.SSLContext | None = None,
        observe: Callable[[Hop], None] = lambda hop: None,
        resolve: Callable[[str], tuple[str, int] | None] = lambda authority: None,
    ) -> None:
        self._origin = origin
        self._authorization = "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()
        self._conversation = conversation
        self._tls = tls
        self._observe = observe
        #: Where the credentials go: the beginning of a URL, once a challenge came.
        self._challenged: str | None = None
        self._resolve = resolve
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def __enter__(self) -> RegistryClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def push(self, repository: str, tag: str, *layers: bytes, config: bytes = b"") -> str:
        """Push an image of these layers; its digest. Raises UnexpectedStatus."""
        self._ask_version()
        target = f"/v2/{repository}/manifests/{tag}"
        if self._conversation.looks_for_manifest and self._conversation.asks_version:
            self.ask("HEAD", target, {"Accept": MANIFEST_TYPE})
        config = config or json.dumps({"architecture": "amd64", "os": "linux"}).encode()
        described = [self._push_blob(repository, layer, LAYER_TYPE) for layer in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self._push_blob(repository, config, CONFIG_TYPE, is_config=True),
            "layers": described,
        }
        content = json.dumps(manifest).encode()
        if self._conversation.looks_for_manifest and not self._conversation.asks_version:
            self.ask("HEAD", target, {"Accept": MANIFEST_TYPE})
        self.expect(201, "PUT", target, {"Content-Type": MANIFEST_TYPE}, content)
        return digest_of(content)

    def pull(self, repository: str, tag: str) -> list[bytes]:
        """The layers of an image, each checked against its digest. Raises UnexpectedStatus."""
        self._ask_version()
        target = f"/v2/{repository}/manifests/{tag}"
        if self._conversation.resolves:
            digest = self.expect(200, "HEAD", target, {"Accept": MANIFEST_TYPE}).headers[
                "Docker-Content-Digest"
            ]
            # Where the service leaves the digest out, these clients go on by the tag.
            target = f"/v2/{repository}/manifests/{digest or tag}"
        manifest = json.loads(self.expect(200, "GET", target, {"Accept": MANIFEST_TYPE}).body)
        blobs = []
        for descriptor in [manifest["config"], *manifest["layers"]]:
            content = self.expect(200, "GET", f"/v2/{repository}/blobs/{descriptor['digest']}").body
            if digest_of(content) != descriptor["digest"]:
                raise ValueError(f"{descriptor['digest']} came as {digest_of(content)}")
            blobs.append(content)
        return blobs[1:]

    def expect(
        self,
        status: int,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> ReceivedResponse:
        """`ask`, and UnexpectedStatus for any other status."""
        reply = self.ask(method, target, headers, body)
        if reply.status != status:
            raise UnexpectedStatus(method, target, reply.status, reply.body)
        return reply

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> ReceivedResponse:
        """The response at the end of all redirects, and of the one challenge."""
        before = self._challenged
        reply = self._follow(method, target, headers or {}, body)
        if before != self._challenged:
            reply = self._follow(method, target, headers or {}, body)
        return reply

    def _ask_version(self) -> None:
        if self._conversation.asks_version and self._challenged is None:
            self._follow("GET", "/v2/", {}, b"")

    def _push_blob(
        self, repository: str, content: bytes, media_type: str, *, is_config: bool = False
    ) -> dict[str, Any]:
        digest = digest_of(content)
        descriptor = {"mediaType": media_type, "digest": digest, "size": len(content)}
        blob = f"/v2/{repository}/blobs/{digest}"
        if (self._conversation.looks_before or is_config) and self.ask("HEAD", blob).status == 200:
            return descriptor
        location = self.expect(202, "POST", f"/v2/{repository}/blobs/uploads/").headers["Location"]
        if self._conversation.upload is not Upload.PUT:
            reply = self.ask("PATCH", location, {"Content-Type": _OCTETS}, content)
            # ECR says 201 where the specification says 202.
            if reply.status not in (201, 202):
                raise UnexpectedStatus("PATCH", location, reply.status, reply.body)
            location, content = reply.headers["Location"], b""
        end = f"{location}{'&' if '?' in location else '?'}digest={digest}"
        self.expect(201, "PUT", end, {"Content-Type": _OCTETS}, content)
        if self._conversation.looks_after:
            self.expect(200, "HEAD", blob)
        return descriptor

    def _follow(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> ReceivedResponse:
        url = urljoin(self._origin, target)
        for _ in range(_MOST_REDIRECTS):
            hop, reply = self._exchange(method, url, headers, body)
            if reply.status == 401 and self._challenged is None and url.startswith(f"{self._origin}/"):
                base = url[: url.index("/v2/")] if self._conversation.by_path else self._origin
                self._challenged = f"{base}/"
            if not hop.redirected:
                return reply
            url = urljoin(url, str(hop.location))
        raise UnexpectedStatus(method, target, reply.status, b"too many redirects")

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Hop, ReceivedResponse]:
        parts = urlsplit(url)
        lines = {"User-Agent": self._conversation.user_agent, **headers}
        authenticated = self._challenged is not None and url.startswith(self._challenged)
        if authenticated:
            lines["Authorization"] = self._authorization
        target = parts._replace(scheme="", netloc="").geturl()
        chunked = method == "PATCH" and self._conversation.upload is Upload.CHUNKED_PATCH
        has_body = body or method in ("POST", "PUT", "PATCH")
        response = exchange(
            self._connection(parts.scheme, parts.netloc),
            method,
            target,
            lines,
            iter([body]) if chunked else body if has_body else None,
        )
        cached = response["X-Cache"].startswith("Hit")
        location, received = response.headers["Location"], len(response.body)
        hop = Hop(method, url, response.status, location, authenticated, len(body), received, cached)
        self._observe(hop)
        return hop, response

    def _connection(self, scheme: str, authority: str) -> http.client.HTTPConnection:
        if authority not in self._connections:
            tls = (self._tls or ssl.create_default_context()) if scheme == "https" else None
            self._connections[authority] = connection_to(authority, tls, self._resolve(authority))
        return self._connections[authority]
