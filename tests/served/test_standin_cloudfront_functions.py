"""The CloudFront stand-in: the events that functions are given, and what they may return.

Sources: the CloudFront developer guide, "CloudFront Functions event structure" and "Restrictions on all
edge functions".
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.served.edge_client import RunningEdge, running_edge
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.edge_function import EdgeFunction, FunctionFailed
from tests.standins.cloudfront.unknowns import EventUri, Unknowns
from tests.standins.http_message import Handler, Header, HttpRequest, HttpResponse

SHOW_EVENT = "return {statusCode: 200, headers: {}, body: JSON.stringify(event)};"
FAIL = "throw new Error('seen');"


def with_function(
    certificates: Certificates,
    kind: str,
    statements: str,
    **settings: Any,  # noqa: ANN401
) -> AbstractContextManager[RunningEdge]:
    """An edge whose function at the registry, for a Request or a Response, does these statements alone."""

    def change(template: dict[str, Any]) -> None:
        for name, resource in template["Resources"].items():
            if name.startswith("Registry") and name.endswith(kind):
                code = f"function handler(event) {{ {statements} }}"
                resource["Properties"]["FunctionCode"] = code

    return running_edge(certificates, change=change, **settings)


def responding(status: int, *headers: Header) -> Handler:
    def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status, headers, b"of the registry")

    return handler


def test_a_viewer_request_event(certificates: Certificates) -> None:
    with with_function(certificates, "Request", SHOW_EVENT) as edge:
        target = edge.at_registry("/v2/a%20b?n=1&n=2&last=%2B&empty")
        headers = (("ACCEPT", "a/b"), ("Accept", "c/d"), ("Cookie", "s=1; t=2"), ("X-Cache", "x"))
        event = edge("POST", target, *headers, body=b"1").json()
        assert edge.registry.requests == []
    assert event["version"] == "1.0"
    assert event["context"]["eventType"] == "viewer-request"
    assert event["viewer"] == {"ip": "127.0.0.1"}
    request = event["request"]
    assert (request["method"], request["uri"]) == ("POST", edge.at_registry("/v2/a%20b"))
    assert request["querystring"] == {
        "n": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]},
        "last": {"value": "%2B"},
        "empty": {"value": ""},
    }
    accept = [{"value": "a/b"}, {"value": "c/d"}]
    assert request["headers"]["accept"] == {"value": "a/b", "multiValue": accept}
    assert not {"x-cache", "cookie"} & set(request["headers"])
    assert "response" not in event


@pytest.mark.parametrize(
    ("uri", "prefixed"), [(EventUri.VIEWERS, True), (EventUri.REWRITTEN, False)], ids=["old", "new"]
)
def test_a_viewer_response_event(certificates: Certificates, uri: EventUri, prefixed: bool) -> None:
    cookie = "a=1; Path=/; Secure"
    with with_function(
        certificates,
        "Response",
        "event.response.body = JSON.stringify(event); return event.response;",
        registry=responding(202, ("Docker-Upload-UUID", "1"), ("Set-Cookie", cookie)),
        unknowns=Unknowns(event_uri=uri),
    ) as edge:
        received = edge("POST", edge.at_registry("/v2/a"))
        event = received.json()
        assert event["request"]["uri"] == (edge.at_registry("/v2/a") if prefixed else "/v2/a")
    assert (received["Set-Cookie"], received["Docker-Upload-Uuid"]) == (cookie, "1")
    assert event["context"]["eventType"] == "viewer-response"
    response = event["response"]
    assert (response["statusCode"], response["statusDescription"]) == (202, "Accepted")
    assert response["headers"]["docker-upload-uuid"] == {"value": "1"}
    assert "body" not in response


@pytest.mark.parametrize("status", [400, 401, 404, 416, 500])
def test_no_function_sees_a_response_of_400_or_more(certificates: Certificates, status: int) -> None:
    with with_function(certificates, "Response", FAIL, registry=responding(status)) as edge:
        response = edge("GET", edge.at_registry("/v2/"))
        assert (response.status, response.body) == (status, b"of the registry")


def test_no_function_sees_a_response_that_a_function_made(certificates: Certificates) -> None:
    with with_function(certificates, "Response", FAIL) as edge:
        refused = edge("GET", edge.at_registry("/token"))
        assert (refused.status, refused["Content-Type"]) == (403, "application/json")
        assert refused.json()["errors"][0]["code"] == "DENIED"
        assert edge.registry.requests == []


NOT_TO_BE_SET = (
    *("connection", "expect", "x-cache", "x-amz-cf-id", "x-edge-y", "x-forwarded-proto"),
    *("host", "via", "content-length"),
)
BROKEN_REQUESTS = [
    *(f"request.headers['{name}'] = {{value: 'x'}};" for name in NOT_TO_BE_SET),
    "delete request.headers.host;",
    "request.headers['X-Capital'] = {value: 'x'};",
    "request.headers.x = {value: 'a\\r\\nb'};",
    "request.headers.x = {value: 1};",
    "request.method = 'DELETE';",
    "request.uri = 'v2/';",
    "request.uri = '/v2/a b';",
    "request.uri = '/' + 'x'.repeat(8192);",
    "request = {statusCode: 99};",
    # What CloudFront allows, and the stand-in does not know.
    "request = {statusCode: 200, body: {encoding: 'base64', data: 'AA=='}};",
    "request.cookies.a = {value: '1'};",
    "request.querystring.a = {value: '1'};",
]
BROKEN_RESPONSES = [f"response.headers['{name}'] = {{value: 'x'}};" for name in ("x-cache", "via", "warning")]


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        *(("Request", change) for change in BROKEN_REQUESTS),
        *(("Response", change) for change in BROKEN_RESPONSES),
    ],
)
def test_a_message_that_breaks_a_rule_becomes_502(certificates: Certificates, kind: str, change: str) -> None:
    name = kind.lower()
    statements = f"var {name} = event.{name}; {change} return {name};"
    with with_function(certificates, kind, statements, registry=responding(200)) as edge:
        response = edge("GET", edge.at_registry("/v2/"))
        assert response.status == 502
        assert b"502 ERROR" in response.body
        assert b"of the registry" not in response.body
        assert (edge.registry.requests == []) == (kind == "Request")


def test_a_function_changes_path_and_headers(certificates: Certificates) -> None:
    statements = (
        "var request = event.request; request.uri = '/v2/x';"
        " request.headers['x-new'] = {value: 'n'}; return request;"
    )
    with with_function(certificates, "Request", statements) as edge:
        edge("GET", edge.at_registry("/v2/?b=3"))
        assert edge.registry.last.target == "/v2/x?b=3"
        assert edge.registry.last.values("X-New") == ["n"]


def test_what_a_function_leaves_goes_on_as_it_came(certificates: Certificates) -> None:
    with running_edge(certificates) as edge:
        target = "/v2/_catalog?n=1&last=%2b+x&n=2&&empty&_state=a%2Fb="
        edge("GET", edge.at_registry(target))
        assert edge.registry.targets == [target]


@pytest.mark.parametrize(("passes", "status"), [(False, 503), (True, 200)], ids=["503", "passed"])
@pytest.mark.parametrize("statements", [FAIL, "return 1;", "return eval('event');"])
def test_a_function_that_fails(
    certificates: Certificates, statements: str, passes: bool, status: int
) -> None:
    unknowns = Unknowns(failed_function_passes=passes)
    with with_function(certificates, "Request", statements, unknowns=unknowns) as edge:
        assert edge("GET", edge.at_registry("/v2/")).status == status
        assert edge.registry.targets == ([edge.at_registry("/v2/")] if passes else [])


def test_a_failing_response_function_lets_nothing_out(certificates: Certificates) -> None:
    with with_function(certificates, "Response", FAIL) as edge:
        response = edge("GET", edge.at_registry("/v2/"))
        assert response.status == 503
        assert b"nothing" not in response.body


def test_code_has_at_most_10_kb_little_memory_and_little_time() -> None:
    with pytest.raises(FunctionFailed):
        EdgeFunction("// " + "x" * 10_240)
    for endless in ("for (;;) {}", "var a = 'x'; for (;;) { a += a; }"):
        with pytest.raises(FunctionFailed):
            EdgeFunction(f"function handler(event) {{ {endless} }}").run({})
    counting = EdgeFunction("var n = 0; function handler(event) { n += 1; return {n: n}; }")
    assert counting.run({}) == counting.run({}) == {"n": 1}
