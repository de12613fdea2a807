"""A small registry client that shows every hop: for the demo, the load test and the benchmarks.

It authenticates as most clients do: without credentials until the first 401, then with them at the host
it was configured for and at no other.
"""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

from tests.standins.registry_store import digest_of

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_OCTETS = "application/octet-stream"
_MOST_REDIRECTS = 10


@dataclass(frozen=True)
class Hop:
    """One request and its answer; `location` may hold a signature, which `shown` masks."""

    method: str
    url: str = field(repr=False)
    status: int
    location: str | None = field(default=None, repr=False)
    authenticated: bool = False


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class UnexpectedStatus(Exception):
    """An answer that ends the operation."""

    def __init__(self, method: str, url: str, status: int, body: bytes) -> None:
        super().__init__(f"{method} {urlsplit(url).path}: {status} {body[:300]!r}")
        self.status = status


def shown(url: str) -> str:
    """A URL as people may see it: without user info, and a presigned query cut off."""
    parts = urlsplit(url)
    user_info, separator, host = parts.netloc.rpartition("@")
    masked = parts._replace(netloc=f"{user_info.partition(':')[0]}:***@{host}" if separator else host)
    if "X-Amz-Signature" in parts.query:
        masked = masked._replace(query="X-Amz-Signature=***")
    return masked.geturl()


class _ResolvedConnection(http.client.HTTPSConnection):
    """To an address that is not the system's answer for the name."""

    def __init__(self, host: str, tls: ssl.SSLContext | None, address: tuple[str, int] | None) -> None:
        super().__init__(host, timeout=60, context=tls)
        self._tls = tls or ssl.create_default_context()
        self._address = address or (self.host, self.port)

    def connect(self) -> None:
        plain = socket.create_connection(self._address, timeout=60)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


class RegistryClient:
    """`user_agent` chooses how the service treats it; `observe` is told of each hop as it happens; `resolve`
    is the DNS for a HOST[:PORT], None where the system's own is asked."""

    def __init__(
        self,
        origin: str,
        password: str,
        user_agent: str,
        *,
        tls: ssl.SSLContext | None = None,
        observe: Callable[[Hop], None] = lambda hop: None,
        resolve: Callable[[str], tuple[str, int] | None] = lambda authority: None,
    ) -> None:
        self._origin = origin
        self._host = urlsplit(origin).netloc
        self._authorization = _basic("AWS", password)
        self._user_agent = user_agent
        self._tls = tls
        self._observe = observe
        self._resolve = resolve
        self._challenged = False
        self._connections: dict[str, http.client.HTTPConnection] = {}

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def __enter__(self) -> RegistryClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def push(self, repository: str, tag: str, *layers: bytes) -> str:
        """Push an image of these layers; returns its digest. Raises UnexpectedStatus."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "layers": len(layers)}).encode()
        described = [self._push_blob(repository, layer, LAYER_TYPE) for layer in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self._push_blob(repository, config, CONFIG_TYPE),
            "layers": described,
        }
        content = json.dumps(manifest).encode()
        self.expect(201, "PUT", f"/v2/{repository}/manifests/{tag}", {"Content-Type": MANIFEST_TYPE}, content)
        return digest_of(content)

    def pull(self, repository: str, reference: str) -> list[bytes]:
        """The layers of an image, each checked against its digest. Raises UnexpectedStatus."""
        target = f"/v2/{repository}/manifests/{reference}"
        self.expect(200, "HEAD", target, {"Accept": MANIFEST_TYPE})
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
    ) -> Reply:
        """`ask`, and UnexpectedStatus for any other answer."""
        reply = self.ask(method, target, headers, body)
        if reply.status != status:
            raise UnexpectedStatus(method, target, reply.status, reply.body)
        return reply

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """The answer at the end of all redirects, and of the one challenge."""
        reply = self._follow(method, target, headers, body)
        if reply.status == 401 and not self._challenged:
            self._challenged = True
            reply = self._follow(method, target, headers, body)
        return reply

    def _follow(self, method: str, target: str, headers: Mapping[str, str] | None, body: bytes) -> Reply:
        url = urljoin(self._origin, target)
        for _ in range(_MOST_REDIRECTS):
            reply = self._exchange(method, url, headers or {}, body)
            location = reply.headers["Location"]
            if reply.status not in (301, 302, 307, 308) or location is None:
                return reply
            url = urljoin(url, location)
        raise UnexpectedStatus(method, target, reply.status, b"too many redirects")

    def _push_blob(self, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
        digest = digest_of(content)
        descriptor = {"mediaType": media_type, "digest": digest, "size": len(content)}
        if self.ask("HEAD", f"/v2/{repository}/blobs/{digest}").status == 200:
            return descriptor
        start = self.expect(202, "POST", f"/v2/{repository}/blobs/uploads/")
        location = start.headers["Location"]
        end = f"{location}{'&' if '?' in location else '?'}digest={digest}"
        self.expect(201, "PUT", end, {"Content-Type": _OCTETS}, content)
        return descriptor

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        parts = urlsplit(url)
        host = parts.netloc
        authorization = self._authorization if self._challenged and host == self._host else None
        lines = {"User-Agent": self._user_agent, **headers}
        if authorization is not None:
            lines["Authorization"] = authorization
        connection = self._connection(parts.scheme, host)
        target = parts._replace(scheme="", netloc="").geturl()
        connection.request(method, target, body or None, lines)
        response = connection.getresponse()
        reply = Reply(response.status, response.headers, response.read())
        location = reply.headers["Location"]
        self._observe(Hop(method, url, reply.status, location, authorization is not None))
        return reply

    def _connection(self, scheme: str, host: str) -> http.client.HTTPConnection:
        connection = self._connections.get(host)
        if connection is None:
            if scheme == "https":
                connection = _ResolvedConnection(host, self._tls, self._resolve(host))
            else:
                connection = http.client.HTTPConnection(host, timeout=60)
            self._connections[host] = connection
        return connection


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
