"""The service with a relay in memory: what it is given, what it is not given, and the log lines."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chalicelib.decision import ToRelay
from chalicelib.http_message import Request, Response
from chalicelib.registries import Registries
from chalicelib.registry_host import RegistryHost
from chalicelib.service import respond
from chalicelib.settings import RedirectMode
from tests.unit.service.gateway_events import event

TOKEN = "dG9rZW4tdGhhdC1tdXN0LW5ldmVyLXNob3c"
BASIC = "Basic " + base64.b64encode(f"AWS:{TOKEN}".encode()).decode()
REGISTRIES = Registries(RegistryHost.parse("registry.example.com"))


class MemoryRelay:
    """Answers everything in one way and keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[tuple[Request, ToRelay]] = []

    def __call__(self, request: Request, to_relay: ToRelay) -> tuple[Response, str, str]:
        self.given.append((request, to_relay))
        return Response(200, {"Location": f"/{TOKEN}"}, TOKEN), "relay", "crane"


def put(path: str = "/v2/r/manifests/latest") -> dict[str, Any]:
    headers = {"User-Agent": ["crane/1"], "Authorization": [BASIC]}
    return event("PUT", path, query={"q": [TOKEN]}, headers=headers, body=TOKEN)


@pytest.mark.parametrize(
    ("mode", "path", "decision", "status"),
    [
        (RedirectMode.RELAY, "/v2/r/manifests/latest", "relay", 200),
        (RedirectMode.EDGE, "/_registry/registry.example.com/v2/", "relay", 200),
        (RedirectMode.EDGE, "/v2/r/manifests/latest", "edge", 307),
        (RedirectMode.PLAIN, "/v2/r/manifests/latest", "plain", 307),
        (RedirectMode.RELAY, "/v1/", "plain", 307),
        (RedirectMode.EDGE, "/v2/../x", "refusal", 400),
        (RedirectMode.EDGE, "/_registry/evil.example.com/v2/", "refusal", 404),
    ],
)
def test_a_line_of_the_log_holds_no_secret(mode: RedirectMode, path: str, decision: str, status: int) -> None:
    """Not even where a Location of the registry's or a body holds one."""
    relay = MemoryRelay()
    response, line = respond(put(path), "id-1", REGISTRIES, mode, relay)
    assert response.status == status
    client = {"client": "crane"} if decision == "relay" else {}
    assert json.loads(line) == {
        "request_id": "id-1",
        "method": "PUT",
        "path": path,
        "decision": decision,
        **client,
        "status": status,
    }
    assert TOKEN not in line
    assert BASIC[6:] not in line
    assert len(relay.given) == (1 if decision == "relay" else 0)


def test_the_relay_gets_the_whole_request() -> None:
    relay = MemoryRelay()
    respond(put(), "id-1", REGISTRIES, RedirectMode.RELAY, relay)
    ((request, to_relay),) = relay.given
    assert request.headers["authorization"] == (BASIC,)
    assert request.body == TOKEN.encode()
    assert to_relay.query == (("q", TOKEN),)


class Unreadable:
    """Headers and a body that nobody may look at."""

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} of a header or a body was read")

    def __bool__(self) -> bool:
        raise AssertionError("a header or a body was read")


@pytest.mark.parametrize("mode", [RedirectMode.EDGE, RedirectMode.PLAIN])
@pytest.mark.parametrize("path", ["/", "/v2/", "/v2/r/manifests/latest", "/v2/../x", "/_registry/x/v2/"])
def test_neither_headers_nor_body_are_read_for_a_redirect(path: str, mode: RedirectMode) -> None:
    unread = put(path)
    read, _ = respond(unread, "id-1", REGISTRIES, mode, MemoryRelay())
    for name in ("headers", "multiValueHeaders", "body", "isBase64Encoded"):
        unread[name] = Unreadable()
    response, _ = respond(unread, "id-1", REGISTRIES, mode, MemoryRelay())
    assert response == read
