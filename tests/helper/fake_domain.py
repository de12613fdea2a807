"""A custom domain on a loopback port: TLS, the redirect service's answers for /v2/, and a small registry.

Without credentials every path is redirected to the registry; with Basic credentials the registry
behind it answers, as through the relay.
"""

from __future__ import annotations

import base64
import hashlib
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import trustme

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"

IMAGE_CONFIG = json.dumps(
    {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}
)
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
MANIFEST = json.dumps(
    {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(IMAGE_CONFIG),
            "digest": "sha256:" + hashlib.sha256(IMAGE_CONFIG.encode()).hexdigest(),
        },
        "layers": [
            {
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": 1,
                "digest": "sha256:" + "0" * 64,
            }
        ],
    }
)


@dataclass
class FakeDomain:
    """`host` is HOST:PORT. `location` is where it redirects; `challenges`: it answers 401 itself instead."""

    host: str = ""
    status: int = 307
    location: str = f"https://{REGISTRY}/v2/"
    delay: float = 0.0
    challenges: bool = False
    password: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    @staticmethod
    def content(path: str) -> tuple[str, str]:
        """Media type and body of what the registry has at `path`: one image."""
        if path.endswith("/tags/list"):
            return "application/json", json.dumps({"name": "app", "tags": ["1.0"]})
        if "/blobs/" in path:
            return "application/octet-stream", IMAGE_CONFIG
        return MANIFEST_TYPE, MANIFEST

    def reply(self, path: str, authorization: str) -> tuple[int, dict[str, str], str]:
        """Status, headers and body."""
        expected = "Basic " + base64.b64encode(f"AWS:{self.password}".encode()).decode()
        if authorization:
            if authorization != expected:
                return 401, {}, "denied"
            media_type, body = self.content(path)
            return 200, {"Content-Type": media_type, "Docker-Distribution-Api-Version": "registry/2.0"}, body
        if self.challenges:
            return 401, {"WWW-Authenticate": 'Basic realm="test"'}, ""
        return self.status, {"Location": self.location} if self.location else {}, ""


@contextmanager
def fake_domain(authority: trustme.CA, *, name: str = "localhost") -> Iterator[FakeDomain]:
    """A running FakeDomain on localhost, with a certificate for `name`."""
    domain = FakeDomain()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            authorization = self.headers.get("Authorization", "")
            domain.asked.append((self.path, authorization))
            time.sleep(domain.delay)
            status, headers, body = domain.reply(self.path, authorization)
            try:
                self.send_response(status)
                for header, value in headers.items():
                    self.send_header(header, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
                self.close_connection = True  # the client's time was up

        def log_message(self, *_: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            return  # a client that does not trust the certificate ends the handshake

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        domain.host = f"localhost:{server.server_address[1]}"
        try:
            yield domain
        finally:
            server.shutdown()
            thread.join()
