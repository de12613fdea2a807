"""What clients do at the domain, and how it is seen, past the client, that they did it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.clients.image import KB, Image, MultiArch, archive
from tests.clients.registry import Registry
from tests.clients.sandbox import Result
from tests.standins.registry_store import digest_of

TAG = "1"
_TAGS = (TAG, "2-arm64", "latest")


@dataclass(frozen=True)
class Job:
    """One operation of one client at `domain`: names nobody used before, a directory for its files, and the
    credentials for the registry behind the domain."""

    work: Path
    domain: str
    repository: str
    layer_sizes: tuple[int, ...]
    #: HOST:PORT.
    registry: str
    token: str = field(repr=False)

    @property
    def source(self) -> str:
        """A second repository, to copy from."""
        return f"{self.repository}-source"

    def reference(self, repository: str) -> str:
        """The image as clients name it."""
        return f"{self.domain}/{repository}:{TAG}"


Content = Image | MultiArch


class Put(Protocol):
    """Puts an image or an index into the registry, past the domain."""

    def __call__(self, content: Content, repository: str, *tags: str) -> None: ...


@dataclass(frozen=True)
class Operation:
    name: str
    #: Writes files or puts an image, which the operation starts from; gives that image.
    prepare: Callable[[Job, Put], Content]
    #: Raises AssertionError unless the operation was done, as the registry, or the client's output, shows.
    verify: Callable[[Job, Content, Registry, Result], None]


NO_IMAGE = Image((), ())


def _no_image(job: Job, put: Put) -> Content:
    return NO_IMAGE


def _image(job: Job, put: Put) -> Content:
    image = Image.fresh(*job.layer_sizes)
    put(image, job.repository, TAG)
    return image


def _small_image(job: Job, put: Put) -> Content:
    image = Image.fresh(3 * KB)
    put(image, job.repository, *_TAGS)
    return image


def _image_elsewhere(job: Job, put: Put) -> Content:
    image = Image.fresh(*job.layer_sizes)
    put(image, job.source, TAG)
    return image


def _index(job: Job, put: Put) -> Content:
    index = MultiArch.fresh(3 * KB)
    put(index, job.repository, TAG)
    return index


def _image_in_files(job: Job, put: Put) -> Content:
    image = Image.fresh(*job.layer_sizes)
    write_image(image, job)
    return image


def write_image(image: Image, job: Job) -> None:
    """The image for a push, as a layout and as an archive."""
    layout = job.work / "layout"
    image.write_layout(layout, job.reference(job.repository))
    archive(layout)


def _build_context(job: Job, put: Put) -> Content:
    """A Dockerfile that builds an image with layers of the job's sizes."""
    context = job.work / "context"
    context.mkdir()
    for number, size in enumerate(job.layer_sizes):
        (context / str(number)).write_bytes(secrets.token_bytes(size))
    copies = "".join(f"COPY {number} /\n" for number in range(len(job.layer_sizes)))
    (context / "Dockerfile").write_text(f"FROM scratch\n{copies}")
    return NO_IMAGE


def _base_image(job: Job, put: Put) -> Content:
    """A Dockerfile that builds on the job's image."""
    context = job.work / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {job.reference(job.repository)}\nCOPY Dockerfile /\n")
    return _image(job, put)


def _image_and_bill(job: Job, put: Put) -> Content:
    (job.work / "sbom").write_text("one package\n")
    return _image(job, put)


def _chart(job: Job, put: Put) -> Content:
    (job.work / "chart.tgz").write_bytes(secrets.token_bytes(3 * KB))
    (job.work / "chart.json").write_text('{"name": "app", "version": "1.0.0", "apiVersion": "v2"}')
    return NO_IMAGE


def _its_own_word(job: Job, content: Content, registry: Registry, result: Result) -> None:
    """The client's exit status is what counts."""


def _downloaded(job: Job, content: Content, registry: Registry, result: Result) -> None:
    # Of an index, this machine's image.
    assert registry.downloaded(content.images[0]), "the layers did not come from the bucket"


def _pushed(job: Job, content: Content, registry: Registry, result: Result) -> None:
    assert registry.diff_ids(job.repository, TAG) == content.images[0].diff_ids


def _mounted(job: Job, content: Content, registry: Registry, result: Result) -> None:
    _pushed(job, content, registry, result)
    assert registry.mounts(job.repository, job.source), "the layers were uploaded"


def _built(job: Job, content: Content, registry: Registry, result: Result) -> None:
    stored = registry.layer_sizes(job.repository, TAG)
    assert len(stored) == len(job.layer_sizes)
    assert all(size >= wanted for size, wanted in zip(stored, job.layer_sizes, strict=True)), stored


def _tags_shown(job: Job, content: Content, registry: Registry, result: Result) -> None:
    assert all(tag in result.output for tag in _TAGS)


def _image_shown(job: Job, content: Content, registry: Registry, result: Result) -> None:
    (image,) = content.images
    assert image.config.digest in result.output or image.manifest.digest in result.output


def _index_shown(job: Job, content: Content, registry: Registry, result: Result) -> None:
    assert all(image.manifest.digest in result.output for image in content.images)


def _deleted(job: Job, content: Content, registry: Registry, result: Result) -> None:
    assert not registry.has_tag(job.repository, TAG)


def _bill_shown(job: Job, content: Content, registry: Registry, result: Result) -> None:
    assert "application/vnd.example.sbom" in result.output


def _signed(job: Job, content: Content, registry: Registry, result: Result) -> None:
    signatures = content.top.digest.replace(":", "-")
    assert registry.has_tag(job.repository, signatures), "no signature was pushed"


def _chart_pulled(job: Job, content: Content, registry: Registry, result: Result) -> None:
    chart = (job.work / "chart.tgz").read_bytes()
    pulled = job.work / "pulled" / "blobs" / digest_of(chart).replace(":", "/")
    assert pulled.read_bytes() == chart


LOGIN = Operation("login", _no_image, _its_own_word)
PULL = Operation("pull", _image, _downloaded)
REPULL = Operation("pull again", _image, _downloaded)
BASE_IMAGE = Operation("pull a base image", _base_image, _downloaded)
PULL_INDEX = Operation("pull multi-arch index", _index, _downloaded)
PUSH = Operation("push", _image_in_files, _pushed)
BUILD = Operation("build and push", _build_context, _built)
LIST_TAGS = Operation("list tags", _small_image, _tags_shown)
INSPECT = Operation("inspect", _small_image, _image_shown)
INSPECT_INDEX = Operation("inspect multi-arch index", _index, _index_shown)
MOUNT = Operation("mount from another repository", _image_elsewhere, _mounted)
CHART = Operation("push and pull a Helm chart", _chart, _chart_pulled)
REFERRERS = Operation("attach and discover referrers", _image_and_bill, _bill_shown)
DELETE = Operation("delete", _small_image, _deleted)
SIGN = Operation("sign", _image, _signed)
VERIFY = Operation("verify a signature", _image, _signed)
