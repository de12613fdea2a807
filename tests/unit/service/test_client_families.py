"""The client table: which User-Agent belongs to which family."""

from __future__ import annotations

import pytest

from chalicelib.relaying.client_families import (
    BUILDKIT,
    CONTAINERD,
    DOCKER_CLASSIC,
    GO_CONTAINERREGISTRY,
    ORAS,
    OTHER,
    Family,
    family_of,
)

DOCKER = "docker/26.1.5+dfsg1 go/go1.24.4 git-commit/411e817 kernel/6.1.0 os/linux arch/amd64"
UPSTREAM = r"UpstreamClient(Docker-Client/26.1.5+dfsg1 \(linux\))"


@pytest.mark.parametrize(
    ("user_agent", "family"),
    [
        (f"{DOCKER} {UPSTREAM}", DOCKER_CLASSIC),
        (f"{DOCKER} containerd-client/1.7.24+unknown storage-driver/native {UPSTREAM}", CONTAINERD),
        ("containerd-client/2.0.0", CONTAINERD),
        # What Docker quotes of its own caller says nothing about its image store.
        (f"{DOCKER} UpstreamClient(x containerd-client/1.7.24)", DOCKER_CLASSIC),
        ("containerd/1.6.20~ds1", CONTAINERD),
        ("buildkit/v0.0-dev", BUILDKIT),
        ("crane/v0.20.3 go-containerregistry/v0.20.3", GO_CONTAINERREGISTRY),
        ("go-containerregistry/v0.20.3", GO_CONTAINERREGISTRY),
        ("cosign/v3.1.0 (linux; amd64) go-containerregistry/v0.20.6", GO_CONTAINERREGISTRY),
        ("oras/1.3.3", ORAS),
        ("oras-go", ORAS),
        ("Helm/3.19.0", ORAS),
        ("skopeo/1.18.0", OTHER),
        ("containers/5.34.2 (github.com/containers/image)", OTHER),
        ("Buildah/1.28.2", OTHER),
        ("cri-o/1.31.0 go/go1.22 os/linux arch/amd64", OTHER),
        ("Go-http-client/1.1", OTHER),
        ("python-requests/2.34.2", OTHER),
        ("", OTHER),
        # Only the first product counts, and only as a whole.
        ("Mozilla/5.0 docker/26.1.5", OTHER),
        ("dockerx/1", OTHER),
        ("my-docker/1", OTHER),
        (" docker/26.1.5", OTHER),
        ("skopeo/1.18.0 crane/v0.20.3", OTHER),
        # A product without a version is still that product.
        ("docker", DOCKER_CLASSIC),
    ],
)
def test_a_user_agent_belongs_to_one_family(user_agent: str, family: Family) -> None:
    assert family_of(user_agent) is family
