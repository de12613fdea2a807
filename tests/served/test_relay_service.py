"""The relay as a whole, in front of a scripted registry: responses and errors as they leave it."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator

import pytest

from chalicelib.decision import ToRelay
from chalicelib.http_message import Request, RequestLine, Response
from chalicelib.registry_host import RegistryHost
from chalicelib.registry_path import Endpoint
from chalicelib.relaying.relay_service import RelayService
from tests.served.scripted_registry import TLS, close_kept
from tests.standins import http_message
from tests.standins.http_message import CloseConnection
from tests.standins.http_server import HttpServer

BASIC = "Basic " + base64.b64encode(b"AWS:token").decode()
MANIFEST = "/v2/r/manifests/latest"
Answer = http_message.HttpResponse | type[CloseConnection]


class RegistryInMemory:
    """Gives one answer to everyone and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[http_message.HttpRequest] = []

    def __call__(self, request: http_message.HttpRequest) -> http_message.HttpResponse:
        self.asked.append(request)
        if isinstance(self._answer, type):
            raise self._answer
        return self._answer


@contextlib.contextmanager
def relaying() -> Iterator[RelayService]:
    service = RelayService(TLS)
    yield service
    for connection in service._connections.values():
        close_kept(connection)


def relayed(
    service: RelayService, server: HttpServer, agent: str = "crane/1", authorization: str = BASIC
) -> tuple[Response, str, str]:
    headers = {"user-agent": (agent,), "authorization": (authorization,)}
    asked = ToRelay(RegistryHost.parse(server.origin), Endpoint.MANIFEST, MANIFEST, ())
    return service.respond(Request(RequestLine("GET", MANIFEST), headers), asked)


def test_the_registrys_response_comes_with_the_names_of_decision_and_client() -> None:
    registry = RegistryInMemory(
        http_message.HttpResponse(200, (("Content-Type", "application/json"),), b"{}")
    )
    with HttpServer(registry) as server, relaying() as service:
        response, decision, family = relayed(service, server)
    assert response == Response(200, {"Content-Type": "application/json"}, "{}")
    assert (decision, family) == ("relay", "go-containerregistry")
    assert [request.target for request in registry.asked] == [MANIFEST]


@pytest.mark.parametrize(
    ("agent", "authorization", "decision", "family"),
    [
        ("crane/1", "", "challenge", "go-containerregistry"),
        ("docker/26.1.5", BASIC, "plain", "docker"),
        ("", "Bearer x", "challenge", "other"),
    ],
)
def test_a_registry_is_asked_for_nothing_but_relays(
    agent: str, authorization: str, decision: str, family: str
) -> None:
    registry = RegistryInMemory(http_message.HttpResponse(200, ()))
    with HttpServer(registry) as server, relaying() as service:
        response, *names = relayed(service, server, agent, authorization)
    assert (response.status, names) == (307, [decision, family])
    assert registry.asked == []


def test_each_registry_has_a_connection_of_its_own() -> None:
    registries = [RegistryInMemory(http_message.HttpResponse(200, (), name)) for name in (b"one", b"two")]
    with HttpServer(registries[0]) as one, HttpServer(registries[1]) as two, relaying() as service:
        bodies = [relayed(service, server)[0].body for server in (one, two, one, two)]
        assert (one.connections, two.connections) == (1, 1)
    assert bodies == ["one", "two", "one", "two"]


def error_of(response: Response) -> tuple[int, str, str]:
    (error,) = json.loads(response.body)["errors"]
    assert response.headers == {"Content-Type": "application/json"}
    return response.status, error["code"], error["message"]


def test_a_registry_that_hangs_up_is_named_in_the_registry_apis_words() -> None:
    with HttpServer(RegistryInMemory(CloseConnection)) as server, relaying() as service:
        response, decision, _ = relayed(service, server)
    status, code, message = error_of(response)
    assert (status, code, decision) == (502, "UNAVAILABLE", "relay")
    assert message.startswith(f"{server.origin} closed the connection")


def test_a_registry_that_is_late_is_a_gateway_timeout() -> None:
    with HttpServer(RegistryInMemory(http_message.HttpResponse(200, ()))) as server, relaying() as service:
        relayed(service, server)
        (connection,) = service._connections.values()
        connection._response_seconds = 0.0
        response, _, _ = relayed(service, server)
    assert error_of(response)[:2] == (504, "UNAVAILABLE")


def test_a_response_that_cannot_be_passed_on_is_a_bad_gateway() -> None:
    with (
        HttpServer(RegistryInMemory(http_message.HttpResponse(200, (), b"\xff"))) as server,
        relaying() as service,
    ):
        response, _, _ = relayed(service, server)
    assert error_of(response)[:2] == (502, "UNSUPPORTED")


@pytest.mark.parametrize("status", [429, 503])
def test_a_registry_that_is_busy_says_so_itself(status: int) -> None:
    busy = http_message.HttpResponse(status, (("Retry-After", "7"),))
    with HttpServer(RegistryInMemory(busy)) as server, relaying() as service:
        response, _, _ = relayed(service, server)
    assert (response.status, response.headers["Retry-After"]) == (status, "7")


def test_a_domain_in_front_of_itself_asks_itself_once() -> None:
    """One request became 201 invocations, until the account's concurrency was used up."""
    asked: list[http_message.HttpRequest] = []

    def itself(request: http_message.HttpRequest) -> http_message.HttpResponse:
        asked.append(request)
        if len(asked) > 5:
            return http_message.HttpResponse(500, ())
        headers = {name.lower(): (value,) for name, value in request.headers}
        line = RequestLine(request.method, request.target)
        response, _, _ = service.respond(Request(line, headers), to_itself)
        return http_message.HttpResponse(
            response.status, tuple(response.headers.items()), response.body.encode()
        )

    with HttpServer(itself) as server, relaying() as service:
        to_itself = ToRelay(RegistryHost.parse(server.origin), Endpoint.MANIFEST, MANIFEST, ())
        headers = {"host": ("ecr.example.com",), "authorization": (BASIC,)}
        response, _, _ = service.respond(Request(RequestLine("GET", MANIFEST), headers), to_itself)
    assert response.status == 508
    assert len(asked) == 1
