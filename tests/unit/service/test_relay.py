"""The relay's rules as tables: what reaches the registry, and what of its response the client."""

from __future__ import annotations

import pytest

from chalicelib.errors import ResponseNotRelayable
from chalicelib.http_message import Request, RequestLine, Response
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint
from chalicelib.relaying.client_families import (
    BUILDKIT,
    CONTAINERD,
    DOCKER_CLASSIC,
    GO_CONTAINERREGISTRY,
    ORAS,
    OTHER,
    Family,
)
from chalicelib.relaying.credentials import Credentials
from chalicelib.relaying.relay import (
    MAX_BLOB_BODY,
    MAX_BODY,
    MAX_HEADERS,
    RegistryResponse,
    client_response,
    registry_request,
)
from chalicelib.relaying.relay_decision import Relay

REGISTRY = RegistryHost.parse("123456789012.dkr.ecr.us-west-2.amazonaws.com")
CREDENTIALS = Credentials("Basic eDp5", 7)
MANIFEST = b'{"schemaVersion": 2}\n'
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
MANIFEST_V1_TYPE = "application/vnd.docker.distribution.manifest.v1+prettyjws"
DIGEST = "sha256:" + "a" * 64
PAGE = '/v2/r/tags/list?last=b&n=2>; rel="next"'
ELSEWHERE = f"{REGISTRY.origin}//evil.example.com"


def relay(endpoint: Endpoint = Endpoint.MANIFEST, family: Family = OTHER) -> Relay:
    return Relay(REGISTRY, endpoint, "/v2/r/x", CREDENTIALS, family)


def passed(
    response: RegistryResponse,
    endpoint: Endpoint = Endpoint.MANIFEST,
    method: str = "GET",
    family: Family = OTHER,
) -> Response:
    return client_response(Request(RequestLine(method, "/v2/r/x")), relay(endpoint, family), response)


def test_only_the_listed_request_headers_and_the_relays_credentials_pass() -> None:
    headers = {
        "accept": ("a/b", "c/d"),
        "authorization": ("Basic of-another-request",),
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
    sent = registry_request(Request(RequestLine("PUT", "/v2/r/x"), headers, b"body"), relay())
    assert sent.headers == (
        ("Accept", "a/b"),
        ("Accept", "c/d"),
        ("Content-Type", "t/t"),
        ("Content-Range", "0-9"),
        ("Range", "bytes=0-9"),
        ("If-None-Match", '"x"'),
        ("User-Agent", "crane/1"),
        ("Authorization", "Basic eDp5"),
    )
    assert (sent.method, sent.target, sent.body) == ("PUT", "/v2/r/x", b"body")
    assert "Basic" not in repr(sent)


def test_a_header_that_no_client_may_send_stays_behind() -> None:
    headers = {"accept": ("a/b\r\nX-Injected: y", "ü", "fine/type")}
    assert registry_request(Request(RequestLine("GET", "/v2/r/x"), headers), relay()).headers == (
        ("Accept", "fine/type"),
        ("Authorization", "Basic eDp5"),
    )


@pytest.mark.parametrize(
    ("method", "endpoint", "sent"),
    [
        ("HEAD", Endpoint.MANIFEST, "GET"),
        ("HEAD", Endpoint.BLOB, "HEAD"),
        ("GET", Endpoint.MANIFEST, "GET"),
        ("PUT", Endpoint.MANIFEST, "PUT"),
    ],
)
def test_a_manifest_head_is_asked_as_get(method: str, endpoint: Endpoint, sent: str) -> None:
    assert registry_request(Request(RequestLine(method, "/v2/r/x")), relay(endpoint)).method == sent


@pytest.mark.parametrize(
    ("endpoint", "limit"), [(Endpoint.MANIFEST, MAX_BODY), (Endpoint.BLOB, MAX_BLOB_BODY)]
)
def test_no_more_of_a_response_is_read_than_can_be_passed_on(endpoint: Endpoint, limit: int) -> None:
    assert registry_request(Request(RequestLine("GET", "/v2/r/x")), relay(endpoint)).body_limit == limit


def test_the_connection_is_that_of_the_credentials() -> None:
    assert registry_request(Request(RequestLine("GET", "/v2/r/x")), relay()).connection_key == 7


def test_only_the_listed_response_headers_pass() -> None:
    response = RegistryResponse(
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
            ("Proxy-Authenticate", "Basic realm=x"),
            ("Authentication-Info", "x"),
            ("X-Amzn-Remapped-WWW-Authenticate", "Basic realm=x"),
            ("Refresh", "0; url=https://evil.example.com/"),
            ("Strict-Transport-Security", "max-age=31536000; includeSubDomains; preload"),
            ("Clear-Site-Data", "*"),
            ("Alt-Svc", 'h2="evil.example.com:443"'),
            ("Access-Control-Allow-Origin", "*"),
            ("Content-Location", "https://evil.example.com/"),
            ("Cache-Control", "public, max-age=31536000"),
            ("Vary", "*"),
            ("Server", "nginx"),
            ("Content-Encoding", "identity"),
        ),
        MANIFEST,
    )
    assert passed(response) == Response(
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
        ("Link", f"<{REGISTRY.origin}{PAGE}", f"<{PAGE}"),
        ("Link", f"<{PAGE}", f"<{PAGE}"),
        # A page elsewhere would be asked for with the client's credentials, be it named first or second.
        ("Link", f'<{PAGE}, <https://evil.example.com/x>; rel="next"', None),
        ("Link", f'<https://evil.example.com/x>; rel="prev", <{PAGE}', None),
        ("Link", f"<{PAGE}; a=\u00e9", None),
        ("Link", f"</{'a' * 10_000}>", None),
        ("Link", '<https://evil.example.com/x>; rel="next"', None),
        ("Link", "not a link", None),
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
def test_response_headers_are_made_ours(name: str, value: str, expected: str | None) -> None:
    response = passed(RegistryResponse(202, ((name, value),)))
    assert response.headers == ({} if expected is None else {name.title(): expected})


def test_another_host_is_reached_by_a_redirect_alone() -> None:
    """Where an upload goes on, skopeo and others send their credentials to the host that a Location names."""
    bucket = (("Location", "https://bucket.example.com/b?sig=x"),)
    assert passed(RegistryResponse(307, bucket)).headers == dict(bucket)
    for status in (200, 201, 202, 204):
        with pytest.raises(ResponseNotRelayable):
            passed(RegistryResponse(status, bucket))


def test_the_first_of_repeated_lines_counts() -> None:
    """Chalice cannot take a list for Content-Type, and two Locations are one too many."""
    lines = (("Content-Type", "text/a"), ("content-type", "text/b"), ("Location", "/a"), ("Location", "/b"))
    assert passed(RegistryResponse(201, lines)).headers == {"Content-Type": "text/a", "Location": "/a"}


def test_a_response_without_a_body_gets_no_length() -> None:
    headers = passed(RegistryResponse(304, (("ETag", "x"),)), method="HEAD").headers
    assert headers == {"Etag": "x"}


def test_a_blobs_response_has_no_content_type() -> None:
    redirect = RegistryResponse(307, (("Location", "https://b.example.com/x"), ("Content-Type", "text/html")))
    assert passed(redirect, Endpoint.BLOB).headers == {"Location": "https://b.example.com/x"}


@pytest.mark.parametrize(("family", "digest"), [(OTHER, DIGEST), (CONTAINERD, None), (BUILDKIT, None)])
def test_a_manifest_head_is_answered_with_the_manifest(family: Family, digest: str | None) -> None:
    response = RegistryResponse(200, (("Docker-Content-Digest", DIGEST), ("Content-Length", "21")), MANIFEST)
    head = passed(response, method="HEAD", family=family)
    assert head.body == MANIFEST.decode()
    assert head.headers["Content-Length"] == str(len(MANIFEST))
    assert head.headers.get("Docker-Content-Digest") == digest


BLOB_HEAD = RegistryResponse(200, (("Content-Length", "20971520"), ("Docker-Content-Digest", DIGEST)))


@pytest.mark.parametrize("family", [CONTAINERD, BUILDKIT, GO_CONTAINERREGISTRY, ORAS, DOCKER_CLASSIC])
def test_a_blob_head_is_answered_with_its_length_to_those_who_do_not_read_it(family: Family) -> None:
    head = passed(BLOB_HEAD, Endpoint.BLOB, "HEAD", family)
    assert head == Response(200, {"Content-Length": "20971520", "Docker-Content-Digest": DIGEST})


def test_a_blob_head_finds_nothing_for_those_who_believe_its_length() -> None:
    """containers/image takes a length of 0 for the size of the layer: it shall upload it again instead."""
    assert passed(BLOB_HEAD, Endpoint.BLOB, "HEAD", OTHER) == Response(404)
    missing = RegistryResponse(404, (("Content-Type", "application/json"),), b"{}")
    assert passed(missing, Endpoint.BLOB, "HEAD", OTHER).status == 404
    refused = RegistryResponse(403, (("Content-Type", "text/plain"),), b"")
    assert passed(refused, Endpoint.BLOB, "HEAD", OTHER).status == 403


@pytest.mark.parametrize("length", ["", "-1", "+5", "0x10", "5, 5", "\u0661\u0662", "\u00b2", " 5"])
def test_a_length_is_made_of_ascii_digits(length: str) -> None:
    response = RegistryResponse(200, (("Content-Length", length),))
    assert "Content-Length" not in passed(response, Endpoint.BLOB, "HEAD", CONTAINERD).headers


def test_a_refusal_is_passed_on_with_its_message_and_without_its_challenge() -> None:
    response = RegistryResponse(
        401, (("Www-Authenticate", "Basic realm=x"), ("Content-Type", "text/plain")), b"Not Authorized\n"
    )
    assert passed(response) == Response(401, {"Content-Type": "text/plain"}, "Not Authorized\n")


@pytest.mark.parametrize(
    ("endpoint", "response", "reason"),
    [
        (Endpoint.BLOB, RegistryResponse(200, (), b"layer"), "instead of a redirect"),
        (Endpoint.BLOB, RegistryResponse(206, (), b"layer", whole=False), "instead of a redirect"),
        (Endpoint.TAGS, RegistryResponse(200, (), b"[", whole=False), "more bytes"),
        # Each control character takes six bytes in the JSON that leaves the function.
        (Endpoint.MANIFEST, RegistryResponse(200, (), b"\x01" * (MAX_BODY // 5)), "more bytes"),
        (Endpoint.MANIFEST, RegistryResponse(200, (), b"\xff\xfe"), "not UTF-8"),
        (Endpoint.UPLOAD, RegistryResponse(202, (("Location", ELSEWHERE),)), "cannot be passed on"),
        (Endpoint.UPLOAD, RegistryResponse(202, (("Location", "/" + "a" * 10_000),)), "cannot be passed on"),
    ],
)
def test_what_cannot_be_passed_on_is_refused(
    endpoint: Endpoint, response: RegistryResponse, reason: str
) -> None:
    with pytest.raises(ResponseNotRelayable, match=reason) as refused:
        passed(response, endpoint)
    assert str(refused.value).startswith(f"{REGISTRY.origin} answered ")


def test_the_largest_response_that_fits_passes() -> None:
    body = b"a" * (MAX_BODY - 2)
    assert passed(RegistryResponse(200, (), body)).body.encode() == body


HEADERS_OVERHEAD = len("Location: \r\n") + len("Etag: \r\n")


@pytest.mark.parametrize("surplus", [0, 1])
def test_the_headers_fit_into_what_api_gateway_passes(surplus: int) -> None:
    location = "/" + "a" * 8_000
    etag = "b" * (MAX_HEADERS - HEADERS_OVERHEAD - len(location) + surplus)
    response = RegistryResponse(201, (("Location", location), ("ETag", etag), ("Server", "x" * 10_000)))
    if not surplus:
        assert passed(response).headers == {"Location": location, "Etag": etag}
        return
    with pytest.raises(ResponseNotRelayable, match="more headers than API Gateway passes"):
        passed(response)


def test_a_registry_cannot_name_a_header_that_http_does_not_know() -> None:
    """http.client takes almost anything for a name."""
    lines = (("OCI-A\x01", "x"), ("oci-\u00e9", "x"), ("oci-a b", "x"), ("OCI-Fine", "x"))
    assert passed(RegistryResponse(200, lines)).headers == {"Oci-Fine": "x"}
