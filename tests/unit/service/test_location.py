"""Locations: what may stand in one, and what becomes of those that the registry gives."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from chalicelib.http_message import Query
from chalicelib.location import location_from, path_fault, with_query
from chalicelib.registry_host import RegistryHost

REGISTRY = RegistryHost.parse("123456789012.dkr.ecr.us-west-2.amazonaws.com")
BUCKET = "https://prod-us-west-2-starport-layer-bucket.s3.us-west-2.amazonaws.com/x/y?X-Amz-Signature=z"


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/", None),
        ("/v2/my-repo/manifests/sha256:abc", None),
        ("/v2/my-repo/manifests/sha256%3Aabc", None),
        ("/v2/a%2Fb/manifests/latest", None),
        ("/v2//double", None),
        ("//evil.example.com/", None),
        ("/v2/.hidden/..data/a.b/...", None),
        ("/" + "a" * 8192, None),
        ("/%25%32%65", None),
        ("", "characters"),
        ("v2/", "characters"),
        ("/v2/a b", "characters"),
        ("/v2/a\r\nSet-Cookie: x", "characters"),
        ("/v2/a\n", "characters"),
        ("/v2/a\x00", "characters"),
        ("/v2/a\\b", "characters"),
        ("/v2/é", "characters"),
        ("/v2/\ud800", "characters"),
        ("/v2/a?b", "characters"),
        ("/v2/a#b", "characters"),
        ("/v2/%", "escape"),
        ("/v2/%4", "escape"),
        ("/v2/%zz", "escape"),
        ("/v2/%0d%0aSet-Cookie:%20x", "escape"),
        ("/v2/%00", "escape"),
        ("/v2/%1F", "escape"),
        ("/v2/%7f", "escape"),
        ("/v2/%5Cevil", "escape"),
        ("/v2/%5cevil", "escape"),
        ("/v2/../../etc", "dot segment"),
        ("/v2/./a", "dot segment"),
        ("/..", "dot segment"),
        ("/v2/%2e%2E/a", "dot segment"),
        ("/v2/.%2e", "dot segment"),
        ("/v2/..%2fx", "dot segment"),
        ("/v2/x%2F..", "dot segment"),
    ],
)
def test_paths_unfit_for_a_location_are_known(path: str, fault: str | None) -> None:
    found = path_fault(path)
    assert (found is None) if fault is None else (found is not None and fault in found)


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ((), "/p"),
        ((("n", "2"), ("last", "")), "/p?n=2&last="),
        ((("digest", "sha256:abc"),), "/p?digest=sha256:abc"),
        ((("from", "team/app"), ("mount", "sha256:abc")), "/p?from=team/app&mount=sha256:abc"),
        ((("a", "1"), ("a", "2"), ("a", "1")), "/p?a=1&a=2&a=1"),
        ((("a b", "c&d=e#f+%"),), "/p?a%20b=c%26d%3De%23f%2B%25"),
        ((("x", "\r\nSet-Cookie: y"),), "/p?x=%0D%0ASet-Cookie:%20y"),
        ((("é", ""),), "/p?%C3%A9="),
    ],
)
def test_the_query_is_rebuilt_from_its_decoded_pairs(query: Query, target: str) -> None:
    assert with_query("/p", query) == target
    assert tuple(parse_qsl(target.partition("?")[2], keep_blank_values=True)) == query


def test_a_lone_surrogate_in_the_query_becomes_a_question_mark() -> None:
    assert with_query("/p", (("a", "\ud800"),)) == "/p?a=%3F"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        # ECR's own form; the client has to come back to us with its credentials.
        (f"{REGISTRY.origin}/v2/r/blobs/uploads/1?_state=a%3D%3D", "/v2/r/blobs/uploads/1?_state=a%3D%3D"),
        (f"https://{REGISTRY.host}:443/v2/r/blobs/uploads/1", "/v2/r/blobs/uploads/1"),
        (f"HTTPS://{REGISTRY.host.upper()}/v2/x", "/v2/x"),
        ("/v2/r/blobs/uploads/1", "/v2/r/blobs/uploads/1"),
        # Relative to the request's own path, which is /v2/r/blobs/uploads/ here.
        ("1?x=y", "/v2/r/blobs/uploads/1?x=y"),
        (REGISTRY.origin, "/"),
        (BUCKET, BUCKET),
        # Another port of the registry's host is another server.
        (f"https://{REGISTRY.host}:8443/x", f"https://{REGISTRY.host}:8443/x"),
        # Never a relative reference that names a host.
        (f"{REGISTRY.origin}//evil.example.com/", None),
        (f"{REGISTRY.origin}/\\evil.example.com/", None),
        (f"https://AWS:token@{REGISTRY.host}/v2/", None),
        ("https://user@bucket.example.com/", None),
        (f"http://{REGISTRY.host}/v2/", None),
        ("http://bucket.example.com/", None),
        ("ftp://bucket.example.com/", None),
        ("javascript:alert(1)", None),
        # A browser's parser takes `v2` for the host; a relative reference is read by all in one way.
        ("https:///v2/", "/v2/"),
        # Parsers disagree about the host of each of these: Python's takes what follows the last `@`.
        ("https://bucket.example.com\\@evil.example.com/", None),
        (f"https://{REGISTRY.host}\\.evil.example.com/", None),
        ("https://bucket%2eexample.com/", None),
        ("https://bucket.example.com%40evil.example.com/", None),
        ("https://bucket.example.com:443:80/", None),
        ("https://bucket.example.com:/", None),
        ("https://bucket.example.com:99999/", None),
        ("https://[::1]@evil.example.com/", None),
        ("https://[::1/", None),
        ("https://bucket.example.com:port/", None),
        (f"{REGISTRY.origin}/v2/a b", None),
        # The request's own URL: a loop.
        ("", None),
        (BUCKET + "a" * 10_000, None),
        (f"{REGISTRY.origin}/v2/a\tb", None),
        ("https://bücket.example.com/", None),
    ],
)
def test_a_registry_reference_becomes_ours_or_stays_elsewhere(reference: str, expected: str | None) -> None:
    assert location_from(REGISTRY, "/v2/r/blobs/uploads/", reference, elsewhere=True) == expected


def test_a_plain_http_registry_keeps_its_scheme() -> None:
    local = RegistryHost.parse("http://127.0.0.1:5000")
    assert location_from(local, "/v2/", "http://127.0.0.1:5000/v2/x", elsewhere=True) == "/v2/x"
    assert (
        location_from(local, "/v2/", "http://127.0.0.1:9000/blob", elsewhere=True)
        == "http://127.0.0.1:9000/blob"
    )


def test_an_ipv6_registry_is_known_by_its_brackets() -> None:
    local = RegistryHost.parse("http://[::1]:5000")
    assert location_from(local, "/v2/", "http://[::1]:5000/v2/x?y=z", elsewhere=True) == "/v2/x?y=z"
    assert location_from(local, "/v2/", "http://[::1]:5000//evil.example.com/", elsewhere=True) is None
    assert location_from(local, "/v2/", "http://[::2]:5000/v2/x", elsewhere=True) == "http://[::2]:5000/v2/x"
