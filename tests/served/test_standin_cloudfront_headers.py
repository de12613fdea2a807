"""The CloudFront stand-in: headers on the way to an origin and back.

Source: the CloudFront developer guide, "Request and response behavior for custom origins", for policies
that forward all viewer headers.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.served.edge_client import RunningEdge, running_edge
from tests.standins.certificates import Certificates
from tests.standins.domain import API_TARGET
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.listener import Serve

AUTHORIZATION = ("Authorization", "Basic QVdTOng=")


def talkative(request: HttpRequest) -> HttpResponse:
    headers = (
        ("Www-Authenticate", 'Basic realm="https://registry.example.com/"'),
        ("Docker-Distribution-Api-Version", "registry/2.0"),
        ("Set-Cookie", "a=1; Path=/"),
        ("Set-Cookie", "b=2"),
        ("Via", "1.1 proxy"),
        ("Keep-Alive", "timeout=5"),
        ("X-Cache", "Hit from elsewhere"),
    )
    return HttpResponse(401, headers, b"Not Authorized\n")


@pytest.fixture(scope="module")
def edge(certificates: Certificates) -> Iterator[RunningEdge]:
    with running_edge(certificates, registry=talkative) as running:
        yield running


SENT = (
    ("User-Agent", "containerd/v2.1.4"),
    ("Accept", "application/vnd.oci.image.index.v1+json"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "identity"),
    AUTHORIZATION,
    ("Content-Type", "application/octet-stream"),
    ("Content-Range", "0-3"),
    ("Range", "bytes=0-"),
    ("Cookie", "a=1; b=2"),
    ("Referer", "https://example.com/"),
)


def test_all_that_the_viewer_says_reaches_the_registry_under_the_registrys_name(edge: RunningEdge) -> None:
    edge("PATCH", edge.at_registry("/v2/a/blobs/uploads/1"), *SENT, body=b"abcd")
    request = edge.registry.last
    for name, value in SENT:
        assert value in request.values(name), name
    assert request.values("Host") == [edge.authority]
    assert request.values("Content-Length") == ["4"]
    assert request.body == b"abcd"


def test_the_api_is_asked_by_the_viewers_host_without_credentials(edge: RunningEdge) -> None:
    edge("GET", "/v2/", *SENT)
    assert edge.api.last.values("Host") == [edge.cloudfront.authority]
    assert edge.api.last.values("Authorization") == []
    assert edge.api.last.values("User-Agent") == ["containerd/v2.1.4"]


def test_what_belongs_to_one_connection_goes_no_further(edge: RunningEdge) -> None:
    hop = ("Expect", "TE", "Trailer", "Upgrade", "X-Forwarded-Proto", "Proxy-Connection", "Keep-Alive")
    edge("PUT", "/v2/", *((name, "100-continue") for name in hop), body=b"x")
    assert [name for name in hop if edge.api.last.values(name)] == []
    assert edge.api.last.values("Connection") == ["Keep-Alive"]


def test_cloudfront_adds_its_own_name_and_the_viewers_address(edge: RunningEdge) -> None:
    edge("GET", "/v2/", ("X-Forwarded-For", "192.0.2.1"), ("Via", "1.1 proxy"), ("X-Amz-Cf-Id", "forged"))
    request = edge.api.last
    assert request.values("X-Forwarded-For") == ["192.0.2.1,127.0.0.1"]
    (via,) = request.values("Via")
    assert via.startswith("1.1 proxy, 1.1 ")
    assert via.endswith(".cloudfront.net (CloudFront)")
    (identifier,) = request.values("X-Amz-Cf-Id")
    assert identifier != "forged"


def test_names_are_capitalised_where_a_function_ran(edge: RunningEdge) -> None:
    """ "The first letter of each word in header names is capitalized": event structure."""
    edge("GET", "/v2/", ("x-meta-tag", "1"), ("DOCKER-UPLOAD-UUID", "2"))
    names = {name for name, _ in edge.api.last.headers}
    assert {"X-Meta-Tag", "Docker-Upload-Uuid"} <= names


def test_a_registrys_response_arrives_with_its_own_headers(edge: RunningEdge) -> None:
    response = edge("GET", edge.at_registry("/v2/"))
    assert (response.status, response.body) == (401, b"Not Authorized\n")
    assert response["WWW-Authenticate"] == 'Basic realm="https://registry.example.com/"'
    assert response["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert response.headers.get_all("Set-Cookie") == ["a=1; Path=/", "b=2"]
    assert response["X-Cache"] == "Error from cloudfront"
    assert response["Via"].startswith("1.1 proxy, 1.1 ")
    assert response["Keep-Alive"] == ""
    assert response["X-Amz-Cf-Id"]


def test_what_each_side_said_is_observed(edge: RunningEdge) -> None:
    edge.passages.clear()
    edge("GET", edge.at_registry("/v2/"), AUTHORIZATION)
    edge("GET", "/v2/", AUTHORIZATION)
    registry, api = edge.passages
    assert (registry.origin, api.origin) == ("127.0.0.1", API_TARGET)
    assert registry.origin_request is not None
    assert registry.origin_request.values("Authorization") == [AUTHORIZATION[1]]
    assert registry.origin_response is not None
    assert registry.origin_response.status == registry.viewer_response.status == 401
    assert api.viewer_request.values("Authorization") == [AUTHORIZATION[1]]
    assert api.origin_request is not None
    assert api.origin_request.values("Authorization") == []


def sending(content: bytes) -> Serve:
    """A registry that sends these bytes and ends the connection."""

    def serve(connection: socket.socket, peer: str) -> None:
        connection.recv(65536)
        connection.sendall(content)

    return serve


def test_a_response_without_a_length_arrives_chunked(certificates: Certificates) -> None:
    with running_edge(certificates, serve=sending(b"HTTP/1.1 200 OK\r\n\r\nwhole")) as edge:
        request = f"GET {edge.at_registry('/v2/')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        received = edge.raw(request.encode())
    assert b"Transfer-Encoding: chunked\r\n" in received
    assert received.endswith(b"\r\n\r\n5\r\nwhole\r\n0\r\n\r\n")


@pytest.mark.parametrize(("size", "status"), [(30_000, 200), (33_000, 502)])
def test_a_responses_head_has_at_most_32768_bytes(certificates: Certificates, size: int, status: int) -> None:
    with running_edge(certificates, registry=lambda _: HttpResponse(200, (("X", "x" * size),))) as edge:
        assert edge("GET", edge.at_registry("/v2/")).status == status


@pytest.mark.parametrize(
    "content", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
def test_what_is_no_response_becomes_cloudfronts_own_page(certificates: Certificates, content: bytes) -> None:
    with running_edge(certificates, serve=sending(content)) as edge:
        page = edge("GET", edge.at_registry("/v2/"))
    assert (page.status, page["Server"], page["Content-Type"]) == (502, "CloudFront", "text/html")
    assert b"502 ERROR" in page.body
