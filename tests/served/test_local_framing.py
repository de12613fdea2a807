"""How `chalice local`, with our gaps closed, tells where a request ends."""

from __future__ import annotations

import json
import ssl

import pytest

from tests.served.fronts import Front

PUT = b"PUT /v2/r/manifests/1 HTTP/1.1\r\nHost: x\r\n"
SMUGGLED = b"GET /v2/smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def statuses(answer: bytes) -> list[int]:
    """The status of each answer on a connection."""
    return [int(part.split()[0]) for part in answer.split(b"HTTP/1.1 ")[1:]]


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
def test_framing_that_can_be_read_in_two_ways_ends_the_connection(chalice_local: Front, rest: bytes) -> None:
    answer = chalice_local.raw(PUT + rest + SMUGGLED)
    assert statuses(answer) == [400]
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["code"] == "UNSUPPORTED"
    assert "/v2/smuggled" not in chalice_local.log()


def test_after_a_chunked_body_with_trailers_the_next_request_is_read(chalice_local: Front) -> None:
    body = b"Transfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nTrailer: x\r\n\r\n"
    next_request = b"GET /v2/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert statuses(chalice_local.raw(PUT + body + next_request)) == [307, 307]


@pytest.mark.parametrize(
    ("headers", "status"),
    [(b"Content-Length: 10485761\r\n\r\n", 413), (b"Transfer-Encoding: chunked\r\n\r\nA00001\r\n", 413)],
)
def test_more_than_the_gateway_takes_is_not_read(chalice_local: Front, headers: bytes, status: int) -> None:
    assert statuses(chalice_local.raw(PUT + headers)) == [status]


@pytest.mark.parametrize("target", [b"*", b"http://x/v2/", b"v2/"])
def test_a_target_that_is_no_path_is_refused_without_a_word_of_the_credentials(
    chalice_local: Front, target: bytes
) -> None:
    request = (
        b"OPTIONS %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Basic QVdTOnRva2Vu\r\n\r\n"
    )
    answer = chalice_local.raw(request % target)
    assert statuses(answer) == [400]
    assert b"QVdT" not in answer


def test_an_unknown_method_is_refused_as_at_the_gateway(chalice_local: Front) -> None:
    assert statuses(chalice_local.raw(b"TRACE /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")) == [
        403
    ]


def test_who_speaks_tls_is_refused_in_http(chalice_local: Front) -> None:
    """Docker's containerd store goes on without TLS at a loopback host where it sees "HTTP/"."""
    hello = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), hello, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    assert statuses(chalice_local.raw(hello.read())) == [400]
