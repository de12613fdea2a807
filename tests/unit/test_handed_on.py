"""The relay's rules as tables: what reaches the registry, and what of its answer the client."""

from __future__ import annotations

import pytest

from chalicelib.clients import BUILDKIT, CONTAINERD, OTHER, Family
from chalicelib.decision import Relay
from chalicelib.errors import AnswerNotRelayable
from chalicelib.handed_on import (
    MAX_ANSWER,
    MAX_BLOB_ANSWER,
    RegistryAnswer,
    handed_on,
    registry_request,
)
from chalicelib.message import Answer, Request
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint

REGISTRY = RegistryHost.parse("123456789012.dkr.ecr.us-west-2.amazonaws.com")
MANIFEST = b'{"schemaVersion": 2}\n'
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST_V1_TYPE = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DIGEST = "sha256:" + "a" * 64
PAGE = '/v2/r/tags/list?last=b&n=2>; rel="next"'
ELSEWHERE = f"{REGISTRY.origin}//evil.example.com"


def relay(endpoint: Endpoint = Endpoint.MANIFEST, family: Family = OTHER) -> Relay:
    return Relay(family, endpoint, "/v2/r/x")


def handed(
    answer: RegistryAnswer,
    endpoint: Endpoint = Endpoint.MANIFEST,
    method: str = "GET",
    family: Family = OTHER,
) -> Answer:
    return handed_on(Request(method, "/v2/r/x"), relay(endpoint, family), REGISTRY, answer)


def test_only_the_named_request_headers_pass_with_every_value_on_its_own_line() -> None:
    headers = {
        "accept": ("a/b", "c/d"),
        "authorization": ("Basic x",),
        "content-type": ("t/t",),
        "content-range": ("0-9",),
        "range": ("bytes=0-9",),
        "if-none-match": ('"x"',),
        "user-agent": ("crane/1",),
        "host": ("ecr.example.com",),
        "cookie": ("secret",),
        "x-forwarded-for": ("203.0.113.7",),
        "connection": ("close",),
        "expect": ("100-continue",),
    }
    sent = registry_request(Request("PUT", "/v2/r/x", (), headers, b"body"), relay())
    assert sent.headers == (
        ("Accept", "a/b"),
        ("Accept", "c/d"),
        ("Authorization", "Basic x"),
        ("Content-Type", "t/t"),
        ("Content-Range", "0-9"),
        ("Range", "bytes=0-9"),
        ("If-None-Match", '"x"'),
        ("User-Agent", "crane/1"),
    )
    assert (sent.method, sent.target, sent.body) == ("PUT", "/v2/r/x", b"body")
    assert "Basic" not in repr(sent)


def test_a_header_that_no_client_may_send_stays_behind() -> None:
    headers = {"accept": ("a/b\r\nX-Injected: y", "ü", "fine/type")}
    assert registry_request(Request("GET", "/v2/r/x", (), headers), relay()).headers == (
        ("Accept", "fine/type"),
    )


@pytest.mark.parametrize(
    ("method", "endpoint", "asked"),
    [
        ("HEAD", Endpoint.MANIFEST, "GET"),
        ("HEAD", Endpoint.BLOB, "HEAD"),
        ("GET", Endpoint.MANIFEST, "GET"),
        ("PUT", Endpoint.MANIFEST, "PUT"),
    ],
)
def test_a_manifest_head_is_asked_as_get(method: str, endpoint: Endpoint, asked: str) -> None:
    assert registry_request(Request(method, "/v2/r/x"), relay(endpoint)).method == asked


@pytest.mark.parametrize(
    ("endpoint", "limit"), [(Endpoint.MANIFEST, MAX_ANSWER), (Endpoint.BLOB, MAX_BLOB_ANSWER)]
)
def test_no_more_of_an_answer_is_read_than_can_be_handed_on(endpoint: Endpoint, limit: int) -> None:
    assert registry_request(Request("GET", "/v2/r/x"), relay(endpoint)).answer_limit == limit


def test_an_owner_is_told_by_the_credentials_alone() -> None:
    one, same, other = (
        registry_request(
            Request("GET", "/v2/r/x", (), {"authorization": (value,), "accept": (accept,)}), relay()
        )
        for value, accept in [("Basic a", "x"), ("Basic a", "y"), ("Basic b", "x")]
    )
    assert one.owner == same.owner != other.owner


def test_only_the_named_answer_headers_pass() -> None:
    answer = RegistryAnswer(
        200,
        (
            ("content-type", MANIFEST_TYPE),
            ("docker-content-digest", DIGEST),
            ("Docker-Distribution-Api-Version", "registry/2.0"),
            ("ETag", '"x"'),
            ("OCI-Subject", DIGEST),
            ("oci-filters-applied", "artifactType"),
            ("Content-Length", "21"),
            ("Connection", "keep-alive"),
            ("Set-Cookie", "a=b"),
            ("WWW-Authenticate", "Basic realm=x"),
            ("Server", "nginx"),
            ("Content-Encoding", "identity"),
        ),
        MANIFEST,
    )
    assert handed(answer) == Answer(
        200,
        {
            "Content-Type": MANIFEST_TYPE,
            "Docker-Content-Digest": DIGEST,
            "Docker-Distribution-Api-Version": "registry/2.0",
            "Etag": '"x"',
            "Oci-Subject": DIGEST,
            "Oci-Filters-Applied": "artifactType",
        },
        MANIFEST.decode(),
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Location", f"{REGISTRY.origin}/v2/r/blobs/uploads/1?_state=a", "/v2/r/blobs/uploads/1?_state=a"),
        ("Location", "/v2/r/blobs/uploads/1", "/v2/r/blobs/uploads/1"),
        ("Location", "https://bucket.example.com/b?sig=x", "https://bucket.example.com/b?sig=x"),
        (
            "Link",
            f'<{REGISTRY.origin}/v2/r/tags/list?last=b&n=2>; rel="next"',
            '</v2/r/tags/list?last=b&n=2>; rel="next"',
        ),
        ("Link", '</v2/r/tags/list?last=b&n=2>; rel="next"', '</v2/r/tags/list?last=b&n=2>; rel="next"'),
        # A page elsewhere would be asked for with the client's credentials, be it named first or second.
        ("Link", f'<{PAGE}, <https://evil.example.com/x>; rel="next"', None),
        ("Link", f'<https://evil.example.com/x>; rel="prev", <{PAGE}', None),
        ("Link", f"<{PAGE}; a=\u00e9", None),
        ("Link", f"</{'a' * 10_000}>", None),
        ("Link", '<https://evil.example.com/x>; rel="next"', None),
        ("Link", "no link", None),
        ("Retry-After", "30", "30"),
        ("Range", "0-1023", "0-1023"),
        ("Docker-Upload-UUID", "49b2323e", "49b2323e"),
        ("ETag", "a\tb", None),
        ("Content-Type", "text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        ("Content-Type", MANIFEST_V1_TYPE, MANIFEST_V1_TYPE),
        # Chalice takes these for binary, and would answer 400 unless Accept names them.
        ("Content-Type", "application/octet-stream", None),
        ("Content-Type", "application/zip", None),
    ],
)
def test_answer_headers_are_made_ours(name: str, value: str, expected: str | None) -> None:
    answer = handed(RegistryAnswer(202, ((name, value),)))
    assert answer.headers == ({} if expected is None else {name.title(): expected})


def test_the_first_of_repeated_lines_counts() -> None:
    """Chalice cannot take a list for Content-Type, and two Locations are one too many."""
    lines = (("Content-Type", "text/a"), ("content-type", "text/b"), ("Location", "/a"), ("Location", "/b"))
    assert handed(RegistryAnswer(201, lines)).headers == {"Content-Type": "text/a", "Location": "/a"}


def test_an_answer_without_a_body_gets_no_length() -> None:
    headers = handed(RegistryAnswer(304, (("ETag", "x"),)), method="HEAD").headers
    assert headers == {"Etag": "x"}


def test_a_blob_answer_has_no_content_type() -> None:
    redirect = RegistryAnswer(307, (("Location", "https://b.example.com/x"), ("Content-Type", "text/html")))
    assert handed(redirect, Endpoint.BLOB).headers == {"Location": "https://b.example.com/x"}


@pytest.mark.parametrize(("family", "digest"), [(OTHER, DIGEST), (CONTAINERD, None), (BUILDKIT, None)])
def test_a_manifest_head_is_answered_with_the_manifest(family: Family, digest: str | None) -> None:
    answer = RegistryAnswer(200, (("Docker-Content-Digest", DIGEST), ("Content-Length", "21")), MANIFEST)
    head = handed(answer, method="HEAD", family=family)
    assert head.body == MANIFEST.decode()
    assert head.headers["Content-Length"] == str(len(MANIFEST))
    assert head.headers.get("Docker-Content-Digest") == digest


def test_a_blob_head_keeps_its_length() -> None:
    answer = RegistryAnswer(200, (("Content-Length", "20971520"), ("Docker-Content-Digest", DIGEST)))
    head = handed(answer, Endpoint.BLOB, "HEAD")
    assert head.headers == {"Content-Length": "20971520", "Docker-Content-Digest": DIGEST}


def test_a_refusal_is_handed_on_with_its_message_and_without_its_challenge() -> None:
    answer = RegistryAnswer(
        401, (("Www-Authenticate", "Basic realm=x"), ("Content-Type", "text/plain")), b"Not Authorized\n"
    )
    assert handed(answer) == Answer(401, {"Content-Type": "text/plain"}, "Not Authorized\n")


@pytest.mark.parametrize(
    ("endpoint", "answer", "reason"),
    [
        (Endpoint.BLOB, RegistryAnswer(200, (), b"layer"), "instead of a redirect"),
        (Endpoint.BLOB, RegistryAnswer(206, (), b"layer", whole=False), "instead of a redirect"),
        (Endpoint.TAGS, RegistryAnswer(200, (), b"[", whole=False), "more bytes"),
        # Each control character takes six bytes in the JSON that leaves the function.
        (Endpoint.MANIFEST, RegistryAnswer(200, (), b"\x01" * (MAX_ANSWER // 5)), "more bytes"),
        (Endpoint.MANIFEST, RegistryAnswer(200, (), b"\xff\xfe"), "no UTF-8"),
        (
            Endpoint.UPLOAD,
            RegistryAnswer(202, (("Location", ELSEWHERE),)),
            "cannot be handed on",
        ),
        (Endpoint.UPLOAD, RegistryAnswer(202, (("Location", "/" + "a" * 10_000),)), "cannot be handed on"),
    ],
)
def test_what_cannot_be_handed_on_is_refused(endpoint: Endpoint, answer: RegistryAnswer, reason: str) -> None:
    with pytest.raises(AnswerNotRelayable, match=reason) as refused:
        handed(answer, endpoint)
    assert refused.value.registry == REGISTRY.origin


def test_the_largest_answer_that_fits_passes() -> None:
    body = b"a" * (MAX_ANSWER - 2)
    assert handed(RegistryAnswer(200, (), body)).body.encode() == body
