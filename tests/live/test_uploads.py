"""What happens to layers on their way to the registry, in the repository that the user named."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.live.live_domain import NO_ANSWER, LiveMode
from tests.live.live_report import LiveReport
from tests.live.live_repository import MANIFEST_TYPE, OCTETS, LiveRepository, sha256

MB = 1_000_000
#: Longer than the 120 seconds that CloudFront waits for an origin; the ring's own test shortens it.
SLOW_SECONDS = float(os.environ.get("LIVE_SLOW_SECONDS") or 150)


def test_a_layer_in_chunks(mode: LiveMode, repository: LiveRepository, report: LiveReport) -> None:
    """As Docker's classic image store sends it: without a length."""
    parts = [os.urandom(MB) for _ in range(3)]
    upload = repository.start_upload()
    try:
        patch = repository.send("PATCH", upload, OCTETS, parts, chunked=True)
    except NO_ANSWER as error:
        report.record("PATCH in chunks", type(error).__name__)
        assert mode is not LiveMode.EDGE
        return
    report.record("PATCH in chunks", report.answer(patch, body=True))
    if mode is LiveMode.EDGE:
        assert patch.status in (201, 202)
        digest = sha256(b"".join(parts))
        put = repository.finish_upload(repository.next_part(upload, patch), digest)
        report.record("PUT after chunks", report.answer(put))
        assert put.status == 201
        assert repository.ask("HEAD", repository.path(f"blobs/{digest}")).status == 200


@pytest.mark.parametrize("size", [1 * MB, 6 * MB, 12 * MB], ids=lambda size: f"{size // MB} MB")
def test_a_layer_of_a_known_length(
    mode: LiveMode, repository: LiveRepository, report: LiveReport, size: int
) -> None:
    fits = mode is LiveMode.EDGE or size < 4 * MB
    try:
        answer = repository.push_blob(os.urandom(size))
    except NO_ANSWER as error:
        report.record(f"a layer of {size} bytes", type(error).__name__)
        assert not fits
        return
    report.record(f"a layer of {size} bytes", report.answer(answer, body=True))
    assert answer.status == (201 if fits else 413)


def test_a_layer_that_was_missing_is_found_after_its_push(
    mode: LiveMode, repository: LiveRepository, report: LiveReport
) -> None:
    """A 404 that somebody keeps would make the client upload for ever, or give up. Mode relay always
    answers 404, because it cannot know the length."""
    content = os.urandom(1_000)
    path = repository.path(f"blobs/{sha256(content)}")
    before = repository.ask("HEAD", path)
    assert repository.push_blob(content).status == 201
    after = repository.ask("HEAD", path)
    told = [report.answer(answer) for answer in (before, after)]
    report.record("HEAD of a blob before and after its push", told)
    assert before.status == 404
    assert after.status == (404 if mode is LiveMode.RELAY else 200)


def test_a_manifest_and_its_length(repository: LiveRepository, report: LiveReport) -> None:
    tag = f"live-{os.urandom(4).hex()}"
    manifest = repository.push_image(tag, os.urandom(2_000))
    path = repository.path(f"manifests/{tag}")
    head, get = (repository.ask(method, path, {"Accept": MANIFEST_TYPE}) for method in ("HEAD", "GET"))
    report.record("HEAD of a manifest", {"true length": len(manifest), **report.answer(head)})
    delete = repository.ask("DELETE", repository.path(f"manifests/{tag}"))
    report.record("DELETE of a manifest", report.answer(delete))
    assert get.body == manifest
    assert head.headers["Content-Length"] == str(len(manifest))


def test_a_layer_is_downloaded_from_another_host(repository: LiveRepository, report: LiveReport) -> None:
    content = os.urandom(1_000)
    assert repository.push_blob(content).status == 201
    answer = repository.ask("GET", repository.path(f"blobs/{sha256(content)}"))
    host = answer.location.partition("//")[2].partition("/")[0]
    report.record("GET of a blob", {"status": answer.status, "leads to": report.text(host)})
    assert answer.status in (302, 307)
    assert host


def test_an_upload_that_is_refused_early(edge: str, repository: LiveRepository, report: LiveReport) -> None:
    """The registry answers while the client is still sending. Whether the answer arrives is unknown."""
    path = edge + repository.path("blobs/uploads/there-is-no-such-upload")
    try:
        answer = repository.send("PATCH", path, {**OCTETS, "Content-Length": str(20 * MB)}, _zeros(20))
        report.record("an upload that is refused early", report.answer(answer, body=True))
    except NO_ANSWER as error:
        report.record("an upload that is refused early", type(error).__name__)


def test_an_upload_slower_than_the_origins_timeout(
    edge: str, repository: LiveRepository, report: LiveReport
) -> None:
    """Whether CloudFront's clock for an answer runs while the body is still being sent."""
    upload = repository.start_upload()
    started = time.monotonic()
    try:
        answer = repository.send(
            "PATCH", upload, {**OCTETS, "Content-Length": str(2 * MB)}, _slowly(SLOW_SECONDS)
        )
        told: dict[str, object] = report.answer(answer, body=True)
    except NO_ANSWER as error:
        told = {"error": type(error).__name__}
    report.record("a slow upload", {"seconds": round(time.monotonic() - started), **told})


def _zeros(megabytes: int) -> Iterator[bytes]:
    for _ in range(megabytes):
        yield bytes(MB)


def _slowly(seconds: float) -> Iterator[bytes]:
    """Two megabytes in forty pieces."""
    for _ in range(40):
        time.sleep(seconds / 40)
        yield bytes(MB // 20)
