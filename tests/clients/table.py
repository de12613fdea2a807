"""The table: which client does what, in which steps, and with what result, through the domain.

A step is a command line; `{reference}` and its like are filled in by `run_row`. A row's result is that
of the last step; those before it must succeed. `plain` is the expectation with REDIRECT_MODE=plain, the
behaviour that the rest of the field has; None where it is not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.clients import client as c
from tests.clients.client import Client
from tests.clients.image import KB, MB
from tests.clients.operation import (
    BASE_IMAGE,
    BUILD,
    DELETE,
    INSPECT,
    INSPECT_INDEX,
    LIST_TAGS,
    LOGIN,
    MOUNT,
    PULL,
    PULL_INDEX,
    PUSH,
    REFERRERS,
    REPULL,
    Operation,
)

# Eight layers travel in parallel. The large one is the last, since the vfs driver copies all below a layer.
LARGE = (3 * KB, *[50 * KB] * 6, 20 * MB)
RELAYED = (3 * KB, *[50 * KB] * 6, 4 * MB)
"""Where the upload passes through the function, which API Gateway gives no more than about 4.5 MB."""
SMALL = (3 * KB,)


@dataclass(frozen=True)
class Expectation:
    """WORKS, or that the last step fails with words that the expression `says` matches."""

    works: bool
    says: str = ""
    why: str = ""
    """For people: the reason, and what to do instead."""
    workaround: str = ""

    def words(self, output: str) -> str | None:
        """The client's own words that match; None where it said something else."""
        match = re.search(self.says, output)
        return match[0] if match else None


WORKS = Expectation(works=True)
UNAUTHORIZED = Expectation(
    False,
    "unauthorized|authentication required|401|no basic auth credentials|invalid username/password"
    "|Existing credentials are invalid",
)
TOO_LARGE = Expectation(
    False,
    "413|Request Entity Too Large",
    why="the upload passes through API Gateway and Lambda, which take about 4.5 MB in one request",
    workaround="push with `docker buildx build --push`, skopeo, podman, buildah or Docker's classic image"
    " store, or to the ECR host itself",
)


@dataclass(frozen=True)
class Row:
    """`both_hosts`: the client has credentials for the registry's own host too, as our helper sets up."""

    client: Client
    operation: Operation
    steps: tuple[str, ...]
    layer_sizes: tuple[int, ...] = LARGE
    expected: Expectation = WORKS
    plain: Expectation | None = None
    both_hosts: bool = False
    remark: str = ""

    @property
    def credentials(self) -> str:
        """Where the client has them from."""
        if self.operation is LOGIN and not self.from_helper:
            return "password on standard input"
        return "helper, by hand on the command line" if self.client.by_hand else "helper"

    @property
    def from_helper(self) -> bool:
        """Whether the credential helper is the client's only source of credentials."""
        return self.operation is not LOGIN or "stdin" not in self.steps[-1]

    @property
    def label(self) -> str:
        return f"{self.operation.name}, {self.remark}" if self.remark else self.operation.name

    @property
    def id(self) -> str:
        where = self.client.daemon.name if self.client.daemon else self.client.debian.name.lower()
        return f"{self.client.name.split()[0]}-{where}-{self.label}".replace(" ", "-")


def _skopeo(client: Client) -> Iterator[Row]:
    yield Row(client, LOGIN, ("skopeo login --username AWS --password-stdin {domain}",), plain=UNAUTHORIZED)
    yield _login(client, "skopeo login {domain}")
    yield Row(client, PULL, ("skopeo copy docker://{reference} oci:{work}/pulled:1",), plain=UNAUTHORIZED)
    yield Row(
        client,
        PULL_INDEX,
        ("skopeo copy --all docker://{reference} oci:{work}/pulled:1",),
        plain=UNAUTHORIZED,
    )
    yield Row(client, PUSH, ("skopeo copy oci:{work}/layout:1 docker://{reference}",), plain=UNAUTHORIZED)
    yield Row(client, LIST_TAGS, ("skopeo list-tags docker://{name}",), plain=UNAUTHORIZED)
    yield Row(client, INSPECT, ("skopeo inspect --raw docker://{reference}",), plain=UNAUTHORIZED)
    # What was downloaded from a registry before is what skopeo asks to be mounted.
    yield Row(
        client,
        MOUNT,
        (
            "skopeo copy docker://{source} oci:{work}/pulled:1",
            "skopeo copy docker://{source} docker://{reference}",
        ),
    )
    yield Row(client, DELETE, ("skopeo delete docker://{reference}",), plain=UNAUTHORIZED)


def _podman(client: Client) -> Iterator[Row]:
    yield Row(client, LOGIN, ("podman login --username AWS --password-stdin {domain}",), plain=UNAUTHORIZED)
    yield _login(client, "podman login {domain}")
    yield Row(client, PULL, ("podman pull --quiet {reference}",), plain=UNAUTHORIZED)
    yield Row(client, REPULL, ("podman pull --quiet {reference}",) * 2)
    yield Row(client, PULL_INDEX, ("podman pull --quiet {reference}",), plain=UNAUTHORIZED)
    yield Row(
        client,
        PUSH,
        ("podman load --quiet --input {work}/layout.tar", "podman push --quiet {reference}"),
        plain=UNAUTHORIZED,
    )
    yield Row(client, LIST_TAGS, ("podman search --list-tags {name}",), plain=UNAUTHORIZED)


def _buildah(client: Client) -> Iterator[Row]:
    yield Row(client, LOGIN, ("buildah login --username AWS --password-stdin {domain}",), plain=UNAUTHORIZED)
    yield _login(client, "buildah login {domain}")
    yield Row(client, PULL, ("buildah pull --quiet {reference}",), plain=UNAUTHORIZED)
    yield Row(client, REPULL, ("buildah pull --quiet {reference}",) * 2)
    yield Row(
        client,
        PUSH,
        ("buildah pull --quiet docker-archive:{work}/layout.tar", "buildah push --quiet {reference}"),
        plain=UNAUTHORIZED,
    )


def _docker(client: Client) -> Iterator[Row]:
    """The classic image store: it follows the registry's own challenge with what it has for us."""
    yield Row(client, LOGIN, ("docker login --username AWS --password-stdin {domain}",), plain=WORKS)
    yield _login(client, "docker login {domain}", plain=WORKS)
    yield Row(client, PULL, ("docker pull {reference}",), plain=WORKS)
    yield Row(client, REPULL, ("docker pull {reference}",) * 2)
    yield Row(client, PULL_INDEX, ("docker pull {reference}",), plain=WORKS)
    yield Row(client, PUSH, ("docker load --input {work}/layout.tar", "docker push {reference}"), plain=WORKS)
    # Not the daemon but the command line asks: no family of ours.
    yield Row(client, INSPECT, ("docker manifest inspect --verbose {reference}",))
    yield Row(client, INSPECT_INDEX, ("docker manifest inspect {reference}",))
    yield Row(
        client,
        MOUNT,
        ("docker pull {source}", "docker tag {source} {reference}", "docker push {reference}"),
        plain=WORKS,
    )


def _docker_containerd(client: Client) -> Iterator[Row]:
    yield Row(client, LOGIN, ("docker login --username AWS --password-stdin {domain}",), plain=WORKS)
    yield _login(client, "docker login {domain}", plain=WORKS)
    yield Row(client, PULL, ("docker pull {reference}",), plain=UNAUTHORIZED)
    yield Row(client, REPULL, ("docker pull {reference}",) * 2)
    yield Row(client, PULL_INDEX, ("docker pull {reference}",), plain=UNAUTHORIZED)
    load = "docker load --input {work}/layout.tar"
    yield Row(client, PUSH, (load, "docker push {reference}"), RELAYED, plain=UNAUTHORIZED)
    yield Row(
        client, PUSH, (load, "docker push {reference}"), LARGE, TOO_LARGE, remark="a layer over the limit"
    )
    yield Row(client, INSPECT, ("docker manifest inspect --verbose {reference}",))
    yield Row(
        client,
        MOUNT,
        ("docker pull {source}", "docker tag {source} {reference}", "docker push {reference}"),
    )


def _buildx(client: Client) -> Iterator[Row]:
    build = "docker buildx build --progress=plain --push --tag {reference} {work}/context"
    yield Row(client, BUILD, (build,), plain=UNAUTHORIZED, both_hosts=True)
    base = "docker buildx build --progress=plain --output type=local,dest={work}/built {work}/context"
    yield Row(client, BASE_IMAGE, (base,), plain=UNAUTHORIZED)
    yield Row(client, INSPECT, ("docker buildx imagetools inspect --raw {reference}",), plain=UNAUTHORIZED)


def _ctr(client: Client) -> Iterator[Row]:
    pull = "ctr images pull --snapshotter native --user AWS:{token} {reference}"
    yield Row(client, PULL, (pull,), plain=WORKS)
    yield Row(client, PULL_INDEX, (pull,), plain=WORKS)
    yield Row(
        client,
        PUSH,
        (
            "ctr images import --snapshotter native {work}/layout.tar",
            "ctr images push --user AWS:{token} {reference}",
        ),
        RELAYED,
        plain=UNAUTHORIZED,
    )
    yield Row(
        client,
        PUSH,
        (
            "ctr images import --snapshotter native {work}/layout.tar",
            "ctr images push --user AWS:{token} {reference}",
        ),
        LARGE,
        TOO_LARGE,
        remark="a layer over the limit",
    )
    yield Row(client, REPULL, (pull,) * 2)


def _crane(client: Client) -> Iterator[Row]:
    yield Row(client, PULL, ("crane pull {reference} {work}/pulled.tar",), plain=UNAUTHORIZED)
    yield Row(client, PULL_INDEX, ("crane pull --format=oci {reference} {work}/pulled",), plain=UNAUTHORIZED)
    push = "crane push {work}/layout {reference}"
    yield Row(client, PUSH, (push,), RELAYED, plain=UNAUTHORIZED)
    yield Row(client, PUSH, (push,), LARGE, TOO_LARGE, remark="a layer over the limit")
    yield Row(client, LIST_TAGS, ("crane ls {name}",), plain=UNAUTHORIZED)
    yield Row(client, INSPECT, ("crane manifest {reference}",), plain=UNAUTHORIZED)
    yield Row(client, MOUNT, ("crane copy {source} {reference}",))
    yield Row(client, DELETE, ("crane delete {name}@{digest}",), plain=UNAUTHORIZED)


def _oras(client: Client) -> Iterator[Row]:
    yield Row(client, LOGIN, ("oras login --username AWS --password-stdin {domain}",), plain=UNAUTHORIZED)
    yield Row(client, PULL, ("oras cp {reference} --to-oci-layout {work}/pulled:1",), plain=UNAUTHORIZED)
    yield Row(
        client, PULL_INDEX, ("oras cp {reference} --to-oci-layout {work}/pulled:1",), plain=UNAUTHORIZED
    )
    push = "oras cp --from-oci-layout {work}/layout:1 {reference}"
    yield Row(client, PUSH, (push,), RELAYED, plain=UNAUTHORIZED)
    # One layer at a time: where one fails while others are under way, oras 1.2 ends in a panic at times.
    alone = "oras cp --concurrency 1 --from-oci-layout {work}/layout:1 {reference}"
    yield Row(client, PUSH, (alone,), LARGE, TOO_LARGE, remark="a layer over the limit")
    yield Row(client, LIST_TAGS, ("oras repo tags {name}",), plain=UNAUTHORIZED)
    yield Row(client, INSPECT, ("oras manifest fetch {reference}",), plain=UNAUTHORIZED)
    yield Row(client, MOUNT, ("oras cp {source} {reference}",))
    yield Row(client, DELETE, ("oras manifest delete --force {reference}",), plain=UNAUTHORIZED)


def oras_referrers(client: Client) -> Row:
    """Attach something to an image, and find it by the image."""
    attach = "oras attach --artifact-type application/vnd.example.sbom --disable-path-validation"
    return Row(
        client,
        REFERRERS,
        (f"{attach} {{reference}} {{work}}/sbom:text/plain", "oras discover {reference}"),
        SMALL,
    )


def _curl(client: Client) -> Iterator[Row]:
    accept = "--header 'Accept: application/vnd.oci.image.manifest.v1+json'"
    get = f"curl --silent --show-error --fail --location --user AWS:{{token}} {accept}"
    yield Row(
        client, LIST_TAGS, (f"{get} https://{{domain}}/v2/{{repository}}/tags/list",), plain=UNAUTHORIZED
    )
    yield Row(
        client, INSPECT, (f"{get} https://{{domain}}/v2/{{repository}}/manifests/1",), plain=UNAUTHORIZED
    )


def _oras_py(client: Client) -> Iterator[Row]:
    call = "oras_client.py {verb} {{work}}/config.json {{reference}}"
    yield Row(client, PULL, (call.format(verb="pull") + " {work}/pulled",), plain=UNAUTHORIZED)
    push = call.format(verb="push") + " {work}/layout"
    # It sends each upload without credentials before it sends it with them. docker-registry hangs up on a
    # large one that it refuses, and this client does not try again: without us in between neither.
    yield Row(client, PUSH, (push,), SMALL * 8, plain=UNAUTHORIZED, remark="small layers")
    yield Row(client, LIST_TAGS, (call.format(verb="tags"),), plain=UNAUTHORIZED)
    yield Row(client, INSPECT, (call.format(verb="inspect"),), plain=UNAUTHORIZED)


def _login(client: Client, step: str, plain: Expectation = UNAUTHORIZED) -> Row:
    """A login that finds the credentials with the helper and asks nobody."""
    return Row(client, LOGIN, (step,), plain=plain, remark="with the helper's credentials")


ROWS = (
    *_skopeo(c.SKOPEO_1),
    *_skopeo(c.SKOPEO_2),
    *_podman(c.PODMAN_4),
    *_podman(c.PODMAN_5),
    *_buildah(c.BUILDAH_1),
    *_buildah(c.BUILDAH_2),
    *_docker(c.DOCKER_CLASSIC_1),
    *_docker(c.DOCKER_CLASSIC_2),
    *_docker_containerd(c.DOCKER_CONTAINERD),
    *_buildx(c.BUILDX),
    *_ctr(c.CTR),
    *_crane(c.CRANE),
    *_oras(c.ORAS),
    *_curl(c.CURL),
    *_oras_py(c.ORAS_PY),
)
