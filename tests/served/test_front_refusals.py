"""What both fronts refuse, and what they say about a registry that fails."""

from __future__ import annotations

import json

import pytest

from tests.edge_paths import bad_edge_paths
from tests.served.front_client import CONTAINERD, CRANE, SKOPEO, as_client
from tests.served.fronts import Front
from tests.standins import faults


def test_wrong_credentials_get_the_registrys_own_words_and_no_challenge(front: Front) -> None:
    response = front.ask("GET", "/v2/", {"User-Agent": CRANE, "Authorization": "Basic QVdTOndyb25n"})
    assert (response.status, response.body) == (400, b"Bad Request\n")
    assert not [name for name in response.headers if "authenticate" in name.lower()]


@pytest.mark.parametrize(("status", "retry"), [(429, "7"), (503, "9"), (403, None), (404, None), (500, None)])
def test_the_registrys_errors_are_passed_on(front: Front, status: int, retry: str | None) -> None:
    front.ecr.faults.plan(faults.status(status, *([("Retry-After", retry)] if retry else [])))
    response = front.ask("GET", "/v2/team/app/manifests/latest", as_client(front))
    assert response.status == status
    assert response.headers["Retry-After"] == retry
    assert response.json()["errors"]


def test_a_response_over_lambdas_limit_is_a_bad_gateway(front: Front) -> None:
    front.ecr.faults.plan(faults.oversize())
    response = front.ask("GET", "/v2/team/app/manifests/latest", as_client(front))
    assert response.status == 502
    assert "more bytes than a Lambda response can hold" in response.json()["errors"][0]["message"]


def test_a_registry_that_hangs_up_is_a_bad_gateway(front: Front) -> None:
    front.ecr.faults.plan(faults.Fault(hang_up=True), times=2)
    response = front.ask("GET", "/v2/team/app/manifests/latest", as_client(front))
    assert response.status == 502
    assert response.json()["errors"][0]["code"] == "UNAVAILABLE"


BAD_INPUT = [
    # A target that http.client would refuse to send, and the status it gets; 307 where it is only odd.
    (b"/v2/..%2f../x", 400),
    (b"/v2/%2e%2e/x", 400),
    (b"/v2/../x", 400),
    (b"/v2/%0d%0aSet-Cookie:%20a=b", 400),
    (b"/v2/%00", 400),
    (b"/v2/a%5cb", 400),
    (b"/v2/a\\b", 400),
    (b"/v2/%zz", 400),
    (b"/v2/a%2Fb/manifests/latest", 307),
    (b"/v2//manifests/latest", 307),
    (b"/" + b"a" * 8_000, 307),
    (b"/v2/?q=" + b"a" * 8_000, 307),
    # Grows past the gateway's header limit on its way into the Location.
    (b"/v2/?q=" + b"<" * 4_000, 431),
    (b"/v2/?q=%0d%0aSet-Cookie:%20a=b", 307),
]


@pytest.mark.parametrize(("target", "status"), BAD_INPUT, ids=lambda value: str(value)[:30])
def test_bad_input_is_refused_in_the_registry_apis_words(front: Front, target: bytes, status: int) -> None:
    received = front.raw(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.split()[1] == b"%d" % status
    assert b"\r\nset-cookie:" not in head.lower()
    if status != 307:
        (error,) = json.loads(body)["errors"]
        assert error["code"] in ("NAME_INVALID", "UNSUPPORTED")
        assert b"Traceback" not in body


def test_edge_paths_of_no_configured_registry_are_not_found_and_nobody_is_asked(front: Front) -> None:
    front.ecr.forget()
    for path in bad_edge_paths(front.ecr.authority):
        response = front.ask("GET", path, as_client(front))
        assert response.status == 404, path
        assert response.json()["errors"][0]["code"] == "NAME_UNKNOWN"
    assert front.ecr.seen == []


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic ",
        "Basic bm8tY29sb24=",
        "Basic OnA=",
        "Basic dTo=",
        "Bearer abc",
        "Basic " + "QQ" * 4_000,
    ],
)
def test_authorizations_that_are_none_count_for_nothing(front: Front, authorization: str) -> None:
    response = front.ask("GET", "/v2/r/manifests/1", {"User-Agent": SKOPEO, "Authorization": authorization})
    assert (response.status, response["Location"]) == (307, "/_challenge/v2/r/manifests/1")


def test_no_log_ever_holds_a_credential_or_a_query_value(front: Front) -> None:
    client = as_client(front)
    secret_query = "query-value-that-nobody-may-read"
    for agent in (SKOPEO, CRANE, CONTAINERD):
        for target in ("/v2/", "/v2/logged/manifests/latest", "/v2/logged/blobs/uploads/", "/v2/../x", "/"):
            for method in ("GET", "POST"):
                front.ask(method, f"{target}?q={secret_query}", {**client, "User-Agent": agent})
    front.ecr.faults.plan(faults.Fault(hang_up=True), times=2)
    front.ask("GET", f"/v2/logged/manifests/latest?q={secret_query}", client)
    log = front.log()
    assert "/v2/logged/manifests/latest" in log
    assert "Traceback" not in log
    for secret in (front.ecr.token, front.ecr.token[:40], front.ecr.authorization[6:46], secret_query):
        assert secret not in log
