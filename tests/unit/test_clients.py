"""The client table: which User-Agent belongs to which family, and what the table may never say."""

from __future__ import annotations

import pytest

from chalicelib.clients import (
    BUILDKIT,
    CONTAINERD,
    CONTAINERS_IMAGE,
    DOCKER_CLASSIC,
    FAMILIES,
    OTHER,
    Family,
    Treatment,
    family_of,
)

DOCKER = "docker/26.1.5+dfsg1 go/go1.24.4 git-commit/411e817 kernel/6.1.0 os/linux arch/amd64"
UPSTREAM = r"UpstreamClient(Docker-Client/26.1.5+dfsg1 \(linux\))"


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        ("skopeo/1.18.0", CONTAINERS_IMAGE),
        ("containers/5.34.2 (github.com/containers/image)", CONTAINERS_IMAGE),
        ("Buildah/1.28.2", CONTAINERS_IMAGE),
        ("podman/5.4.0", CONTAINERS_IMAGE),
        ("cri-o/1.31.0 go/go1.22 os/linux arch/amd64", CONTAINERS_IMAGE),
        (f"{DOCKER} {UPSTREAM}", DOCKER_CLASSIC),
        (f"{DOCKER} containerd-client/1.7.24+unknown storage-driver/native {UPSTREAM}", CONTAINERD),
        ("containerd-client/2.0.0", CONTAINERD),
        # What Docker quotes of its own caller says nothing about its image store.
        (f"{DOCKER} UpstreamClient(x containerd-client/1.7.24)", DOCKER_CLASSIC),
        ("containerd/1.6.20~ds1", CONTAINERD),
        ("buildkit/v0.0-dev", BUILDKIT),
        ("Go-http-client/1.1", OTHER),
        ("crane/v0.20.3 go-containerregistry/v0.20.3", OTHER),
        ("python-requests/2.34.2", OTHER),
        ("curl/8.5.0", OTHER),
        ("", OTHER),
        # Only the first product counts: credentials are carried for exact names alone.
        ("Mozilla/5.0 skopeo/1.18.0", OTHER),
        ("skopeox/1.0", OTHER),
        ("my-skopeo/1.0", OTHER),
        (" skopeo/1.18.0", OTHER),
        ("containersx/5", OTHER),
        ("dockerx/1", OTHER),
        # A product without a version is still that product.
        ("skopeo", CONTAINERS_IMAGE),
    ],
)
def test_a_user_agent_belongs_to_one_family(user_agent: str, family: Family) -> None:
    assert family_of(user_agent) is family


def test_credentials_are_carried_for_the_one_family_that_prints_no_url() -> None:
    """A second family here needs the leak test of the clients ring to pass for it first."""
    carried = {family.name for family in FAMILIES if Treatment.CARRY in (family.messages, family.uploads)}
    assert carried == {"containers/image"}


def test_nothing_is_relayed_or_carried_without_credentials() -> None:
    assert {family.anonymous for family in FAMILIES} == {Treatment.PLAIN, Treatment.CHALLENGE}


def test_nobody_is_challenged_who_has_credentials() -> None:
    assert all(Treatment.CHALLENGE not in (family.messages, family.uploads) for family in FAMILIES)
