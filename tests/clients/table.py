"""The table: which client does what, in which steps, and with what result in each mode of the service.

With REDIRECT_MODE=plain, the behaviour that other redirectors have, the newest release of each client pulls
and pushes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from tests.clients import client as c
from tests.clients.client import Client
from tests.clients.expectation import (
    TOO_LARGE,
    TOO_LARGE_FOR_LAMBDA,
    TOO_LARGE_FOR_LAMBDA_UNSEEN,
    UNAUTHORIZED,
    WORKS,
    Expectation,
)
from tests.clients.image import GB
from tests.clients.operation import (
    BASE_IMAGE,
    BUILD,
    CHART,
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
    SIGN,
    VERIFY,
)
from tests.clients.row import LARGE, OVER_LAMBDAS_LIMIT, RELAYED, SMALL, Row


def _logins(client: Client, program: str) -> Iterator[Row]:
    """With a password that is typed in, and with the credentials that it finds with the helper."""
    yield Row(client, LOGIN, (f"{program} login --username AWS --password-stdin {{domain}}",))
    yield Row(client, LOGIN, (f"{program} login {{domain}}",), remark="with the helper's credentials")


def _pulls(client: Client, pull: str, *, plain: Expectation | None = None) -> Iterator[Row]:
    yield Row(client, PULL, (pull,), plain=plain)
    yield Row(client, REPULL, (pull, pull), SMALL)


def _pushes(
    client: Client, *steps: str, shows_bodies: bool = True, plain: Expectation | None = None
) -> Iterator[Row]:
    """A push of any size in `edge`, and in `relay` of what fits. What API Gateway accepts and Lambda does not
    is refused in other words, which `shows_bodies` tells whether the client shows."""
    over = TOO_LARGE_FOR_LAMBDA if shows_bodies else TOO_LARGE_FOR_LAMBDA_UNSEEN
    yield Row(client, PUSH, steps, LARGE, relay=TOO_LARGE, plain=plain)
    yield Row(client, PUSH, steps, RELAYED, edge=None, remark="layers up to 4 MB")
    if client.newest:
        yield Row(client, PUSH, steps, OVER_LAMBDAS_LIMIT, edge=None, relay=over, remark="a layer of 6 MB")


def _skopeo(client: Client) -> Iterator[Row]:
    yield from _logins(client, "skopeo")
    yield Row(client, PULL, ("skopeo copy docker://{reference} oci:{work}/pulled:1",), plain=UNAUTHORIZED)
    yield Row(client, PULL_INDEX, ("skopeo copy --all docker://{reference} oci:{work}/pulled:1",))
    yield from _pushes(client, "skopeo copy oci:{work}/layout:1 docker://{reference}", plain=UNAUTHORIZED)
    yield Row(client, LIST_TAGS, ("skopeo list-tags docker://{name}",))
    yield Row(client, INSPECT, ("skopeo inspect --raw docker://{reference}",))
    # What was downloaded from a registry before is what skopeo asks to be mounted.
    pull = "skopeo copy docker://{source} oci:{work}/pulled:1"
    yield Row(client, MOUNT, (pull, "skopeo copy docker://{source} docker://{reference}"), RELAYED)
    yield Row(client, DELETE, ("skopeo delete docker://{reference}",))


def _podman(client: Client) -> Iterator[Row]:
    yield from _logins(client, "podman")
    yield from _pulls(client, "podman pull --quiet {reference}")
    yield Row(client, PULL_INDEX, ("podman pull --quiet {reference}",))
    yield from _pushes(
        client, "podman load --quiet --input {work}/layout.tar", "podman push --quiet {reference}"
    )
    yield Row(client, LIST_TAGS, ("podman search --list-tags {name}",))


def _buildah(client: Client) -> Iterator[Row]:
    yield from _logins(client, "buildah")
    yield from _pulls(client, "buildah pull --quiet {reference}")
    yield from _pushes(
        client, "buildah pull --quiet docker-archive:{work}/layout.tar", "buildah push --quiet {reference}"
    )


def _docker(client: Client, *, plain: Expectation) -> Iterator[Row]:
    yield from _logins(client, "docker")
    yield from _pulls(client, "docker pull {reference}", plain=plain)
    yield Row(client, PULL_INDEX, ("docker pull {reference}",))
    # Not the daemon but the command line asks.
    yield Row(client, INSPECT, ("docker manifest inspect --verbose {reference}",))
    mount = ("docker pull {source}", "docker tag {source} {reference}", "docker push {reference}")
    yield Row(client, MOUNT, mount, RELAYED)


_DOCKER_PUSH = ("docker load --input {work}/layout.tar", "docker push {reference}")


def _docker_classic(client: Client) -> Iterator[Row]:
    """It answers the registry's own challenge with what it has for our name."""
    yield from _docker(client, plain=WORKS)
    yield Row(client, PUSH, _DOCKER_PUSH, plain=WORKS)
    yield Row(client, INSPECT_INDEX, ("docker manifest inspect {reference}",))


def _docker_containerd(client: Client) -> Iterator[Row]:
    yield from _docker(client, plain=UNAUTHORIZED)
    yield from _pushes(client, *_DOCKER_PUSH, plain=UNAUTHORIZED)


def _buildx(client: Client) -> Iterator[Row]:
    build = "docker buildx build --progress=plain --push --tag {reference} {work}/context"
    yield Row(client, BUILD, (build,), relay=UNAUTHORIZED, plain=UNAUTHORIZED)
    yield Row(
        client, BUILD, (build,), edge=None, both_hosts=True, remark="with credentials for the registry's host"
    )
    base = "docker buildx build --progress=plain --output type=local,dest={work}/built {work}/context"
    yield Row(client, BASE_IMAGE, (base,), plain=UNAUTHORIZED)
    yield Row(client, INSPECT, ("docker buildx imagetools inspect --raw {reference}",))


def _ctr(client: Client) -> Iterator[Row]:
    pull = "ctr images pull --snapshotter native --user AWS:{token} {reference}"
    # What it is given on the command line it sends to whichever host asks.
    yield from _pulls(client, pull, plain=WORKS)
    yield Row(client, PULL_INDEX, (pull,))
    yield from _pushes(
        client,
        "ctr images import --snapshotter native {work}/layout.tar",
        "ctr images push --user AWS:{token} {reference}",
        shows_bodies=False,
        plain=WORKS,
    )


def _crane(client: Client) -> Iterator[Row]:
    yield Row(client, PULL, ("crane pull {reference} {work}/pulled.tar",), plain=UNAUTHORIZED)
    yield Row(client, PULL_INDEX, ("crane pull --format=oci {reference} {work}/pulled",))
    push = "crane push {work}/layout {reference}"
    yield from _pushes(client, push, plain=UNAUTHORIZED)
    yield Row(client, PUSH, (push,), (GB,), relay=None, remark="a layer of 1 GB")
    yield Row(client, LIST_TAGS, ("crane ls {name}",))
    yield Row(client, INSPECT, ("crane manifest {reference}",))
    yield Row(client, MOUNT, ("crane copy {source} {reference}",), RELAYED)
    yield Row(client, DELETE, ("crane delete {name}@{digest}",))


def _oras(client: Client) -> Iterator[Row]:
    yield Row(client, LOGIN, ("oras login --username AWS --password-stdin {domain}",))
    pull = "oras cp {reference} --to-oci-layout {work}/pulled:1"
    yield Row(client, PULL, (pull,), plain=UNAUTHORIZED)
    yield Row(client, PULL_INDEX, (pull,))
    # One layer at a time: where one fails while others are under way, oras 1.2 ends in a panic at times.
    push = "oras cp --concurrency 1 --from-oci-layout {work}/layout:1 {reference}"
    yield from _pushes(client, push, plain=UNAUTHORIZED)
    yield Row(client, LIST_TAGS, ("oras repo tags {name}",))
    yield Row(client, INSPECT, ("oras manifest fetch {reference}",))
    yield Row(client, MOUNT, ("oras cp {source} {reference}",), RELAYED)
    yield Row(client, DELETE, ("oras manifest delete --force {reference}",))
    # Helm is not in Debian. Its pushes and pulls are those of the library that oras is made of.
    push_chart = (
        "oras push --disable-path-validation"
        " --config {work}/chart.json:application/vnd.cncf.helm.config.v1+json"
        " {reference} {work}/chart.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip"
    )
    yield Row(client, CHART, (push_chart, pull), SMALL)


def oras_referrers(client: Client) -> Row:
    """Attach something to an image, and find it by the image."""
    attach = "oras attach --artifact-type application/vnd.example.sbom --disable-path-validation"
    steps = (f"{attach} {{reference}} {{work}}/sbom:text/plain", "oras discover {reference}")
    return Row(client, REFERRERS, steps, SMALL)


def _cosign(client: Client) -> Iterator[Row]:
    """With a key of its own, and without a transparency log or a time stamp, which are on the internet."""
    steps = (
        "cosign generate-key-pair --output-key-prefix {work}/key",
        "cosign signing-config create --out {work}/signing.json",
        "cosign sign --yes --key {work}/key.key --signing-config {work}/signing.json {name}@{digest}",
    )
    verify = "cosign verify --key {work}/key.pub --insecure-ignore-tlog {reference}"
    yield Row(client, SIGN, steps, SMALL)
    yield Row(client, VERIFY, (*steps, verify), SMALL)


def _curl(client: Client) -> Iterator[Row]:
    accept = "--header 'Accept: application/vnd.oci.image.manifest.v1+json'"
    get = f"curl --silent --show-error --fail --location --user AWS:{{token}} {accept}"
    yield Row(client, LIST_TAGS, (f"{get} https://{{domain}}/v2/{{repository}}/tags/list",))
    yield Row(client, INSPECT, (f"{get} https://{{domain}}/v2/{{repository}}/manifests/1",))


def _oras_py(client: Client) -> Iterator[Row]:
    call = "oras_client.py {verb} {{work}}/config.json {{reference}}"
    yield Row(client, PULL, (call.format(verb="pull") + " {work}/pulled",))
    push = call.format(verb="push") + " {work}/layout"
    # It sends each upload without credentials before it sends it with them. docker-registry hangs up on a
    # large one that it refuses, and this client does not try again: without us in between neither.
    yield Row(client, PUSH, (push,), SMALL * 8, remark="small layers")
    yield Row(client, LIST_TAGS, (call.format(verb="tags"),))
    yield Row(client, INSPECT, (call.format(verb="inspect"),))


_CLIENTS: tuple[tuple[Iterable[Client], Callable[[Client], Iterator[Row]]], ...] = (
    (c.SKOPEO.values(), _skopeo),
    (c.PODMAN.values(), _podman),
    (c.BUILDAH.values(), _buildah),
    (c.DOCKER_CLASSIC.values(), _docker_classic),
    (c.DOCKER_CONTAINERD.values(), _docker_containerd),
    (c.BUILDX.values(), _buildx),
    (c.CTR.values(), _ctr),
    ((c.CRANE,), _crane),
    (c.ORAS.values(), _oras),
    ((c.COSIGN,), _cosign),
    ((c.CURL,), _curl),
    ((c.ORAS_PY,), _oras_py),
)
ROWS = tuple(
    row if client.newest else replace(row, plain=None)
    for releases, rows in _CLIENTS
    for client in releases
    for row in rows(client)
)
