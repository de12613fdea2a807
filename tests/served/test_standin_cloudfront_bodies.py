"""The CloudFront stand-in: bodies on their way, and origins that fail in the middle of one.

Sources: the CloudFront developer guide, "Request and response behavior for custom origins" (timeouts,
attempts, Transfer-Encoding) and "Origin settings"; what they leave open is tried both ways.
"""

from __future__ import annotations

import hashlib
import socket
import threading
from typing import NamedTuple

import pytest

from tests.served.edge_client import CREATED, RunningEdge, running_edge
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.unknowns import Bodies, ChunkedBody, Unknowns
from tests.standins.http_client import read_all, read_head
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.listener import reset

BUFFERED = Unknowns(bodies=Bodies.BUFFERED)
BOTH = pytest.mark.parametrize("unknowns", [Unknowns(), BUFFERED], ids=["streamed", "buffered"])
UPLOAD = "/v2/a/blobs/uploads/1"
WAIT = 20
"""Seconds until a test that hangs fails."""


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(201, (), request.body)


def upload_head(edge: RunningEdge, length: int, more: str = "") -> bytes:
    head = f"PUT {edge.at_registry(UPLOAD)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
    return f"{head}{more}\r\n".encode()


def read_until(connection: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end):
        received += connection.recv(4)
    return received


@BOTH
def test_a_long_body_arrives_whole_in_both_directions(certificates: Certificates, unknowns: Unknowns) -> None:
    content = hashlib.sha256(b"seed").digest() * 200_000
    pieces = (content[start : start + 70_001] for start in range(0, len(content), 70_001))
    with running_edge(certificates, registry=echo, unknowns=unknowns) as edge:
        for body in (content, pieces):
            response = edge("PATCH", edge.at_registry(UPLOAD), body=body)
            assert response.status == 201
            assert edge.registry.last.body == content
            assert response.body == content


def test_a_streamed_body_reaches_the_origin_before_its_end(certificates: Certificates) -> None:
    begun = threading.Event()

    def serve(connection: socket.socket, peer: str) -> None:
        received = read_head(connection).partition(b"\r\n\r\n")[2]
        while len(received) < 8:
            received += connection.recv(65536)
            begun.set()
        connection.sendall(CREATED)

    with running_edge(certificates, serve=serve) as edge, edge.connect() as viewer:
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

    with running_edge(certificates, serve=serve, unknowns=BUFFERED) as edge, edge.connect() as viewer:
        viewer.sendall(upload_head(edge, 8) + b"half")
        # Another viewer's request: by its end the first half has long been read.
        edge("GET", edge.at_registry("/token"))
        whole.set()
        viewer.sendall(b"half")
        assert read_head(viewer).startswith(b"HTTP/1.1 201 ")
    assert seen == [True]


@BOTH
def test_responses_are_streamed_or_buffered(certificates: Certificates, unknowns: Unknowns) -> None:
    taken = threading.Event()

    def serve(connection: socket.socket, peer: str) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        if unknowns.bodies is Bodies.STREAMED:
            assert taken.wait(WAIT)
        connection.sendall(b"half")

    with running_edge(certificates, serve=serve, unknowns=unknowns) as edge, edge.connect() as viewer:
        target = edge.at_registry("/v2/a/blobs/x")
        viewer.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        received = read_until(viewer, b"half")
        taken.set()
        assert (received + read_all(viewer)).endswith(b"\r\n\r\nhalfhalf")


@pytest.mark.parametrize(
    ("chunked", "lengths", "encodings"),
    [(ChunkedBody.CHUNKED, [], ["chunked"]), (ChunkedBody.MEASURED, ["8"], [])],
)
@pytest.mark.parametrize("bodies", Bodies)
def test_a_body_without_a_length(
    certificates: Certificates, bodies: Bodies, chunked: ChunkedBody, lengths: list[str], encodings: list[str]
) -> None:
    with running_edge(certificates, registry=echo, unknowns=Unknowns(bodies, chunked)) as edge:
        response = edge("PATCH", edge.at_registry(UPLOAD), body=iter([b"half", b"half"]))
        request = edge.registry.last
    assert (request.values("Content-Length"), request.values("Transfer-Encoding")) == (lengths, encodings)
    assert (request.body, response.body) == (b"halfhalf", b"halfhalf")


def test_an_empty_body_keeps_its_length(certificates: Certificates) -> None:
    with running_edge(certificates, registry=echo) as edge:
        edge("POST", edge.at_registry("/v2/a/blobs/uploads/"), body=b"")
        assert edge.registry.last.values("Content-Length") == ["0"]


def test_who_waits_for_100_is_given_it(certificates: Certificates) -> None:
    with running_edge(certificates, registry=echo) as edge, edge.connect() as viewer:
        viewer.sendall(upload_head(edge, 4, "Expect: 100-continue\r\n"))
        assert read_head(viewer).startswith(b"HTTP/1.1 100 ")
        viewer.sendall(b"body")
        assert read_head(viewer).startswith(b"HTTP/1.1 201 ")


class ResetRow(NamedTuple):
    unknowns: Unknowns
    status: int
    #: How often the origin is asked.
    times: int


@pytest.mark.parametrize(
    "row",
    [
        ResetRow(Unknowns(), 502, 1),
        ResetRow(Unknowns(sent_again_after_reset=True), 502, 1),
        ResetRow(BUFFERED, 502, 1),
        ResetRow(Unknowns(bodies=Bodies.BUFFERED, sent_again_after_reset=True), 201, 2),
    ],
)
def test_an_origin_that_resets_in_the_middle_of_a_body(certificates: Certificates, row: ResetRow) -> None:
    heads: list[bytes] = []

    def reset_the_first(connection: socket.socket, peer: str) -> None:
        heads.append(read_head(connection))
        if len(heads) == 1:
            reset(connection)
            return
        received = heads[-1].partition(b"\r\n\r\n")[2]
        while len(received) < 1_000_000:
            received += connection.recv(65536)
        connection.sendall(CREATED)

    with running_edge(certificates, serve=reset_the_first, unknowns=row.unknowns) as edge:
        response = edge("PUT", edge.at_registry(UPLOAD), body=b"x" * 1_000_000)
        assert (response.status, len(heads)) == (row.status, row.times)


def test_a_response_before_the_end_of_the_body_is_passed_on(certificates: Certificates) -> None:
    def serve(connection: socket.socket, peer: str) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 416 X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        read_all(connection)

    with running_edge(certificates, serve=serve) as edge:
        response = edge("PUT", edge.at_registry(UPLOAD), body=b"x" * 3_000_000)
        assert (response.status, response.body) == (416, b"no")


def test_one_viewers_connection_serves_many_requests(certificates: Certificates) -> None:
    with running_edge(certificates, registry=echo) as edge, edge.connect() as viewer:
        for _ in range(3):
            viewer.sendall(upload_head(edge, 4) + b"body")
            read_until(viewer, b"body")
        assert len(edge.registry.requests) == 3
