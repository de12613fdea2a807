"""What comes back through the gateway stand-in: results of functions, refusals of its own, limits."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from tests.served.gateway_client import GatewayClient, echo, plain_gateway, result
from tests.standins.api_definition import UnsupportedDefinition, read_definition
from tests.standins.gateway import BODY_LIMIT, HEADER_LIMIT, METHOD_ARN_LIMIT, Gateway, HeadLength
from tests.standins.lambda_environment import InvocationOutcome
from tests.standins.lambda_function import REQUEST_LIMIT, InProcessFunction
from tests.standins.package import Package
from tests.standins.proxy_event import ApiIdentity

FITTING = METHOD_ARN_LIMIT - len(ApiIdentity().method_arn("GET", "_challenge/"))
INTERNAL = {"message": "Internal server error"}
OCTETS = ("Content-Type", "application/octet-stream")
# base64 makes 4 of 3: Lambda's limit comes long before the gateway's.
OVER_LAMBDAS_LIMIT = b"x" * (REQUEST_LIMIT * 3 // 4)


def resulting(document: object) -> Any:  # noqa: ANN401
    """A function with this result."""
    return lambda _: result(document)


@pytest.mark.parametrize(
    ("document", "status", "body"),
    [
        ({"statusCode": 200}, 200, b""),
        ({"statusCode": 200, "headers": None}, 200, b""),
        ({"headers": {"test-header": "value"}}, 200, b""),
        ({"statusCode": "201"}, 201, b""),
        ({"statusCode": 200, "body": "λ"}, 200, "λ".encode()),
    ],
)
def test_results(sample: Package, document: object, status: int, body: bytes) -> None:
    with plain_gateway(sample, resulting(document)) as (_, client):
        response = client("GET", "/x")
    assert (response.status, response.body) == (status, body)
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "outcome",
    [
        InvocationOutcome(b'{"errorMessage":"x"}', failed=True),
        result({"statusCode": 200, "wrongValue": "value"}),
        result({"statusCode": "test"}),
        result({"statusCode": 100}),
        result("justAString"),
        result(None),
        result({"statusCode": 200, "multiValueHeaders": {"test": "value1"}}),
        result({"statusCode": 200, "headers": ["x"]}),
        result({"statusCode": 200, "headers": {"a": 1}}),
        result({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}),
        result({"statusCode": 200, "headers": {"a": "λ"}}),
        result({"statusCode": 200, "headers": {"a b": "c"}}),
        result({"statusCode": 200, "body": {}}),
    ],
)
def test_failures_and_malformed_results_become_502(sample: Package, outcome: InvocationOutcome) -> None:
    with plain_gateway(sample, lambda _: outcome) as (_, client):
        response = client("GET", "/x")
    assert (response.status, response.json()) == (502, INTERNAL)
    assert response["x-amzn-ErrorType"] == "InternalServerErrorException"


@pytest.mark.parametrize(
    ("target", "error_type"),
    [("/x", "InternalServerErrorException"), ("/_challenge/v2/", "AuthorizerConfigurationException")],
)
def test_a_function_that_is_deleted_is_a_500(sample: Package, target: str, error_type: str) -> None:
    functions = {each.arn: InProcessFunction(echo) for each in sample.functions.values()}
    with Gateway(sample.definition, functions, None, name="127.0.0.1") as gateway:
        functions.clear()
        with closing(GatewayClient(gateway)) as client:
            response = client("GET", target, ("Authorization", "Basic abc"))
    assert (response.status, response["x-amzn-ErrorType"]) == (500, error_type)


# Renamed: the reason why no Lambda function behind a REST API can challenge.
RENAMED = {
    "WWW-Authenticate": "Basic",
    "www-authenticate": "Basic",
    "x-amzn-RequestId": "x",
    "Authorization": "x",
    "Connection": "close",
    "Content-Length": "999",
    "Server": "x",
    "Date": "then",
    "User-Agent": "x",
}


@pytest.mark.parametrize(
    ("document", "name", "values"),
    [
        ({"headers": {"header-bool": True}}, "header-bool", ["true"]),
        ({"multiValueHeaders": {"m": ["value1", "value2"]}}, "m", ["value1", "value2"]),
        ({"multiValueHeaders": {"m": ["multi"]}, "headers": {"m": "solo"}}, "m", ["multi", "solo"]),
        ({"multiValueHeaders": {"m": ["same"]}, "headers": {"M": "same"}}, "m", ["same"]),
        ({"headers": {"Location": "https://a/b"}}, "Location", ["https://a/b"]),
        ({"headers": {"Content-Type": "text/x"}}, "Content-Type", ["text/x"]),
        ({"headers": {"Content-Length": "999"}, "body": "abc"}, "Content-Length", ["3"]),
        ({"headers": {"WWW-Authenticate": "Basic"}}, "WWW-Authenticate", None),
        *(
            ({"headers": {name: value}}, f"x-amzn-Remapped-{name}", [value])
            for name, value in RENAMED.items()
        ),
        *(({"headers": {name: "x"}}, name, None) for name in ("Via", "Transfer-Encoding", "Upgrade")),
    ],
)
def test_headers_on_the_way_back(
    sample: Package, document: object, name: str, values: list[str] | None
) -> None:
    with plain_gateway(sample, resulting(document)) as (_, client):
        assert client("GET", "/x").headers.get_all(name) == values


def test_what_the_gateway_adds(sample: Package) -> None:
    with plain_gateway(sample, resulting({"headers": {"Date": "then"}})) as (_, client):
        headers = client("GET", "/x").headers
    assert len(headers["x-amzn-RequestId"]) == 36
    assert headers["x-amz-apigw-id"].endswith("=")
    assert headers["X-Amzn-Trace-Id"].startswith("Root=1-")
    assert headers["Date"].endswith("GMT")
    with plain_gateway(sample) as (_, client):
        response = client("GET", "/x")
        # The function was given the same.
        assert [response["X-Amzn-Trace-Id"]] == response.json()["multiValueHeaders"]["X-Amzn-Trace-Id"]
        assert client("TRACE", "/x")["X-Amzn-Trace-Id"]


BINARY = {"statusCode": 200, "body": base64.b64encode(b"\x00data").decode(), "isBase64Encoded": True}


@pytest.mark.parametrize(
    ("accept", "decoded"),
    [
        ("application/octet-stream", True),
        ("application/octet-stream;q=0.5, text/plain", True),
        ("application/octet-stream, text/plain", True),
        ("text/plain, application/octet-stream", False),
        ("*/*", False),  # the API's binary types do not hold it
        (None, False),
    ],
)
def test_a_base64_body_is_decoded_by_the_first_accepted_type(
    sample: Package, accept: str | None, decoded: bool
) -> None:
    headers = [("Accept", accept)] if accept else []
    with plain_gateway(sample, resulting(BINARY)) as (_, client):
        body = client("GET", "/x", *headers).body
    assert body == (b"\x00data" if decoded else base64.b64encode(b"\x00data"))


@pytest.mark.parametrize(
    ("length", "given", "sent"),
    [
        (HeadLength.COMPUTED, {"Content-Length": "77"}, "4"),
        (HeadLength.PASSED, {"Content-Length": "77"}, "77"),
        (HeadLength.PASSED, {}, "4"),
        (HeadLength.PASSED, {"Content-Length": "none"}, "4"),
        (HeadLength.ZERO, {"Content-Length": "77"}, "0"),
    ],
)
def test_the_length_of_a_response_to_head(
    sample: Package, length: HeadLength, given: Mapping[str, str], sent: str
) -> None:
    document = {"statusCode": 200, "headers": given, "body": "body"}
    with plain_gateway(sample, resulting(document), head_length=length) as (_, client):
        response = client("HEAD", "/x")
        assert (response["Content-Length"], response.body) == (sent, b"")
        assert client("GET", "/x").body == b"body"


INCOMPLETE = "Authorization header requires 'Credential' parameter. "


@pytest.mark.parametrize(
    ("authorization", "error_type", "message"),
    [
        (None, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        ("Basic c2VjcmV0OnBhc3N3b3Jk", "IncompleteSignatureException", INCOMPLETE),
    ],
)
@pytest.mark.parametrize(("method", "target"), [("TRACE", "/_challenge"), ("TRACE", "/x"), ("LINK", "/")])
def test_what_is_not_routed_gets_403(
    sample: Package, method: str, target: str, authorization: str | None, error_type: str, message: str
) -> None:
    headers = [("Authorization", authorization)] if authorization else []
    with plain_gateway(sample) as (_, client):
        response = client(method, target, *headers)
    assert (response.status, response["x-amzn-ErrorType"]) == (403, error_type)
    assert response.json()["message"].startswith(message)
    assert b"c2VjcmV0OnBhc3N3b3Jk" not in response.body


def test_the_default_endpoint_can_be_closed(sample: Package) -> None:
    closed = {"x-amazon-apigateway-endpoint-configuration": {"disableExecuteApiEndpoint": True}}
    with plain_gateway(sample) as (gateway, client):
        host = ("Host", gateway.api.default_host)
        assert client("GET", "/api/x", host).status == 200
        assert client("GET", "/other-stage/x", host).status == 403
    with plain_gateway(sample, definition={**sample.definition, **closed}) as (_, client):
        response = client("GET", "/api/x", host)
        assert (response.status, response.json()) == (403, {"message": "Forbidden"})
        assert client("GET", "/x").status == 200


def filled(gateway: Gateway, client: GatewayClient, size: int) -> int:
    """The status of a request whose headers come to `size` bytes."""
    fixed = len(f"Host: {gateway.authority}\r\nX-Fill: \r\n")
    return client("GET", "/x", ("X-Fill", "x" * (size - fixed))).status


def test_request_limits(sample: Package) -> None:
    with plain_gateway(sample) as (gateway, client):
        assert filled(gateway, client, HEADER_LIMIT) == 200
        assert filled(gateway, client, HEADER_LIMIT + 1) == 413
        assert client("GET", "/" + "x" * 10_239).status == 200
        assert client("GET", "/" + "x" * 10_240).status == 414
        assert client("PUT", "/x", OCTETS, body=OVER_LAMBDAS_LIMIT[3000:]).status == 200
        too_long = client("PUT", "/x", OCTETS, body=OVER_LAMBDAS_LIMIT)
        assert (too_long.status, too_long["x-amzn-ErrorType"]) == (413, "BadRequestException")


def test_what_comes_before_the_api_is_plain_text_whatever_the_definition_says(sample: Package) -> None:
    words = {"responseTemplates": {"application/json": '{"errors":[]}'}}
    definition = {
        **sample.definition,
        "x-amazon-apigateway-gateway-responses": {"REQUEST_TOO_LARGE": words, "DEFAULT_4XX": words},
    }
    with plain_gateway(sample, definition=definition) as (_, client):
        for response in (
            client("GET", "/x", ("X-Fill", "x" * HEADER_LIMIT)),
            client("PUT", "/x", OCTETS, body=b"x" * (BODY_LIMIT + 1)),
        ):
            assert (response.status, response["Content-Type"]) == (413, "text/plain")
        assert response.body == b"HTTP content length exceeded 10485760 bytes."
        # The limit of Lambda is the API's to report.
        event = client("PUT", "/x", OCTETS, body=OVER_LAMBDAS_LIMIT)
        assert (event.status, event.json()) == (413, {"errors": []})


def test_the_header_limit_of_responses(sample: Package) -> None:
    handler = resulting({"statusCode": 307, "headers": {"Location": "https://a/" + "x" * HEADER_LIMIT}})
    with plain_gateway(sample, handler) as (_, client):
        assert client("GET", "/x").status == 500


def test_a_slow_function_is_not_waited_for(sample: Package) -> None:
    ended = threading.Event()

    def slow(_: bytes) -> InvocationOutcome:
        ended.wait(20)
        return result({"statusCode": 200})

    proxied = '"type": "aws_proxy"'
    text = json.dumps(dict(sample.definition)).replace(proxied, f'{proxied}, "timeoutInMillis": 100')
    with plain_gateway(sample, slow, definition=json.loads(text)) as (_, client):
        response = client("GET", "/x")
        ended.set()
    assert (response.status, response.json()) == (504, {"message": "Endpoint request timed out"})


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/_challenge/" + "x" * FITTING, 200),
        ("/_challenge/" + "x" * (FITTING + 1), 414),
        ("/v2/" + "x" * 1_600, 200),  # no authorizer, no method ARN
        ("/_challenge/v2/x?" + "y" * 1_600, 200),  # the query is no part of it
    ],
)
def test_the_method_arn_is_limited_where_an_authorizer_is(sample: Package, target: str, status: int) -> None:
    with plain_gateway(sample) as (_, client):
        assert client("GET", target, ("Authorization", "Basic abc")).status == status


def test_definitions_beyond_the_stand_in_are_refused(sample: Package) -> None:
    document = json.loads(json.dumps(sample.definition))
    document["paths"]["/"]["get"]["x-amazon-apigateway-integration"]["type"] = "mock"
    with pytest.raises(UnsupportedDefinition, match="mock"):
        read_definition(document)
    with pytest.raises(UnsupportedDefinition, match="not there"):
        Gateway(sample.definition, {}, None)
