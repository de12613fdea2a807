"""Which endpoint and repository a path names, and the paths of ours that stand before it."""

from __future__ import annotations

import pytest

from chalicelib.registry_path import (
    Endpoint,
    RegistryPath,
    registry_path,
    split_edge_path,
    without_challenge,
)

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("path", "endpoint", "repository"),
    [
        ("/v2/", Endpoint.PING, ""),
        ("/v2", Endpoint.PING, ""),
        ("/v2/my-repo/manifests/latest", Endpoint.MANIFEST, "my-repo"),
        ("/v2/team/app/web/manifests/1.0", Endpoint.MANIFEST, "team/app/web"),
        (f"/v2/my-repo/blobs/{DIGEST}", Endpoint.BLOB, "my-repo"),
        ("/v2/my-repo/blobs/uploads/", Endpoint.UPLOAD, "my-repo"),
        ("/v2/my-repo/blobs/uploads", Endpoint.UPLOAD, "my-repo"),
        ("/v2/my-repo/blobs/uploads/49b2323e", Endpoint.UPLOAD, "my-repo"),
        ("/v2/my-repo/tags/list", Endpoint.TAGS, "my-repo"),
        (f"/v2/my-repo/referrers/{DIGEST}", Endpoint.REFERRERS, "my-repo"),
        # Repositories named like endpoints.
        ("/v2/blobs/manifests/latest", Endpoint.MANIFEST, "blobs"),
        (f"/v2/manifests/blobs/{DIGEST}", Endpoint.BLOB, "manifests"),
        ("/v2/blobs/uploads/manifests/latest", Endpoint.MANIFEST, "blobs/uploads"),
        ("/v2/tags/tags/list", Endpoint.TAGS, "tags"),
        (f"/v2/a/blobs/uploads/blobs/{DIGEST}", Endpoint.BLOB, "a/blobs/uploads"),
        # Whether a name or a reference is well formed is for the registry to say.
        ("/v2/UPPER/manifests/latest", Endpoint.MANIFEST, "UPPER"),
        ("/v2/a%2Fb/manifests/sha256%3Aabc", Endpoint.MANIFEST, "a%2Fb"),
        # What is under /v2/ and is none of these.
        ("/v2/_catalog", Endpoint.OTHER, "_catalog"),
        ("/v2/my-repo", Endpoint.OTHER, "my-repo"),
        ("/v2/my-repo/", Endpoint.OTHER, "my-repo/"),
        ("/v2/manifests/latest", Endpoint.OTHER, "manifests/latest"),
        ("/v2//manifests/latest", Endpoint.OTHER, "/manifests/latest"),
        ("/v2/my-repo/manifests/", Endpoint.OTHER, "my-repo/manifests/"),
        ("/v2/blobs/uploads/", Endpoint.OTHER, "blobs/uploads/"),
        ("/v2/my-repo/signatures/latest", Endpoint.OTHER, "my-repo/signatures/latest"),
    ],
)
def test_a_path_names_an_endpoint_and_a_repository(path: str, endpoint: Endpoint, repository: str) -> None:
    assert registry_path(path) == RegistryPath(endpoint, repository)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v2nope",
        "/V2/",
        "/v1/my-repo/manifests/latest",
        "//v2/my-repo/manifests/latest",
        "/x/v2/my-repo/manifests/latest",
    ],
)
def test_a_path_that_is_not_under_v2_names_none(path: str) -> None:
    assert registry_path(path) is None


@pytest.mark.parametrize(
    ("path", "stands_for"),
    [
        ("/_challenge/v2/my-repo/blobs/uploads/", "/v2/my-repo/blobs/uploads/"),
        ("/_challenge/", "/"),
        # One prefix is ours; a second one is a path like any other.
        ("/_challenge/_challenge/v2/", "/_challenge/v2/"),
        ("/_challenge", None),
        ("/_challenged/v2/", None),
        ("/v2/_challenge/", None),
    ],
)
def test_a_challenge_path_stands_for_another(path: str, stands_for: str | None) -> None:
    assert without_challenge(path) == stands_for


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/_registry/registry.example.com/v2/a/tags/list", ("registry.example.com", "/v2/a/tags/list")),
        ("/_registry/registry.example.com:8443/", ("registry.example.com:8443", "/")),
        ("/_registry/registry.example.com", ("registry.example.com", "")),
        ("/_registry/", ("", "")),
        ("/_registry", ("", "")),
        ("/_registry//v2/", ("", "/v2/")),
        ("/_registry/a/_registry/b/v2/", ("a", "/_registry/b/v2/")),
        ("/_registryx/a/v2/", None),
        ("/_REGISTRY/a/v2/", None),
        ("//_registry/a/v2/", None),
        ("/v2/_registry/a", None),
    ],
)
def test_an_edge_path_is_an_authority_and_the_registrys_own_path(
    path: str, parts: tuple[str, str] | None
) -> None:
    assert split_edge_path(path) == parts
