"""Requests as they reach a function: the rows recorded from AWS, through the gateway stand-in."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.served.gateway_client import GatewayClient, plain_gateway
from tests.standins.package import Package
from tests.standins.proxy_event import ApiIdentity

API = ApiIdentity(stage="stage")
DEFAULT = ("Host", API.default_host)


@pytest.fixture
def client(sample: Package) -> Iterator[GatewayClient]:
    with plain_gateway(sample, api=API) as (_, running):
        yield running


@pytest.mark.parametrize(
    ("after_stage", "path", "proxy", "context_path"),
    [
        ("/proxy-value", "/proxy-value", "proxy-value", "/stage/proxy-value"),
        ("/proxy-value/", "/proxy-value/", "proxy-value", "/stage/proxy-value/"),
        (
            "/proxy-value//double-slash",
            "/proxy-value//double-slash",
            "proxy-value//double-slash",
            "/stage/proxy-value//double-slash",
        ),
        ("//proxy-value", "/proxy-value", "proxy-value", "/stage//proxy-value"),
        (
            "/user/test%2Balias@gmail.com/plus/test+alias@gmail.com",
            "/user/test%2Balias@gmail.com/plus/test+alias@gmail.com",
            "user/test%2Balias@gmail.com/plus/test+alias@gmail.com",
            "/stage/user/test%2Balias@gmail.com/plus/test+alias@gmail.com",
        ),
        (
            "/capture/space%20value",
            "/capture/space%20value",
            "capture/space%20value",
            "/stage/capture/space%20value",
        ),
        ("/%2F%3F%23%25%252F%CE%BB", "/%2F%3F%23%25%252F%CE%BB", "%2F%3F%23%25%252F%CE%BB", None),
        ("/v2/x/blobs/uploads/", "/v2/x/blobs/uploads/", "v2/x/blobs/uploads", None),
    ],
)
def test_paths_at_the_default_endpoint(
    client: GatewayClient, after_stage: str, path: str, proxy: str, context_path: str | None
) -> None:
    event = client.event("GET", f"/stage{after_stage}", DEFAULT)
    context = event["requestContext"]
    assert (event["path"], event["pathParameters"]) == (path, {"proxy": proxy})
    assert context["path"] == (context_path or f"/stage{after_stage}")
    assert event["resource"] == context["resourcePath"] == "/{proxy+}"
    assert "customDomain" not in context


def test_a_slash_before_the_stage_is_lost(client: GatewayClient) -> None:
    event = client.event("GET", "//stage/proxy-value", DEFAULT)
    assert (event["path"], event["requestContext"]["path"]) == ("/proxy-value", "/stage/proxy-value")


@pytest.mark.parametrize("target", ["/", "//", "/stage", "/stage/"])
def test_the_root_has_no_parameters(client: GatewayClient, target: str) -> None:
    headers = [DEFAULT] if "stage" in target else []
    event = client.event("GET", target, *headers)
    assert (event["path"], event["resource"], event["pathParameters"]) == ("/", "/", None)


@pytest.mark.parametrize(
    ("target", "path"), [("/x", "/x"), ("/v2/", "/v2/"), ("/v2/a%3Ab", "/v2/a%3Ab"), ("//x", "/x")]
)
def test_paths_at_a_custom_domain_without_base_path(client: GatewayClient, target: str, path: str) -> None:
    event = client.event("GET", target, ("Host", "ecr.example.com"))
    assert (event["path"], event["requestContext"]["path"]) == (path, target)
    assert event["requestContext"]["domainName"] == "ecr.example.com"
    assert event["requestContext"]["domainPrefix"] == "ecr"
    assert event["requestContext"]["stage"] == "stage"
    assert event["requestContext"]["customDomain"] == {"basePathMatched": "(none)"}


def test_a_base_path_stays_in_the_paths_and_not_in_the_parameter(sample: Package) -> None:
    with plain_gateway(sample, base_path="foo") as (_, client):
        event = client.event("GET", "/foo/x/")
        assert (event["path"], event["requestContext"]["path"]) == ("/foo/x/", "/foo/x/")
        assert event["pathParameters"] == {"proxy": "x"}
        assert event["requestContext"]["customDomain"] == {"basePathMatched": "foo"}
        assert client("GET", "/food/x").status == 403


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("", None),
        ("?", None),
        ("?a=%2B&b=+&c=%20&d=%3A%2F%2F", {"a": ["+"], "b": [" "], "c": [" "], "d": ["://"]}),
        ("?a=%3F%25%23", {"a": ["?%#"]}),
        ("?k=first&other=&k=second", {"k": ["first", "second"], "other": [""]}),
        ("?k", {"k": [""]}),  # not recorded: taken for an empty value
        ("?a=1;b=2", {"a": ["1"], "b": ["2"]}),  # `;` parts the data
        ("?a=%FF", {"a": ["\N{REPLACEMENT CHARACTER}"]}),
    ],
)
def test_queries_are_decoded(client: GatewayClient, query: str, values: dict[str, list[str]] | None) -> None:
    event = client.event("GET", f"/x{query}")
    assert event["multiValueQueryStringParameters"] == values
    last = {name: each[-1] for name, each in values.items()} if values else None
    assert event["queryStringParameters"] == last


def test_headers(client: GatewayClient) -> None:
    event = client.event(
        "POST",
        "/x",
        ("tEsT-HEADeR", "aValUE"),
        ("authorization", "Basic abc"),
        ("user-agent", "docker/1"),
        ("accept", "one"),
        ("Accept", "two"),
        ("Expect", "nothing"),
        ("Connection", "keep-alive"),
        ("X-Forwarded-For", "192.0.2.1"),
        body=b"text",
    )
    multi = event["multiValueHeaders"]
    assert multi["tEsT-HEADeR"] == ["aValUE"]
    assert multi["Authorization"] == ["Basic abc"]
    assert multi["User-Agent"] == ["docker/1"]
    assert multi["accept"] == ["one", "two"]
    assert event["headers"]["accept"] == "two"
    assert multi["X-Forwarded-For"] == ["192.0.2.1, 127.0.0.1"]
    assert multi["X-Forwarded-Port"] == ["443"]
    assert multi["X-Forwarded-Proto"] == ["https"]
    assert multi["X-Amzn-Trace-Id"][0].startswith("Root=1-")
    assert not {name.lower() for name in multi} & {"content-length", "connection", "expect"}
    assert set(event["headers"]) == set(multi)


@pytest.mark.parametrize(
    ("content_type", "body", "expected", "base64_encoded"),
    [
        ("application/octet-stream", b"\x00\xff", base64.b64encode(b"\x00\xff").decode(), True),
        ("application/octet-stream; a=b", b"text", base64.b64encode(b"text").decode(), True),
        ("application/vnd.oci.image.manifest.v1+json", '{"λ":1}'.encode(), '{"λ":1}', False),
        ("text/plain", b"\xff", "\N{REPLACEMENT CHARACTER}", False),
        (None, b"text", "text", False),
        ("application/octet-stream", None, None, False),
    ],
)
def test_bodies(
    client: GatewayClient,
    content_type: str | None,
    body: bytes | None,
    expected: str | None,
    base64_encoded: bool,
) -> None:
    headers = [("Content-Type", content_type)] if content_type else []
    event = client.event("PATCH", "/x", *headers, body=body)
    assert (event["body"], event["isBase64Encoded"]) == (expected, base64_encoded)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_request_context(client: GatewayClient, method: str) -> None:
    event = client.event(method, "/x", ("User-Agent", "me"))
    context = event["requestContext"]
    assert event["httpMethod"] == context["httpMethod"] == method
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userAgent"] == "me"
    assert context["identity"]["userArn"] is None
    assert context["accountId"] == "123456789012"
    assert context["protocol"] == "HTTP/1.1"
    assert event["stageVariables"] is None
    assert "authorizer" not in context
    assert len(context["requestId"]) == 36
