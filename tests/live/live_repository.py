"""One repository of the domain: what a push asks, with the user's credentials."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.live.live_domain import LiveAnswer, LiveDomain
from tests.live.user_credentials import UserCredentials

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
OCTETS = {"Content-Type": "application/octet-stream"}
_MOST_REDIRECTS = 5


class UploadRefused(Exception):
    """The registry did not begin an upload; the message has the status alone."""


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class LiveRepository:
    domain: LiveDomain
    name: str
    credentials: UserCredentials = field(repr=False)

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> LiveAnswer:
        """The response at the end of all redirects that stay on the domain, as a client follows them: with
        credentials. A redirect to another host, such as the layer bucket, is returned."""
        given = {**self.credentials.headers, **(headers or {})}
        for _ in range(_MOST_REDIRECTS):
            answer = self.domain.ask(method, target, given, body)
            target = self._path(answer.location)
            if answer.status not in (307, 308) or not target:
                break
        return answer

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        parts: Iterable[bytes],
        *,
        chunked: bool = False,
    ) -> LiveAnswer:
        """One request with a body in parts, which could not be sent again after a redirect. CloudFront
        waits 120 seconds for the registry, so this waits longer."""
        given = {**self.credentials.headers, **headers}
        return self.domain.ask(method, target, given, parts, chunked=chunked, timeout=180)

    def path(self, rest: str) -> str:
        return f"/v2/{self.name}/{rest}"

    def start_upload(self) -> str:
        """The path of a new upload. Raises UploadRefused."""
        answer = self.ask("POST", self.path("blobs/uploads/"))
        if answer.status != 202:
            raise UploadRefused(f"the registry answered an upload's start with {answer.status}")
        return self._path(answer.location)

    def next_part(self, upload: str, answer: LiveAnswer) -> str:
        """Where an upload goes on after a part of it."""
        return self._path(answer.location) or upload

    def finish_upload(self, upload: str, digest: str) -> LiveAnswer:
        return self.ask("PUT", f"{upload}{'&' if '?' in upload else '?'}digest={digest}", OCTETS)

    def push_blob(self, content: bytes) -> LiveAnswer:
        """In one part, as most clients push: the answer to the last request, or to the one that failed."""
        upload = self.start_upload()
        answer = self.ask("PATCH", upload, OCTETS, content)
        if answer.status not in (201, 202):
            return answer
        return self.finish_upload(self.next_part(upload, answer), sha256(content))

    def push_image(self, tag: str, layer: bytes) -> bytes:
        """A whole image of one layer; its manifest. Raises UploadRefused."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "config": _descriptor(_CONFIG_TYPE, config),
                "layers": [_descriptor(_LAYER_TYPE, layer)],
            }
        ).encode()
        answers = [self.push_blob(content) for content in (config, layer)]
        answers.append(
            self.ask("PUT", self.path(f"manifests/{tag}"), {"Content-Type": MANIFEST_TYPE}, manifest)
        )
        for answer in answers:
            if answer.status != 201:
                raise UploadRefused(f"the registry answered a push with {answer.status}")
        return manifest

    def _path(self, location: str) -> str:
        """A Location as a path on the domain; empty where it leads to another host."""
        origin = f"https://{self.domain.authority}"
        if location.startswith(f"{origin}/"):
            return location.removeprefix(origin)
        return location if location.startswith("/") else ""


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": sha256(content), "size": len(content)}
