"""The service with a registry in memory: answers, errors and log lines as they leave it."""

from __future__ import annotations

import base64
import json

import pytest

from chalicelib.errors import RegistryError, RegistryLate, RegistryUnreachable
from chalicelib.handed_on import RegistryAnswer, RegistryRequest
from chalicelib.message import Request
from chalicelib.registry_host import RegistryHost
from chalicelib.request_log import MAX_PATH, fault_line, request_line
from chalicelib.service import respond
from chalicelib.settings import RedirectMode

TOKEN = "dG9rZW4tdGhhdC1tdXN0LW5ldmVyLXNob3c"
BASIC = "Basic " + base64.b64encode(f"AWS:{TOKEN}".encode()).decode()
ORIGIN = "https://registry.example.com"


class MemoryRegistry:
    """A registry that has one answer, or one error, for everyone."""

    def __init__(self, answer: RegistryAnswer | RegistryError) -> None:
        self._answer = answer
        self.asked: list[RegistryRequest] = []

    @property
    def host(self) -> RegistryHost:
        return RegistryHost.parse(ORIGIN)

    def ask(self, request: RegistryRequest) -> RegistryAnswer:
        self.asked.append(request)
        if isinstance(self._answer, RegistryError):
            raise self._answer
        return self._answer


def request(
    path: str = "/v2/r/manifests/latest", agent: str = "crane/1", authorization: str = BASIC
) -> Request:
    headers = {"user-agent": (agent,), "authorization": (authorization,)}
    return Request("GET", path, (("q", TOKEN),), headers)


OK = RegistryAnswer(200, (("Content-Type", "application/json"),), b"{}")


@pytest.mark.parametrize(
    ("made", "name", "family", "status"),
    [
        (request(), "relay", "other", 200),
        (request(agent="skopeo/1"), "carry", "containers/image", 307),
        (request("/v2/_catalog"), "plain", "other", 307),
        (request(agent="containerd/1", authorization=""), "challenge", "containerd", 307),
        (request("/v2/../x"), "refusal", "other", 400),
    ],
)
def test_a_line_of_the_log_tells_what_was_done(made: Request, name: str, family: str, status: int) -> None:
    answer, line = respond(made, "id-1", MemoryRegistry(OK), RedirectMode.AUTO)
    assert answer.status == status
    assert json.loads(line) == {
        "request_id": "id-1",
        "method": "GET",
        "path": made.path,
        "answer": name,
        "client": family,
        "status": status,
    }
    assert TOKEN not in line
    assert BASIC[6:] not in line


@pytest.mark.parametrize("made", [request("/v2/_catalog"), request(agent="skopeo/1"), request("/v2/../x")])
def test_a_registry_is_asked_for_nothing_but_relays(made: Request) -> None:
    registry = MemoryRegistry(OK)
    respond(made, "id-1", registry, RedirectMode.AUTO)
    assert registry.asked == []


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RegistryUnreachable(ORIGIN, "cannot be connected to (ConnectionRefusedError)"), 502, "UNAVAILABLE"),
        (RegistryLate(ORIGIN, "gave no whole answer within 20 s"), 504, "UNAVAILABLE"),
    ],
)
def test_a_registry_that_fails_is_named_in_the_registry_apis_own_words(
    error: RegistryError, status: int, code: str
) -> None:
    answer, line = respond(request(), "id-1", MemoryRegistry(error), RedirectMode.AUTO)
    assert answer.status == status
    assert json.loads(answer.body) == {"errors": [{"code": code, "message": str(error)}]}
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(line)["status"] == status


def test_an_answer_that_cannot_be_handed_on_is_a_bad_gateway() -> None:
    answer, _ = respond(
        request(), "id-1", MemoryRegistry(RegistryAnswer(200, (), b"\xff")), RedirectMode.AUTO
    )
    assert (answer.status, json.loads(answer.body)["errors"][0]["code"]) == (502, "UNSUPPORTED")


@pytest.mark.parametrize("status", [429, 503])
def test_a_registry_that_is_busy_says_so_itself(status: int) -> None:
    busy = RegistryAnswer(status, (("Retry-After", "7"),), b"")
    answer, _ = respond(request(), "id-1", MemoryRegistry(busy), RedirectMode.AUTO)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "7")


def test_a_line_is_one_line_of_json_whatever_the_path() -> None:
    path = '/v2/"\n\u2028\\\ud800' + "a" * 10_000
    line = request_line("id", "GET", path, "plain", "other", 307)
    assert "\n" not in line
    assert json.loads(line)["path"] == path[:MAX_PATH]


def test_a_defect_is_logged_by_its_place_and_not_by_its_message() -> None:
    try:
        raise ValueError(f"unexpected {TOKEN}")
    except ValueError as error:
        line = fault_line("id-1", error)
    logged = json.loads(line)
    assert (logged["request_id"], logged["fault"]) == ("id-1", "ValueError")
    assert logged["at"][-1].startswith("test_service.py:")
    assert TOKEN not in line
