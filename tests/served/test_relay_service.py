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
from tests.served.scripted_origin import ScriptedOrigin
from tests.served.scripted_registry import TLS, close_kept
from tests.standins.http_message import CloseConnection, HttpRequest, HttpResponse

BASIC = "Basic " + base64.b64encode(b"AWS:token").decode()
MANIFEST = "/v2/r/manifests/latest"
EMPTY = HttpResponse(200, ())


@contextlib.contextmanager
def relaying() -> Iterator[RelayService]:
    service = RelayService(TLS)
    yield service
    for connection in service._connections.values():
        close_kept(connection)


def relayed(
    service: RelayService, origin: str, agent: str = "crane/1", authorization: str = BASIC
) -> tuple[Response, str, str]:
    """The response, the decision and the client's family."""
    headers = {"user-agent": (agent,), "authorization": (authorization,)}
    to_relay = ToRelay(RegistryHost.parse(origin), Endpoint.MANIFEST, MANIFEST, ())
    return service.respond(Request(RequestLine("GET", MANIFEST), headers), to_relay)


def test_the_registrys_response_comes_with_the_names_of_decision_and_client() -> None:
    json_type = ("Content-Type", "application/json")
    document = HttpResponse(200, (json_type,), b"{}")
    with ScriptedOrigin(lambda _: document) as registry, relaying() as service:
        response, decision, family = relayed(service, registry.origin)
    assert response == Response(200, dict([json_type]), "{}")
    assert (decision, family) == ("relay", "go-containerregistry")
    assert registry.targets == [MANIFEST]


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
    with ScriptedOrigin(lambda _: EMPTY) as registry, relaying() as service:
        response, *names = relayed(service, registry.origin, agent, authorization)
    assert (response.status, names) == (307, [decision, family])
    assert registry.requests == []


def test_each_registry_has_a_connection_of_its_own() -> None:
    with (
        ScriptedOrigin(lambda _: HttpResponse(200, (), b"one")) as one,
        ScriptedOrigin(lambda _: HttpResponse(200, (), b"two")) as two,
        relaying() as service,
    ):
        bodies = [relayed(service, registry.origin)[0].body for registry in (one, two, one, two)]
        assert (one.connections, two.connections) == (1, 1)
    assert bodies == ["one", "two", "one", "two"]


def error_of(response: Response) -> tuple[int, str, str]:
    (error,) = json.loads(response.body)["errors"]
    assert response.headers == {"Content-Type": "application/json"}
    return response.status, error["code"], error["message"]


def test_a_registry_that_hangs_up_is_named_in_the_registry_apis_words() -> None:
    def hang_up(request: HttpRequest) -> HttpResponse:
        raise CloseConnection

    with ScriptedOrigin(hang_up) as registry, relaying() as service:
        response, decision, _ = relayed(service, registry.origin)
    status, code, message = error_of(response)
    assert (status, code, decision) == (502, "UNAVAILABLE", "relay")
    assert message.startswith(f"{registry.origin} closed the connection")


def test_a_registry_that_is_late_is_a_gateway_timeout() -> None:
    with ScriptedOrigin(lambda _: EMPTY) as registry, relaying() as service:
        relayed(service, registry.origin)
        (connection,) = service._connections.values()
        connection._response_seconds = 0.0
        response, _, _ = relayed(service, registry.origin)
    assert error_of(response)[:2] == (504, "UNAVAILABLE")


def test_a_response_that_cannot_be_passed_on_is_a_bad_gateway() -> None:
    with ScriptedOrigin(lambda _: HttpResponse(200, (), b"\xff")) as registry, relaying() as service:
        response, _, _ = relayed(service, registry.origin)
    assert error_of(response)[:2] == (502, "UNSUPPORTED")


def test_a_domain_in_front_of_itself_asks_itself_once() -> None:
    """One request became 201 invocations, until the account's concurrency was used up."""

    def itself(request: HttpRequest) -> HttpResponse:
        if len(domain.requests) > 5:
            return HttpResponse(500, ())
        headers = {name.lower(): (value,) for name, value in request.headers}
        line = RequestLine(request.method, request.target)
        response, _, _ = service.respond(Request(line, headers), to_itself)
        return HttpResponse(response.status, tuple(response.headers.items()), response.body.encode())

    with ScriptedOrigin(itself) as domain, relaying() as service:
        to_itself = ToRelay(RegistryHost.parse(domain.origin), Endpoint.MANIFEST, MANIFEST, ())
        headers = {"host": ("ecr.example.com",), "authorization": (BASIC,)}
        response, _, _ = service.respond(Request(RequestLine("GET", MANIFEST), headers), to_itself)
    assert response.status == 508
    assert len(domain.requests) == 1
