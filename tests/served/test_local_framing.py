"""How `chalice local`, with our gaps closed, tells where a request ends: at the service and at the edge."""

from __future__ import annotations

import json
import ssl

import pytest

from tests.served.fronts import Front

SMUGGLED = b"GET /v2/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def statuses(received: bytes) -> list[int]:
    """The status of each response on a connection."""
    return [int(part.split()[0]) for part in received.split(b"HTTP/1.1 ")[1:]]


def put(prefix: str = "") -> bytes:
    """The beginning of a PUT."""
    return f"PUT {prefix}/v2/r/manifests/1 HTTP/1.1\r\nHost: x\r\n".encode()


AMBIGUOUS = {
    "an encoding besides chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two encodings": b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an encoding and a length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}",
    "a blank before the colon": b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a negative length": b"Content-Length: -1\r\n\r\n",
    "a signed length": b"Content-Length: +2\r\n\r\n{}",
    "a length of letters": b"Content-Length: 2a\r\n\r\n{}",
    "a signed chunk": b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "a chunk with a prefix": b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk that is longer": b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "endless trailers": b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 200 + b"\r\n",
}


@pytest.mark.parametrize("rest", AMBIGUOUS.values(), ids=AMBIGUOUS)
@pytest.mark.parametrize("at_the_edge", [False, True], ids=["service", "edge"])
def test_framing_that_can_be_read_in_two_ways_ends_the_connection(
    chalice_local: Front, local_edge: Front, at_the_edge: bool, rest: bytes
) -> None:
    front = local_edge if at_the_edge else chalice_local
    front.ecr.forget()
    received = front.raw(put(front.edge_prefix if at_the_edge else "") + rest + SMUGGLED)
    assert statuses(received) == [400]
    assert json.loads(received.partition(b"\r\n\r\n")[2])["errors"][0]["code"] == "UNSUPPORTED"
    assert "/v2/smuggled" not in front.log()
    assert front.ecr.seen == []


@pytest.mark.parametrize(
    "odd", [b"GET %b?\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"GET %b HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"]
)
def test_what_cannot_stand_in_a_request_is_refused_at_the_edge(odd: bytes, local_edge: Front) -> None:
    local_edge.ecr.forget()
    assert statuses(local_edge.raw(odd % f"{local_edge.edge_prefix}/v2/".encode())) == [400]
    assert local_edge.ecr.seen == []


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nTrailer: x\r\n\r\n"


def test_after_a_chunked_body_with_trailers_the_next_request_is_read(chalice_local: Front) -> None:
    last = b"GET /v2/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert statuses(chalice_local.raw(put() + CHUNKED + last)) == [307, 307]


def test_after_a_body_the_next_request_is_read_at_the_edge(local_edge: Front) -> None:
    prefix = local_edge.edge_prefix
    start = f"POST {prefix}/v2/a/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode()
    last = f"HEAD {prefix}/v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    assert statuses(local_edge.raw(start + put(prefix) + CHUNKED + last)) == [401, 401, 401]


@pytest.mark.parametrize(
    "headers", [b"Content-Length: 10485761\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nA00001\r\n"]
)
def test_more_than_the_gateway_takes_is_not_read(chalice_local: Front, headers: bytes) -> None:
    assert statuses(chalice_local.raw(put() + headers)) == [413]


@pytest.mark.parametrize("target", [b"*", b"http://x/v2/", b"v2/"])
def test_a_target_that_is_no_path_is_refused_without_a_word_of_the_credentials(
    chalice_local: Front, target: bytes
) -> None:
    head = b"OPTIONS %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % target
    received = chalice_local.raw(head + b"Authorization: Basic QVdTOnRva2Vu\r\n\r\n")
    assert statuses(received) == [400]
    assert b"QVdT" not in received


def test_an_unknown_method_is_refused_as_at_the_gateway(chalice_local: Front) -> None:
    request = b"TRACE /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert statuses(chalice_local.raw(request)) == [403]


def test_who_speaks_tls_is_refused_in_http(chalice_local: Front) -> None:
    """Docker's containerd store goes on without TLS at a loopback host where it sees "HTTP/"."""
    hello = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    assert statuses(chalice_local.raw(hello.read())) == [400]
