"""The registry API over a store, for callers who have already been let in: paths to responses.

OCI distribution specification 1.1, with ECR's deviations (see ecr.py).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable
from urllib.parse import quote

from tests.standins.faults import registry_error
from tests.standins.http_message import Header, HttpRequest, HttpResponse
from tests.standins.registry_store import Manifest, RegistryStore, Repository, digest_of

_NAME = r"(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
_INDEX = "application/vnd.oci.image.index.v1+json"
_OCTETS = ("Content-Type", "application/octet-stream")
_PAGE = "~~>~~?"
_NO_BODY = ("Content-Length", "0")


class Distribution:
    """Responds from `store`; `presign` gives the URL a blob is downloaded from."""

    def __init__(
        self,
        store: RegistryStore,
        origin: str,
        presign: Callable[[str, bytes], str],
        *,
        relative_links: bool = False,
    ) -> None:
        self.tags_per_page: int | None = None
        """For those who do not say; None lists all at once."""
        self._store = store
        self._origin = origin
        self._presign = presign
        self.relative_links = relative_links
        """Whether Locations leave the origin out; may be changed while running."""
        self._routes = [
            (re.compile(pattern), view)
            for pattern, view in (
                (rf"/v2/{_NAME}/blobs/uploads/?", self._start_upload),
                (rf"/v2/{_NAME}/blobs/uploads/(?P<reference>[^/]+)", self._upload),
                (rf"/v2/{_NAME}/blobs/(?P<reference>[^/]+)", self._blob),
                (rf"/v2/{_NAME}/manifests/(?P<reference>[^/]+)", self._manifest),
                (rf"/v2/{_NAME}/tags/list", self._tags),
                (rf"/v2/{_NAME}/referrers/(?P<reference>[^/]+)", self._referrers),
            )
        ]

    @property
    def _link_base(self) -> str:
        return "" if self.relative_links else self._origin

    def respond(self, request: HttpRequest) -> HttpResponse:
        if request.path in {"/v2/", "/v2"}:
            return HttpResponse(200, (("Content-Type", "text/plain; charset=utf-8"),))
        with self._store.lock:
            if request.path == "/v2/_catalog":
                return _json(200, {"repositories": sorted(self._store.repositories)})
            for pattern, view in self._routes:
                if match := pattern.fullmatch(request.path):
                    return view(request, **match.groupdict())
        return registry_error(404, "NOT_FOUND", "there is no such page")

    def _start_upload(self, request: HttpRequest, name: str) -> HttpResponse:
        if request.method != "POST":
            return _unsupported()
        repository = self._store.repository(name)
        mounted = self._store.repositories.get(request.parameter("from") or "", Repository())
        wanted = request.parameter("mount") or ""
        if wanted in mounted.blobs:
            return self._created(name, repository.put_blob(mounted.blobs[wanted]))
        if (digest := request.parameter("digest")) is not None:
            return self._finish(name, repository, request.body, digest)
        return self._upload_state(202, name, repository.begin_upload(), 0)

    def _upload(self, request: HttpRequest, name: str, reference: str) -> HttpResponse:
        repository = self._store.repository(name)
        received = repository.uploads.get(reference)
        if received is None:
            return registry_error(404, "BLOB_UPLOAD_UNKNOWN", f"there is no upload {reference}")
        if request.method in {"PATCH", "PUT"} and not _continues(request, len(received)):
            return self._upload_state(416, name, reference, len(received))
        if request.method == "PATCH":
            received += request.body
            return self._upload_state(201, name, reference, len(received))
        if request.method == "PUT":
            del repository.uploads[reference]
            return self._finish(
                name, repository, bytes(received + request.body), request.parameter("digest") or ""
            )
        if request.method == "GET":
            return self._upload_state(204, name, reference, len(received))
        if request.method == "DELETE":
            del repository.uploads[reference]
            return HttpResponse(204)
        return _unsupported()

    def _finish(self, name: str, repository: Repository, content: bytes, digest: str) -> HttpResponse:
        if digest_of(content) != digest:
            return registry_error(400, "DIGEST_INVALID", f"{digest!r} is not the content's digest")
        return self._created(name, repository.put_blob(content))

    def _created(self, name: str, digest: str) -> HttpResponse:
        location = f"{self._link_base}/v2/{name}/blobs/{digest}"
        return HttpResponse(201, (("Location", location), ("Docker-Content-Digest", digest)))

    def _upload_state(self, status: int, name: str, identifier: str, size: int) -> HttpResponse:
        location = f"{self._link_base}/v2/{name}/blobs/uploads/{identifier}"
        return HttpResponse(status, (("Location", location), ("Range", f"0-{max(size - 1, 0)}")))

    def _blob(self, request: HttpRequest, name: str, reference: str) -> HttpResponse:
        blobs = self._store.repositories.get(name, Repository()).blobs
        content = blobs.get(reference)
        if content is None:
            return registry_error(404, "BLOB_UNKNOWN", f"there is no blob {reference} in {name}")
        if request.method == "HEAD":
            length = ("Content-Length", str(len(content)))
            return HttpResponse(200, (_OCTETS, length, ("Docker-Content-Digest", reference)))
        if request.method == "GET":
            url = self._presign(reference, content)
            return HttpResponse(307, (("Location", url), _OCTETS, _NO_BODY))
        if request.method == "DELETE":
            del blobs[reference]
            return HttpResponse(202)
        return _unsupported()

    def _manifest(self, request: HttpRequest, name: str, reference: str) -> HttpResponse:
        if request.method == "PUT":
            return self._put_manifest(request, name, reference)
        if request.method not in {"GET", "HEAD", "DELETE"}:
            return _unsupported()
        repository = self._store.repositories.get(name)
        if repository is None:
            return _unknown(name)
        found = repository.manifest(reference)
        if found is None:
            return registry_error(404, "MANIFEST_UNKNOWN", f"there is no image {reference} in {name}")
        if request.method == "DELETE":
            repository.delete_manifest(reference)
            return HttpResponse(202)
        headers = (("Content-Type", found.media_type), ("Docker-Content-Digest", found.digest))
        return HttpResponse(200, headers, found.content)

    def _put_manifest(self, request: HttpRequest, name: str, reference: str) -> HttpResponse:
        manifest = Manifest(request.value("Content-Type") or "", request.body)
        try:
            subject = manifest.subject()
        except ValueError:
            return registry_error(400, "MANIFEST_INVALID", "the manifest is no JSON")
        if ":" in reference and reference != manifest.digest:
            return registry_error(400, "DIGEST_INVALID", f"{reference!r} is not the manifest's digest")
        self._store.repository(name).put_manifest(manifest, None if ":" in reference else reference)
        headers: tuple[Header, ...] = (("Docker-Content-Digest", manifest.digest),)
        return HttpResponse(201, (*headers, ("OCI-Subject", subject)) if subject else headers)

    def _tags(self, request: HttpRequest, name: str) -> HttpResponse:
        repository = self._store.repositories.get(name)
        if repository is None:
            return _unknown(name)
        if request.method != "GET":
            return _unsupported()
        tags = sorted(repository.tags)
        if (last := request.parameter("last")) is not None:
            after = _page_start(last)
            if after is None and last not in tags:
                # ECR answers so to a `last` that it did not hand out itself.
                return registry_error(405, "UNSUPPORTED", "Invalid parameter: last")
            tags = [tag for tag in tags if tag > (after or last)]
        wanted = request.parameter("n") or str(self.tags_per_page or len(tags) or 1)
        if not wanted.isdecimal() or int(wanted) < 1:
            return registry_error(400, "PAGINATION_NUMBER_INVALID", f"n is {wanted!r}")
        size = int(wanted)
        page = _json(200, {"name": name, "tags": tags[:size]})
        if len(tags) <= size:
            return page
        target = f"/v2/{name}/tags/list?n={size}&last={quote(_page_token(tags[size - 1]), safe='')}"
        return HttpResponse(
            200, (*page.headers, ("Link", f'<{self._link_base}{target}>; rel="next"')), page.body
        )

    def _referrers(self, request: HttpRequest, name: str, reference: str) -> HttpResponse:
        if request.method != "GET":
            return _unsupported()
        wanted = request.parameter("artifactType")
        found = self._store.repositories.get(name, Repository()).referrers(reference, wanted)
        index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": found}
        headers: tuple[Header, ...] = (("Content-Type", _INDEX),)
        if wanted is not None:
            headers = (*headers, ("OCI-Filters-Applied", "artifactType"))
        return HttpResponse(200, headers, json.dumps(index).encode())


def _continues(request: HttpRequest, received: int) -> bool:
    """Whether a chunk starts where the last one ended; one that says nothing does."""
    start = (request.value("Content-Range") or f"{received}-").rpartition(" ")[2].partition("-")[0]
    return start == str(received)


def _page_token(tag: str) -> str:
    """ECR's page tokens say nothing to a reader; this prefix makes each hold a `+` and a `/`."""
    return base64.b64encode(f"{_PAGE}{tag}".encode()).decode()


def _page_start(token: str) -> str | None:
    try:
        text = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text.removeprefix(_PAGE) if text.startswith(_PAGE) else None


def _json(status: int, document: object) -> HttpResponse:
    return HttpResponse(
        status, (("Content-Type", "application/json; charset=utf-8"),), json.dumps(document).encode()
    )


def _unknown(name: str) -> HttpResponse:
    return registry_error(404, "NAME_UNKNOWN", f"The repository with name '{name}' does not exist")


def _unsupported() -> HttpResponse:
    return registry_error(405, "UNSUPPORTED", "Method Not Allowed")
