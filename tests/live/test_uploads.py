"""What happens to layers on their way to the registry, in the repository that the user named."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.clients.image import MANIFEST
from tests.live.live_domain import LiveMode
from tests.live.live_report import LiveReport
from tests.live.live_repository import OCTETS, LiveRepository
from tests.standins.registry_store import digest_of

MB = 1_000_000
#: Longer than the 120 seconds that CloudFront waits for an origin; the ring's own test shortens it.
SLOW_SECONDS = float(os.environ.get("LIVE_SLOW_SECONDS") or 150)


def test_a_layer_in_chunks(mode: LiveMode, repository: LiveRepository, report: LiveReport) -> None:
    """As Docker's classic image store sends it: without a length."""
    parts = [os.urandom(MB) for _ in range(3)]
    upload = repository.start_upload()
    patch = report.attempt(
        "PATCH in chunks", lambda: repository.send("PATCH", upload, OCTETS, parts, chunked=True)
    )
    if mode is LiveMode.EDGE:
        assert patch is not None
        assert patch.status in (201, 202)
        digest = digest_of(b"".join(parts))
        put = repository.finish_upload(repository.next_part(upload, patch), digest)
        report.record("PUT after chunks", report.response(put))
        assert put.status == 201
        assert repository.ask("HEAD", repository.path(f"blobs/{digest}")).status == 200


@pytest.mark.parametrize("size", [1 * MB, 6 * MB, 12 * MB], ids=lambda size: f"{size // MB} MB")
def test_a_layer_of_a_known_length(
    mode: LiveMode, repository: LiveRepository, report: LiveReport, size: int
) -> None:
    fits = mode is LiveMode.EDGE or size < 4 * MB
    response = report.attempt(f"a layer of {size} bytes", lambda: repository.push_blob(os.urandom(size)))
    if response is None:
        assert not fits
    else:
        assert response.status == (201 if fits else 413)


def test_a_layer_that_was_missing_is_found_after_its_push(
    mode: LiveMode, repository: LiveRepository, report: LiveReport
) -> None:
    """A 404 that somebody keeps would make the client upload for ever, or give up. Mode relay always
    answers 404, because it cannot know the length."""
    content = os.urandom(1_000)
    path = repository.path(f"blobs/{digest_of(content)}")
    before = repository.ask("HEAD", path)
    assert repository.push_blob(content).status == 201
    after = repository.ask("HEAD", path)
    report.record(
        "HEAD of a blob before and after its push", [report.response(each) for each in (before, after)]
    )
    assert before.status == 404
    assert after.status == (404 if mode is LiveMode.RELAY else 200)


def test_a_manifest_and_its_length(repository: LiveRepository, report: LiveReport) -> None:
    tag = f"live-{os.urandom(4).hex()}"
    manifest = repository.push_image(tag)
    path = repository.path(f"manifests/{tag}")
    head, get = (repository.ask(method, path, {"Accept": MANIFEST}) for method in ("HEAD", "GET"))
    report.record("HEAD of a manifest", {"true length": len(manifest), **report.response(head)})
    delete = repository.ask("DELETE", repository.path(f"manifests/{tag}"))
    report.record("DELETE of a manifest", report.response(delete))
    assert get.body == manifest
    assert head["Content-Length"] == str(len(manifest))


def test_a_layer_is_downloaded_from_another_host(repository: LiveRepository, report: LiveReport) -> None:
    content = os.urandom(1_000)
    assert repository.push_blob(content).status == 201
    response = repository.ask("GET", repository.path(f"blobs/{digest_of(content)}"))
    host = response["Location"].partition("//")[2].partition("/")[0]
    report.record("GET of a blob", {"status": response.status, "leads to": report.text(host)})
    assert response.status in (302, 307)
    assert host


def test_an_upload_that_is_refused_early(edge: str, repository: LiveRepository, report: LiveReport) -> None:
    """The registry responds while the client is still sending. Whether the response arrives is unknown."""
    path = edge + repository.path("blobs/uploads/there-is-no-such-upload")
    headers = {**OCTETS, "Content-Length": str(20 * MB)}
    zeros = (bytes(MB) for _ in range(20))
    report.attempt("an upload that is refused early", lambda: repository.send("PATCH", path, headers, zeros))


def test_an_upload_slower_than_the_origins_timeout(
    edge: str, repository: LiveRepository, report: LiveReport
) -> None:
    """Whether CloudFront's clock for a response runs while the body is still being sent."""
    upload = repository.start_upload()
    headers = {**OCTETS, "Content-Length": str(2 * MB)}
    started = time.monotonic()
    report.attempt("a slow upload", lambda: repository.send("PATCH", upload, headers, _slowly(SLOW_SECONDS)))
    report.record("a slow upload: seconds", round(time.monotonic() - started))


def _slowly(seconds: float) -> Iterator[bytes]:
    """Two megabytes in forty pieces."""
    for _ in range(40):
        time.sleep(seconds / 40)
        yield bytes(MB // 20)
