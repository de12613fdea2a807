"""Which endpoint of the registry API a path names."""

from __future__ import annotations

import pytest

from chalicelib.registry_path import Endpoint, challenge_path, endpoint_of, without_challenge

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("path", "endpoint"),
    [
        ("/v2/", Endpoint.PING),
        ("/v2", Endpoint.PING),
        ("/v2/my-repo/manifests/latest", Endpoint.MANIFEST),
        ("/v2/team/app/web/manifests/1.0", Endpoint.MANIFEST),
        (f"/v2/my-repo/blobs/{DIGEST}", Endpoint.BLOB),
        ("/v2/my-repo/blobs/uploads/", Endpoint.UPLOAD),
        ("/v2/my-repo/blobs/uploads", Endpoint.UPLOAD),
        ("/v2/my-repo/blobs/uploads/49b2323e", Endpoint.UPLOAD),
        ("/v2/my-repo/tags/list", Endpoint.TAGS),
        (f"/v2/my-repo/referrers/{DIGEST}", Endpoint.REFERRERS),
        # Repositories named like endpoints.
        ("/v2/blobs/manifests/latest", Endpoint.MANIFEST),
        (f"/v2/manifests/blobs/{DIGEST}", Endpoint.BLOB),
        ("/v2/blobs/uploads/manifests/latest", Endpoint.MANIFEST),
        ("/v2/tags/tags/list", Endpoint.TAGS),
        (f"/v2/a/blobs/uploads/blobs/{DIGEST}", Endpoint.BLOB),
        # An ill-formed name or reference is the registry's to refuse.
        ("/v2/UPPER/manifests/latest", Endpoint.MANIFEST),
        ("/v2/my-repo/manifests/sha256%3Aabc", Endpoint.MANIFEST),
        ("/", None),
        ("/v2nope", None),
        ("/v1/my-repo/manifests/latest", None),
        ("/v2/_catalog", None),
        ("/v2/my-repo", None),
        ("/v2/my-repo/", None),
        ("/v2/manifests/latest", None),
        ("/v2//manifests/latest", None),
        ("/v2/my-repo/manifests/", None),
        ("/v2/blobs/uploads/", None),
        ("/v2/my-repo/signatures/latest", None),
        ("//v2/my-repo/manifests/latest", None),
        ("/x/v2/my-repo/manifests/latest", None),
    ],
)
def test_a_path_names_an_endpoint(path: str, endpoint: Endpoint | None) -> None:
    assert endpoint_of(path) is endpoint


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


def test_challenge_paths_lead_back_to_where_they_came_from() -> None:
    assert without_challenge(challenge_path("/v2/my-repo/blobs/uploads/")) == "/v2/my-repo/blobs/uploads/"
