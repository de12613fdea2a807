"""The CloudFront stand-in: the events that functions are given, and what they may return.

Sources: the CloudFront developer guide, "CloudFront Functions event structure" and "Restrictions on all
edge functions".
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

import pytest

from tests.served.edge_client import RunningEdge, function_code, running_edge
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.edge_function import EdgeFunction, FunctionFailed
from tests.standins.cloudfront.unknowns import EventUri, Unknowns
from tests.standins.http_message import Handler, HttpRequest, HttpResponse

SHOW_EVENT = "function handler(event) { return {statusCode: 200, headers: {}, body: JSON.stringify(event)}; }"


def with_function(
    certificates: Certificates,
    kind: str,
    code: str,
    **settings: Any,  # noqa: ANN401
) -> AbstractContextManager[RunningEdge]:
    return running_edge(certificates, change=lambda template: function_code(template, kind, code), **settings)


def answering(status: int, *headers: tuple[str, str]) -> Handler:
    def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status, headers, b"of the registry")

    return answer


def test_a_viewer_request_event(certificates: Certificates) -> None:
    with with_function(certificates, "Request", SHOW_EVENT) as edge:
        target = edge.at_registry("/v2/a%20b?n=1&n=2&last=%2B&empty")
        headers = (("ACCEPT", "a/b"), ("Accept", "c/d"), ("Cookie", "s=1; t=2"), ("X-Cache", "x"))
        answer = edge("POST", target, *headers, body=b"1")
        event = answer.json()
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
    assert request["headers"]["accept"] == {
        "value": "a/b",
        "multiValue": [{"value": "a/b"}, {"value": "c/d"}],
    }
    assert request["cookies"] == {"s": {"value": "1"}, "t": {"value": "2"}}
    assert not {"x-cache", "cookie"} & set(request["headers"])
    assert "response" not in event


@pytest.mark.parametrize(
    ("uri", "prefixed"), [(EventUri.VIEWERS, True), (EventUri.REWRITTEN, False)], ids=["old", "new"]
)
def test_a_viewer_response_event(certificates: Certificates, uri: EventUri, prefixed: bool) -> None:
    headers = (("Docker-Upload-UUID", "1"), ("Set-Cookie", "a=1; Path=/; Secure"))
    with with_function(
        certificates,
        "Response",
        "function handler(event) { event.response.body = JSON.stringify(event); return event.response; }",
        registry=answering(202, *headers),
        unknowns=Unknowns(event_uri=uri),
    ) as edge:
        answer = edge("POST", edge.at_registry("/v2/a"))
        event = answer.json()
        assert event["request"]["uri"] == (edge.at_registry("/v2/a") if prefixed else "/v2/a")
    assert answer.headers.get_all("Set-Cookie") == ["a=1; Path=/; Secure"]
    assert answer.headers["Docker-Upload-Uuid"] == "1"
    assert event["context"]["eventType"] == "viewer-response"
    response = event["response"]
    assert (response["statusCode"], response["statusDescription"]) == (202, "Accepted")
    assert response["headers"]["docker-upload-uuid"] == {"value": "1"}
    assert response["cookies"] == {"a": {"value": "1", "attributes": "Path=/; Secure"}}
    assert "body" not in response


@pytest.mark.parametrize("status", [400, 401, 404, 416, 500])
def test_no_function_sees_an_answer_of_400_or_more(certificates: Certificates, status: int) -> None:
    code = "function handler(event) { throw new Error('seen'); }"
    with with_function(certificates, "Response", code, registry=answering(status)) as edge:
        answer = edge("GET", edge.at_registry("/v2/"))
        assert (answer.status, answer.body) == (status, b"of the registry")


def test_no_function_sees_an_answer_that_a_function_made(certificates: Certificates) -> None:
    code = "function handler(event) { throw new Error('seen'); }"
    with with_function(certificates, "Response", code) as edge:
        refused = edge("GET", edge.at_registry("/token"))
        assert refused.status == 403
        assert refused.headers["Content-Type"] == "application/json"
        assert json.loads(refused.body)["errors"][0]["code"] == "DENIED"
        assert edge.registry.requests == []


@pytest.mark.parametrize(
    "change",
    [
        *(
            f"request.headers['{name}'] = {{value: 'x'}};"
            for name in ("connection", "expect", "x-cache", "x-amz-cf-id", "x-edge-y", "x-forwarded-proto")
        ),
        *(f"request.headers['{name}'] = {{value: 'x'}};" for name in ("host", "via", "content-length")),
        "delete request.headers.host;",
        "request.headers['X-Capital'] = {value: 'x'};",
        "request.headers.x = {value: 'a\\r\\nb'};",
        "request.headers.x = {value: 1};",
        "request.method = 'DELETE';",
        "request.uri = 'v2/';",
        "request.uri = '/v2/a b';",
        "request.uri = '/' + 'x'.repeat(8192);",
        "request = {statusCode: 99};",
        "request = {statusCode: 200, body: {encoding: 'base64', data: '***'}};",
    ],
)
def test_a_request_that_breaks_a_rule_is_answered_502(certificates: Certificates, change: str) -> None:
    code = f"function handler(event) {{ var request = event.request; {change} return request; }}"
    with with_function(certificates, "Request", code) as edge:
        answer = edge("GET", edge.at_registry("/v2/"))
        assert answer.status == 502
        assert b"502 ERROR" in answer.body
        assert edge.registry.requests == []


@pytest.mark.parametrize(
    "change",
    [
        "response.headers['x-cache'] = {value: 'x'};",
        "response.headers.via = {value: 'x'};",
        "response.headers.warning = {value: 'x'};",
    ],
)
def test_a_response_that_breaks_a_rule_is_answered_502(certificates: Certificates, change: str) -> None:
    code = f"function handler(event) {{ var response = event.response; {change} return response; }}"
    with with_function(certificates, "Response", code) as edge:
        answer = edge("GET", edge.at_registry("/v2/"))
        assert answer.status == 502
        assert b"nothing" not in answer.body


def test_a_function_changes_path_query_and_headers(certificates: Certificates) -> None:
    code = (
        "function handler(event) { var request = event.request; request.uri = '/v2/x';"
        " request.querystring = {a: {value: '1', multiValue: [{value: '1'}, {value: '2'}]}};"
        " request.headers['x-new'] = {value: 'n'}; return request; }"
    )
    with with_function(certificates, "Request", code) as edge:
        edge("GET", edge.at_registry("/v2/?b=3"))
        assert edge.registry.last.target == "/v2/x?a=1&a=2"
        assert edge.registry.last.values("X-New") == ["n"]


def test_what_a_function_leaves_goes_on_as_it_came(certificates: Certificates) -> None:
    with running_edge(certificates) as edge:
        query = "?n=1&last=%2b+x&n=2&&empty&_state=a%2Fb="
        edge("GET", edge.at_registry("/v2/_catalog" + query))
        assert edge.registry.last.target == "/v2/_catalog" + query


@pytest.mark.parametrize(
    ("passes", "status", "asked"), [(False, 503, 0), (True, 200, 1)], ids=["503", "passed"]
)
@pytest.mark.parametrize("code", ["throw new Error('x');", "return 1;", "return eval('event');"])
def test_a_function_that_fails(
    certificates: Certificates, code: str, passes: bool, status: int, asked: int
) -> None:
    with with_function(
        certificates,
        "Request",
        f"function handler(event) {{ {code} }}",
        unknowns=Unknowns(failed_function_passes=passes),
    ) as edge:
        assert edge("GET", edge.at_registry("/v2/")).status == status
        assert [each.target for each in edge.registry.requests] == [edge.at_registry("/v2/")] * asked


def test_a_failing_response_function_lets_nothing_out(certificates: Certificates) -> None:
    code = "function handler(event) { throw new Error('x'); }"
    with with_function(certificates, "Response", code) as edge:
        answer = edge("GET", edge.at_registry("/v2/"))
        assert answer.status == 503
        assert b"nothing" not in answer.body


def test_code_has_at_most_10_kb_little_memory_and_little_time() -> None:
    with pytest.raises(FunctionFailed):
        EdgeFunction("// " + "x" * 10_240)
    for endless in ("for (;;) {}", "var a = 'x'; for (;;) { a += a; }"):
        with pytest.raises(FunctionFailed):
            EdgeFunction(f"function handler(event) {{ {endless} }}").run({})
    counting = EdgeFunction("var n = 0; function handler(event) { n += 1; return {n: n}; }")
    assert counting.run({}) == counting.run({}) == {"n": 1}
