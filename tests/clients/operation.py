"""What clients are asked to do at the domain, and how it is seen, past the client, that they did it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.clients.image import KB, Image, MultiArch, archive
from tests.clients.registry import Registry
from tests.clients.sandbox import Result
from tests.standins.registry_store import digest_of

TAG = "1"


@dataclass(frozen=True)
class Job:
    """One operation of one client at `domain`: names nobody used before, and a directory for its files."""

    work: Path
    domain: str
    repository: str
    layer_sizes: tuple[int, ...]

    @property
    def source(self) -> str:
        """A second repository, to copy from."""
        return f"{self.repository}-source"

    def reference(self, repository: str) -> str:
        """The image as clients name it."""
        return f"{self.domain}/{repository}:{TAG}"


Verify = Callable[[Result], None]
"""Looks at what the last step wrote and at the registry. Raises AssertionError."""


@dataclass(frozen=True)
class Task:
    """What was prepared: how success is seen, and the digest of the image, for steps that want it."""

    verify: Verify
    digest: str = ""


@dataclass(frozen=True)
class Operation:
    """`prepare` brings the registry into the state that the operation starts from."""

    name: str
    prepare: Callable[[Job, Registry], Task]


def write_image(job: Job) -> Image:
    """A fresh image for a push, as a layout and as an archive."""
    image = Image.fresh(*job.layer_sizes)
    layout = job.work / "layout"
    image.write_layout(layout, job.reference(job.repository))
    archive(layout)
    return image


def write_build_context(job: Job) -> None:
    """A Dockerfile that builds an image with layers of the job's sizes."""
    context = job.work / "context"
    context.mkdir()
    for number, size in enumerate(job.layer_sizes):
        (context / str(number)).write_bytes(secrets.token_bytes(size))
    copies = "".join(f"COPY {number} /\n" for number in range(len(job.layer_sizes)))
    (context / "Dockerfile").write_text(f"FROM scratch\n{copies}")


def write_base_context(job: Job) -> None:
    """A Dockerfile that builds on the job's image."""
    context = job.work / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {job.reference(job.repository)}\nCOPY Dockerfile /\n")


def _login(job: Job, registry: Registry) -> Task:
    return Task(_nothing_more)


def _pull(job: Job, registry: Registry) -> Task:
    image = Image.fresh(*job.layer_sizes)
    registry.put(image, job.repository, TAG)

    def verify(result: Result) -> None:
        assert registry.downloaded(image), "the layers did not come from the bucket"

    return Task(verify)


def _base_image(job: Job, registry: Registry) -> Task:
    write_base_context(job)
    return _pull(job, registry)


def _pull_index(job: Job, registry: Registry) -> Task:
    index = MultiArch.fresh(3 * KB)
    registry.put(index, job.repository, TAG)

    def verify(result: Result) -> None:
        assert registry.downloaded(index.images[0]), "this machine's image was not downloaded"

    return Task(verify)


def _push(job: Job, registry: Registry) -> Task:
    image = write_image(job)

    def verify(result: Result) -> None:
        assert registry.diff_ids(job.repository, TAG) == tuple(layer.digest for layer in image.layers)

    return Task(verify)


def _build(job: Job, registry: Registry) -> Task:
    write_build_context(job)

    def verify(result: Result) -> None:
        stored = registry.layer_sizes(job.repository, TAG)
        assert len(stored) == len(job.layer_sizes)
        assert all(size >= wanted for size, wanted in zip(stored, job.layer_sizes, strict=True)), stored

    return Task(verify)


def _list_tags(job: Job, registry: Registry) -> Task:
    tags = ("1", "2-arm64", "latest")
    registry.put(Image.fresh(3 * KB), job.repository, *tags)

    def verify(result: Result) -> None:
        assert all(tag in result.output for tag in tags)

    return Task(verify)


def _inspect(job: Job, registry: Registry) -> Task:
    image = Image.fresh(3 * KB)
    registry.put(image, job.repository, TAG)

    def verify(result: Result) -> None:
        assert image.config.digest in result.output or image.manifest.digest in result.output

    return Task(verify)


def _inspect_index(job: Job, registry: Registry) -> Task:
    index = MultiArch.fresh(3 * KB)
    registry.put(index, job.repository, TAG)

    def verify(result: Result) -> None:
        assert all(image.manifest.digest in result.output for image in index.images)

    return Task(verify)


def _mount(job: Job, registry: Registry) -> Task:
    image = Image.fresh(*job.layer_sizes)
    registry.put(image, job.source, TAG)

    def verify(result: Result) -> None:
        assert registry.diff_ids(job.repository, TAG) == tuple(layer.digest for layer in image.layers)
        assert registry.mounts(job.repository, job.source), "the layers were uploaded"

    return Task(verify)


def _delete(job: Job, registry: Registry) -> Task:
    image = Image.fresh(3 * KB)
    registry.put(image, job.repository, TAG)

    def verify(result: Result) -> None:
        assert not registry.has_tag(job.repository, TAG)

    return Task(verify, image.manifest.digest)


def _referrers(job: Job, registry: Registry) -> Task:
    registry.put(Image.fresh(*job.layer_sizes), job.repository, TAG)
    (job.work / "sbom").write_text("one package\n")

    def verify(result: Result) -> None:
        assert "application/vnd.example.sbom" in result.output

    return Task(verify)


def _sign(job: Job, registry: Registry) -> Task:
    image = Image.fresh(*job.layer_sizes)
    registry.put(image, job.repository, TAG)

    def verify(result: Result) -> None:
        signatures = image.manifest.digest.replace(":", "-")
        assert registry.has_tag(job.repository, signatures), "no signature was pushed"

    return Task(verify, image.manifest.digest)


def _chart(job: Job, registry: Registry) -> Task:
    chart = secrets.token_bytes(3 * KB)
    (job.work / "chart.tgz").write_bytes(chart)
    (job.work / "chart.json").write_text('{"name": "app", "version": "1.0.0", "apiVersion": "v2"}')

    def verify(result: Result) -> None:
        pulled = job.work / "pulled" / "blobs" / digest_of(chart).replace(":", "/")
        assert pulled.read_bytes() == chart

    return Task(verify)


def _nothing_more(result: Result) -> None:
    """The client's own word is what counts."""


LOGIN = Operation("login", _login)
PULL = Operation("pull", _pull)
REPULL = Operation("pull again", _pull)
BASE_IMAGE = Operation("pull a base image", _base_image)
PULL_INDEX = Operation("pull multi-arch index", _pull_index)
PUSH = Operation("push", _push)
BUILD = Operation("build and push", _build)
LIST_TAGS = Operation("list tags", _list_tags)
INSPECT = Operation("inspect", _inspect)
INSPECT_INDEX = Operation("inspect multi-arch index", _inspect_index)
MOUNT = Operation("mount from another repository", _mount)
CHART = Operation("push and pull a Helm chart", _chart)
REFERRERS = Operation("attach and discover referrers", _referrers)
DELETE = Operation("delete", _delete)
SIGN = Operation("sign", _sign)
VERIFY = Operation("verify a signature", _sign)
