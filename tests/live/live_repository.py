"""One repository of the domain: what a push asks, with the user's credentials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.clients.image import Image
from tests.live.live_domain import LiveDomain
from tests.live.user_credentials import UserCredentials
from tests.standins.http_client import ReceivedResponse
from tests.standins.registry_store import digest_of

OCTETS = {"Content-Type": "application/octet-stream"}
_MOST_REDIRECTS = 5


class UploadRefused(Exception):
    """The registry did not begin an upload; the message has the status alone."""


@dataclass(frozen=True)
class LiveRepository:
    domain: LiveDomain
    name: str
    credentials: UserCredentials = field(repr=False)

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> ReceivedResponse:
        """The response at the end of all redirects that stay on the domain, as a client follows them: with
        credentials. A redirect to another host, such as the layer bucket, is returned."""
        given = {**self.credentials.headers, **(headers or {})}
        for _ in range(_MOST_REDIRECTS):
            response = self.domain.ask(method, target, given, body)
            target = self._path(response["Location"])
            if response.status not in (307, 308) or not target:
                break
        return response

    def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        parts: Iterable[bytes],
        *,
        chunked: bool = False,
    ) -> ReceivedResponse:
        """One request with a body in parts, which could not be sent again after a redirect. CloudFront
        waits 120 seconds for the registry, so this waits longer."""
        given = {**self.credentials.headers, **headers}
        return self.domain.ask(method, target, given, parts, chunked=chunked, timeout=180)

    def path(self, rest: str) -> str:
        return f"/v2/{self.name}/{rest}"

    def start_upload(self) -> str:
        """The path of a new upload. Raises UploadRefused."""
        response = self.ask("POST", self.path("blobs/uploads/"))
        if response.status != 202:
            raise UploadRefused(f"the registry answered an upload's start with {response.status}")
        return self._path(response["Location"])

    def next_part(self, upload: str, response: ReceivedResponse) -> str:
        """Where an upload goes on after a part of it."""
        return self._path(response["Location"]) or upload

    def finish_upload(self, upload: str, digest: str) -> ReceivedResponse:
        return self.ask("PUT", f"{upload}{'&' if '?' in upload else '?'}digest={digest}", OCTETS)

    def push_blob(self, content: bytes) -> ReceivedResponse:
        """In one part, as most clients push: the response to the last request, or to the one that failed."""
        upload = self.start_upload()
        response = self.ask("PATCH", upload, OCTETS, content)
        if response.status not in (201, 202):
            return response
        return self.finish_upload(self.next_part(upload, response), digest_of(content))

    def push_image(self, tag: str) -> bytes:
        """A whole image of one layer; its manifest. Raises UploadRefused."""
        image = Image.fresh(2_000)
        manifest = image.manifest
        responses = [self.push_blob(blob.content) for blob in image.blobs]
        content_type = {"Content-Type": manifest.media_type}
        responses.append(self.ask("PUT", self.path(f"manifests/{tag}"), content_type, manifest.content))
        for response in responses:
            if response.status != 201:
                raise UploadRefused(f"the registry answered a push with {response.status}")
        return manifest.content

    def _path(self, location: str) -> str:
        """A Location as a path on the domain; empty where it leads to another host."""
        origin = f"https://{self.domain.authority}"
        if location.startswith(f"{origin}/"):
            return location.removeprefix(origin)
        return location if location.startswith("/") else ""
