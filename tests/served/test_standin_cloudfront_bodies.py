"""The CloudFront stand-in: bodies on their way, and origins that fail in the middle of one.

Sources: the CloudFront developer guide, "Request and response behavior for custom origins" (timeouts,
attempts, Transfer-Encoding) and "Origin settings"; what they leave open is tried both ways.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from typing import Any

import pytest

from tests.served.edge_client import CREATED, RunningEdge, raw_registry, read_all, read_head, running_edge
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.unknowns import Bodies, ChunkedBody, Unknowns
from tests.standins.http_message import HttpRequest, HttpResponse

BUFFERED = Unknowns(bodies=Bodies.BUFFERED)
BOTH = pytest.mark.parametrize("unknowns", [Unknowns(), BUFFERED], ids=["streamed", "buffered"])
WAIT = 20
"""Seconds until a test that hangs fails."""


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(201, (), request.body)


def upload_head(edge: RunningEdge, length: int) -> bytes:
    target = edge.at_registry("/v2/a/blobs/uploads/1")
    return f"PUT {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()


@BOTH
def test_a_long_body_arrives_whole_in_both_directions(certificates: Certificates, unknowns: Unknowns) -> None:
    content = hashlib.sha256(b"seed").digest() * 200_000
    pieces = (content[start : start + 70_001] for start in range(0, len(content), 70_001))
    with running_edge(certificates, registry=echo, unknowns=unknowns) as edge:
        for body in (content, pieces):
            answer = edge("PATCH", edge.at_registry("/v2/a/blobs/uploads/1"), body=body)
            assert answer.status == 201
            assert hashlib.sha256(edge.registry.last.body).digest() == hashlib.sha256(content).digest()
            assert answer.body == content


def test_a_streamed_body_reaches_the_origin_before_its_end(certificates: Certificates) -> None:
    begun = threading.Event()

    def serve(connection: socket.socket, peer: str) -> None:
        received = read_head(connection).partition(b"\r\n\r\n")[2]
        while len(received) < 8:
            received += connection.recv(65536)
            begun.set()
        connection.sendall(CREATED)

    with raw_registry(certificates, serve) as edge, edge.connect() as viewer:
        viewer.sendall(upload_head(edge, 8) + b"half")
        assert begun.wait(WAIT)
        viewer.sendall(b"half")
        assert read_head(viewer).startswith(b"HTTP/1.1 201 ")


def test_a_buffered_body_is_whole_before_the_origin_is_asked(certificates: Certificates) -> None:
    whole = threading.Event()
    seen = []

    def serve(connection: socket.socket, peer: str) -> None:
        received = read_head(connection)
        seen.append(whole.is_set())
        while not received.endswith(b"halfhalf"):
            received += connection.recv(65536)
        connection.sendall(CREATED)

    with raw_registry(certificates, serve, unknowns=BUFFERED) as edge, edge.connect() as viewer:
        viewer.sendall(upload_head(edge, 8) + b"half")
        # Another viewer's request: by its end the first half has long been read.
        edge("GET", edge.at_registry("/token"))
        whole.set()
        viewer.sendall(b"half")
        assert read_head(viewer).startswith(b"HTTP/1.1 201 ")
    assert seen == [True]


@pytest.mark.parametrize("bodies", Bodies)
def test_answers_are_streamed_or_buffered(certificates: Certificates, bodies: Bodies) -> None:
    taken = threading.Event()

    def serve(connection: socket.socket, peer: str) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        if bodies is Bodies.STREAMED:
            assert taken.wait(WAIT)
        connection.sendall(b"half")

    with (
        raw_registry(certificates, serve, unknowns=Unknowns(bodies=bodies)) as edge,
        edge.connect() as viewer,
    ):
        target = edge.at_registry("/v2/a/blobs/x")
        viewer.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = read_head(viewer)
        while not received.endswith(b"half"):
            received += viewer.recv(4)
        taken.set()
        assert (received + read_all(viewer)).endswith(b"\r\n\r\nhalfhalf")


@pytest.mark.parametrize(
    ("chunked", "headers"),
    [
        (ChunkedBody.CHUNKED, ([], ["chunked"])),
        (ChunkedBody.MEASURED, (["8"], [])),
    ],
)
@pytest.mark.parametrize("bodies", Bodies)
def test_a_body_without_a_length(
    certificates: Certificates, bodies: Bodies, chunked: ChunkedBody, headers: tuple[list[str], list[str]]
) -> None:
    with running_edge(certificates, registry=echo, unknowns=Unknowns(bodies, chunked)) as edge:
        answer = edge("PATCH", edge.at_registry("/v2/a/blobs/uploads/1"), body=iter([b"half", b"half"]))
        request = edge.registry.last
    assert (request.values("Content-Length"), request.values("Transfer-Encoding")) == headers
    assert (request.body, answer.body) == (b"halfhalf", b"halfhalf")


def test_an_empty_body_keeps_its_length(certificates: Certificates) -> None:
    with running_edge(certificates, registry=echo) as edge:
        edge("POST", edge.at_registry("/v2/a/blobs/uploads/"), body=b"")
        assert edge.registry.last.values("Content-Length") == ["0"]


def test_who_waits_for_100_is_given_it(certificates: Certificates) -> None:
    with running_edge(certificates, registry=echo) as edge, edge.connect() as viewer:
        head = upload_head(edge, 4).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
        viewer.sendall(head)
        assert read_head(viewer).startswith(b"HTTP/1.1 100 ")
        viewer.sendall(b"body")
        assert read_head(viewer).startswith(b"HTTP/1.1 201 ")


@BOTH
def test_an_upload_that_is_reset_on_purpose(certificates: Certificates, unknowns: Unknowns) -> None:
    with running_edge(certificates, registry=echo, unknowns=unknowns) as edge:
        target = edge.at_registry("/v2/a/blobs/uploads/1")
        edge.cloudfront.reset_next_upload(after=1000)
        with pytest.raises(OSError, match=r"reset|EOF|closed|Broken"):
            edge("PUT", target, body=b"x" * 2_000_000)
        assert edge.registry.requests == []
        assert edge("PUT", target, body=b"x" * 2_000_000).status == 201


def resetting(times: int, asked: list[bytes]) -> Any:  # noqa: ANN401 - Serve
    def serve(connection: socket.socket, peer: str) -> None:
        asked.append(read_head(connection))
        if len(asked) <= times:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            return
        received = asked[-1].partition(b"\r\n\r\n")[2]
        while len(received) < 1_000_000:
            received += connection.recv(65536)
        connection.sendall(CREATED)

    return serve


@pytest.mark.parametrize(
    ("unknowns", "status", "times"),
    [
        (Unknowns(), 502, 1),
        (Unknowns(sent_again_after_reset=True), 502, 1),
        (BUFFERED, 502, 1),
        (Unknowns(bodies=Bodies.BUFFERED, sent_again_after_reset=True), 201, 2),
    ],
)
def test_an_origin_that_resets_in_the_middle_of_a_body(
    certificates: Certificates, unknowns: Unknowns, status: int, times: int
) -> None:
    asked: list[bytes] = []
    with raw_registry(certificates, resetting(1, asked), unknowns=unknowns) as edge:
        answer = edge("PUT", edge.at_registry("/v2/a/blobs/uploads/1"), body=b"x" * 1_000_000)
        assert (answer.status, len(asked)) == (status, times)


def test_an_answer_before_the_end_of_the_body_is_handed_on(certificates: Certificates) -> None:
    def serve(connection: socket.socket, peer: str) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 416 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        read_all(connection)

    with raw_registry(certificates, serve) as edge:
        answer = edge("PUT", edge.at_registry("/v2/a/blobs/uploads/1"), body=b"x" * 3_000_000)
        assert (answer.status, answer.body) == (416, b"no")


def test_one_viewers_connection_serves_many_requests(certificates: Certificates) -> None:
    with running_edge(certificates, registry=echo) as edge, edge.connect() as viewer:
        for _ in range(3):
            viewer.sendall(upload_head(edge, 4) + b"body")
            received = read_head(viewer)
            while not received.endswith(b"body"):
                received += viewer.recv(4)
        assert len(edge.registry.requests) == 3
