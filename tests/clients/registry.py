"""A real registry as ECR looks from outside: docker-registry (distribution 2.8) from Debian.

Basic authentication for the user AWS, TLS, absolute upload Locations on its own host, and blob
downloads redirected to a layer bucket that refuses `Authorization`. Tests put images into it, and read
what clients put there, past the custom domain: over its own API and out of its storage directory.
"""

from __future__ import annotations

import gzip
import json
import re
import secrets
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import urllib3

from tests.clients.image import INDEX, MANIFEST, Blob, Image, MultiArch
from tests.clients.layer_bucket import ADDRESS, RegistryBucket
from tests.clients.sandbox import REGISTRY_NAME, Debian, Process, Sandbox
from tests.standins.certificates import Certificates
from tests.standins.registry_store import digest_of
from tests.standins.running import Running

USER = "AWS"
_NAME = "localhost"
"""The one name that the machine resolves without a line in its /etc/hosts: the service asks for it too."""
_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def registry_token() -> str:
    """A password with ECR's alphabet, and every character of it that URLs encode.

    72 bytes, since bcrypt reads no more; real tokens are longer (see the fake ECR).
    """
    return f"+/{secrets.token_hex(33)}+/=="


class Registry(Running):
    """Registry and bucket, running within `with`."""

    def __init__(self, sandbox: Sandbox, certificates: Certificates, work: Path) -> None:
        self.token = registry_token()
        self._sandbox = sandbox
        self._certificates = certificates
        self._work = work
        self._storage = work / "storage"
        self._storage.mkdir(parents=True)
        self._bucket = RegistryBucket(self._storage, certificates.server_context(ADDRESS))
        self._process: Process | None = None
        self.authority = ""

    @property
    def straight(self) -> str:
        """HOST:PORT for clients that do not go through the domain."""
        return f"{REGISTRY_NAME}:{self.authority.rpartition(':')[2]}"

    @property
    def log(self) -> str:
        """Its access log, one line per request."""
        return self._process.log if self._process else ""

    @property
    def requests(self) -> int:
        """How many came so far."""
        return len(re.findall(r'\] "[A-Z]+ /v2/', self.log))

    @property
    def refused_logins(self) -> int:
        return self.log.count("error authenticating user")

    def start(self) -> None:
        self._bucket.start()
        configuration = self._work / "registry.json"
        configuration.write_text(json.dumps(self._configuration()))
        self._process = self._sandbox.spawn(
            ("docker-registry", "serve", str(configuration)), Debian.BOOKWORM, {}, self._work / "registry.log"
        )
        listening = re.compile(r"listening on 127\.0\.0\.1:(\d+), tls")
        self._process.wait_until(lambda: listening.search(self.log) is not None)
        match = listening.search(self.log)
        assert match is not None
        self.authority = f"{_NAME}:{match[1]}"
        self._http = urllib3.PoolManager(
            ssl_context=self._certificates.client_context(),
            headers=urllib3.make_headers(basic_auth=f"{USER}:{self.token}"),
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._http.clear()
        self._bucket.stop()

    def put(self, content: Image | MultiArch, repository: str, *tags: str) -> None:
        """Uploads an image or an index, straight to the registry."""
        for image in content.images:
            for blob in image.blobs:
                self._put_blob(repository, blob)
            self._put_manifest(repository, image.manifest, image.manifest.digest)
        for tag in tags:
            self._put_manifest(repository, content.top, tag)

    def has_tag(self, repository: str, tag: str) -> bool:
        return self._manifest(repository, tag) is not None

    def layer_sizes(self, repository: str, tag: str) -> tuple[int, ...]:
        """The sizes of a stored image's layers, as they are stored."""
        return tuple(layer["size"] for layer in self._layers(repository, tag))

    def diff_ids(self, repository: str, tag: str) -> tuple[str, ...]:
        """The digests of a stored image's layers, uncompressed, from the stored bytes themselves."""
        layers = self._layers(repository, tag)
        return tuple(digest_of(_uncompressed(self._stored(layer["digest"]))) for layer in layers)

    def downloaded(self, image: Image) -> bool:
        """Whether every layer of an image was fetched from the bucket."""
        return all(_stored_path(layer.digest) in self._bucket.served for layer in image.layers)

    def mounts(self, repository: str, source: str) -> int:
        """How many blobs were taken over from `source` instead of being uploaded."""
        lines = re.findall(r'"POST /v2/(\S+)/blobs/uploads/\?(\S*) HTTP/1\.1" 201 ', self.log)
        wanted = f"from={source}"
        return sum(name == repository and wanted in unquote(query).split("&") for name, query in lines)

    def _configuration(self) -> dict[str, Any]:
        users = self._work / "htpasswd"
        users.write_bytes(
            subprocess.run(
                ["htpasswd", "-niB", USER], input=self.token.encode(), check=True, capture_output=True
            ).stdout
        )
        certificate, key = self._certificates.write_server_pem(self._work / "registry", _NAME, REGISTRY_NAME)
        redirect = {"name": "redirect", "options": {"baseurl": self._bucket.origin}}
        return {
            "version": "0.1",
            "storage": {
                "filesystem": {"rootdirectory": str(self._storage)},
                "delete": {"enabled": True},
                "redirect": {"disable": False},
            },
            "middleware": {"storage": [redirect]},
            "auth": {"htpasswd": {"realm": "registry", "path": str(users)}},
            # Without `host` the Locations are absolute, on the host that was asked: the registry's own.
            "http": {
                "addr": "127.0.0.1:0",
                "secret": secrets.token_hex(),
                "tls": {"certificate": str(certificate), "key": str(key)},
            },
            "log": {"accesslog": {"disabled": False}},
        }

    def _put_blob(self, repository: str, blob: Blob) -> None:
        start = self._request("POST", f"/v2/{repository}/blobs/uploads/")
        location = start.headers["Location"]
        response = self._http.request("PUT", f"{location}&digest={blob.digest}", body=blob.content)
        assert response.status == 201, response.data

    def _put_manifest(self, repository: str, manifest: Blob, reference: str) -> None:
        headers = {**self._http.headers, "Content-Type": manifest.media_type}
        path = f"/v2/{repository}/manifests/{reference}"
        response = self._request("PUT", path, body=manifest.content, headers=headers)
        assert response.status == 201, response.data

    def _layers(self, repository: str, tag: str) -> list[dict[str, Any]]:
        manifest = self._manifest(repository, tag) or {"layers": []}
        if "manifests" in manifest:  # BuildKit pushes an index over one image and its attestation
            manifest = self._manifest(repository, manifest["manifests"][0]["digest"]) or {"layers": []}
        layers: list[dict[str, Any]] = manifest["layers"]
        return layers

    def _manifest(self, repository: str, reference: str) -> dict[str, Any] | None:
        headers = {**self._http.headers, "Accept": ", ".join((MANIFEST, INDEX, _DOCKER_MANIFEST))}
        response = self._request("GET", f"/v2/{repository}/manifests/{reference}", headers=headers)
        if response.status == 404:
            return None
        manifest: dict[str, Any] = response.json()
        return manifest

    def _request(self, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:  # noqa: ANN401
        return self._http.request(method, f"https://{self.authority}{path}", **options)

    def _stored(self, digest: str) -> bytes:
        return (self._storage / _stored_path(digest).lstrip("/")).read_bytes()


def _stored_path(digest: str) -> str:
    name = digest.partition(":")[2]
    return f"/docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data"


def _uncompressed(layer: bytes) -> bytes:
    return gzip.decompress(layer) if layer.startswith(b"\x1f\x8b") else layer
