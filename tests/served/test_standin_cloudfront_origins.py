"""The CloudFront stand-in: origins that are slow, gone or not who they should be.

Sources: the CloudFront developer guide, "Origin settings" (timeouts, attempts) and "Request and response
behavior for custom origins".
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.served.edge_client import CREATED, distribution_of, running_edge
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.unknowns import Unknowns
from tests.standins.http_client import read_all, read_head
from tests.standins.http_message import HttpRequest, HttpResponse


@pytest.mark.parametrize(("method", "times"), [("GET", 3), ("HEAD", 3), ("POST", 1), ("PUT", 1)])
def test_an_origin_that_says_nothing(certificates: Certificates, method: str, times: int) -> None:
    """A request is sent again for GET and HEAD alone, as often as connections are tried."""

    def attempts(template: dict[str, Any]) -> None:
        distribution_of(template)["Origins"][1]["ConnectionAttempts"] = 3

    heads: list[bytes] = []

    def silent(connection: socket.socket, peer: str) -> None:
        heads.append(read_head(connection))
        read_all(connection)

    with running_edge(certificates, serve=silent, change=attempts, read_timeout_scale=0.002) as edge:
        assert edge(method, edge.at_registry("/v2/")).status == 504
        assert len(heads) == times


@pytest.mark.parametrize("runs", [False, True])
def test_whether_the_clock_runs_during_an_upload(certificates: Certificates, runs: bool) -> None:
    def slowly() -> Iterator[bytes]:
        yield b"x"
        threading.Event().wait(0.5)  # 120 s of the stand-in's time are 0.24 s
        yield b"y"
        yield b"z"

    unknowns = Unknowns(read_timeout_runs_during_upload=runs)
    with running_edge(certificates, unknowns=unknowns, read_timeout_scale=0.002) as edge:
        response = edge("PATCH", edge.at_registry("/v2/a/blobs/uploads/1"), body=slowly())
        assert response.status == (504 if runs else 200)


def test_a_response_that_is_cut_off_is_not_taken_for_whole(certificates: Certificates) -> None:
    def serve(connection: socket.socket, peer: str) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")

    with running_edge(certificates, serve=serve) as edge, edge.connect() as viewer:
        viewer.sendall(f"GET {edge.at_registry('/v2/')} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        with suppress(ConnectionError):
            while piece := viewer.recv(65536):
                received += piece
        assert not received.endswith(b"0\r\n\r\n")


def test_an_origin_that_nobody_can_reach(certificates: Certificates) -> None:
    with running_edge(certificates) as edge:
        edge.registry.stop()
        page = edge("GET", edge.at_registry("/v2/"))
        assert (page.status, page["Server"]) == (502, "CloudFront")


def test_an_origin_whose_certificate_is_for_another_name(certificates: Certificates) -> None:
    def without_host(template: dict[str, Any]) -> None:
        config = distribution_of(template)
        policy = config["CacheBehaviors"][0]["OriginRequestPolicyId"]
        config["DefaultCacheBehavior"]["OriginRequestPolicyId"] = policy

    with running_edge(certificates, change=without_host) as edge:
        assert edge("GET", "/v2/").status == 502
        assert edge.api.connections == 1
        assert edge.api.requests == []


def test_connections_to_an_origin_are_kept(certificates: Certificates) -> None:
    with running_edge(certificates) as edge:
        for _ in range(3):
            assert edge("GET", edge.at_registry("/v2/")).status == 200
        assert edge.registry.connections == 1


def test_a_kept_connection_that_the_origin_ended_is_no_error(certificates: Certificates) -> None:
    def once(connection: socket.socket, peer: str) -> None:
        received = read_head(connection)
        while not received.endswith(b"body"):
            received += connection.recv(65536)
        connection.sendall(CREATED)

    with running_edge(certificates, serve=once) as edge:
        for _ in range(3):
            assert edge("PUT", edge.at_registry("/v2/"), body=b"body").status == 201


def test_many_viewers_at_once_get_each_their_own_response(certificates: Certificates) -> None:
    def shown(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (("Cache-Control", "max-age=60"),), request.target.encode() + request.body)

    with running_edge(certificates, registry=shown, api=shown) as edge:

        def ask(number: int) -> list[bytes]:
            content = b"%d" % number * 50_000
            return [
                edge("PUT", edge.at_registry(f"/v2/{number}"), body=content).body.removesuffix(content),
                edge("GET", edge.at_registry(f"/v2/{number}")).body,
                edge("GET", f"/v2/{number % 5}").body,
            ]

        with ThreadPoolExecutor(16) as viewers:
            bodies = list(viewers.map(ask, range(64)))
    assert bodies == [[b"/v2/%d" % each, b"/v2/%d" % each, b"/v2/%d" % (each % 5)] for each in range(64)]
