"""The TOKEN authorizer of the gateway stand-in, and the responses that the definition configures."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.served.gateway_client import GatewayClient, plain_gateway, policy, result
from tests.standins.certificates import Certificates
from tests.standins.gateway import Gateway
from tests.standins.lambda_environment import InvocationOutcome
from tests.standins.lambda_function import LambdaFunction
from tests.standins.package import Package
from tests.standins.token_authorizer import allows

TOKEN = ("Authorization", "Basic abc")
RESPONSES = "x-amazon-apigateway-gateway-responses"


class AuthorizerRecorder:
    """An authorizer function that keeps its events."""

    def __init__(self, outcome: InvocationOutcome) -> None:
        self.events: list[dict[str, Any]] = []
        self._outcome = outcome

    def __call__(self, payload: bytes) -> InvocationOutcome:
        self.events.append(json.loads(payload))
        return self._outcome


@pytest.mark.parametrize("headers", [[], [("Authorization", "")]])
def test_without_a_token_the_authorizer_is_not_called(
    sample: Package, headers: list[tuple[str, str]]
) -> None:
    recorder = AuthorizerRecorder(result(policy("Allow", "*")))
    with plain_gateway(sample, authorizer=recorder) as (_, client):
        response = client("GET", "/_challenge/v2/", *headers)
    assert (response.status, response.json()) == (401, {"message": "Unauthorized"})
    assert response.headers["x-amzn-ErrorType"] == "UnauthorizedException"
    assert response.headers["WWW-Authenticate"] is None  # unless the definition says so
    assert recorder.events == []


@pytest.mark.parametrize("target", ["/_challenge", "/_challenge/"])
def test_a_resource_without_methods_has_no_authorizer(sample: Package, target: str) -> None:
    """Resource and method are matched together, so `/{proxy+}` takes it."""
    recorder = AuthorizerRecorder(result(policy("Deny", "*")))
    with plain_gateway(sample, authorizer=recorder) as (_, client):
        event = client.event("GET", target)
    assert (event["resource"], event["path"]) == ("/{proxy+}", target)
    assert recorder.events == []


def test_the_unauthorized_response_is_as_the_definition_says(sample: Package) -> None:
    unauthorized = {
        "statusCode": "401",
        "responseParameters": {"gatewayresponse.header.WWW-Authenticate": "'Basic realm=\"a b\"'"},
        "responseTemplates": {"application/json": '{"errors":[{"message":$context.error.messageString}]}'},
    }
    definition = {**sample.definition, RESPONSES: {"UNAUTHORIZED": unauthorized}}
    with plain_gateway(sample, definition=definition) as (_, client):
        response = client("GET", "/_challenge/v2/")
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Basic realm="a b"'  # and is not renamed
        assert response.json() == {"errors": [{"message": "Unauthorized"}]}
        assert client("HEAD", "/_challenge/v2/").body == b""
        assert client("TRACE", "/_challenge").headers["WWW-Authenticate"] is None


def test_the_default_responses_stand_in_for_those_not_defined(sample: Package) -> None:
    header = {"responseParameters": {"gatewayresponse.header.X-Group": "'4'"}}
    definition = {**sample.definition, RESPONSES: {"DEFAULT_4XX": header}}
    with plain_gateway(sample, definition=definition) as (_, client):
        for method, target, status in (("GET", "/_challenge/x", 401), ("TRACE", "/x", 403)):
            response = client(method, target)
            assert (response.status, response.headers["X-Group"]) == (status, "4")


def test_the_event_of_the_authorizer_and_that_of_the_function(sample: Package) -> None:
    recorder = AuthorizerRecorder(result({**policy("Allow", "*"), "context": {"key": "value"}}))
    with plain_gateway(sample, authorizer=recorder) as (_, client):
        event = client.event("PATCH", "/_challenge/v2/a%2Fb/?q=1", TOKEN)
    assert recorder.events == [
        {
            "type": "TOKEN",
            "methodArn": "arn:aws:execute-api:us-west-2:123456789012:a1b2c3d4e5"
            "/api/PATCH/_challenge/v2/a%2Fb/",
            "authorizationToken": "Basic abc",
        }
    ]
    authorizer = event["requestContext"]["authorizer"]
    assert (authorizer["principalId"], authorizer["key"]) == ("someone", "value")
    assert event["resource"] == "/_challenge/{proxy+}"
    assert event["headers"]["Authorization"] == "Basic abc"


def test_results_are_kept_by_token_for_their_time(sample: Package) -> None:
    now = [0.0]
    recorder = AuthorizerRecorder(result(policy("Allow", "*")))
    with plain_gateway(sample, authorizer=recorder, clock=lambda: now[0]) as (_, client):
        for target in ("/_challenge/a", "/_challenge/b"):
            client.event("GET", target, TOKEN)
        assert len(recorder.events) == 1
        client.event("GET", "/_challenge/a", ("Authorization", "Basic other"))
        assert len(recorder.events) == 2
        now[0] = 299.0  # authorizerResultTtlInSeconds is 300 in the sample
        client.event("GET", "/_challenge/a", TOKEN)
        assert len(recorder.events) == 2
        now[0] = 301.0
        client.event("GET", "/_challenge/a", TOKEN)
        assert len(recorder.events) == 3


def test_a_kept_policy_is_evaluated_for_each_request(sample: Package) -> None:
    """The trap of narrow policies: the first path's result refuses the second."""
    narrow = policy("Allow", "arn:aws:execute-api:*:*:*/api/GET/_challenge/a")
    with plain_gateway(sample, authorizer=AuthorizerRecorder(result(narrow))) as (_, client):
        assert client("GET", "/_challenge/a", TOKEN).status == 200
        assert client("GET", "/_challenge/b", TOKEN).status == 403


@pytest.mark.parametrize(
    ("outcome", "status", "error_type"),
    [
        (result(policy("Deny", "*")), 403, "AccessDeniedException"),
        (InvocationOutcome(b'{"errorMessage":"Unauthorized"}', failed=True), 401, "UnauthorizedException"),
        (InvocationOutcome(b'{"errorMessage":"other"}', failed=True), 500, "AuthorizerFailureException"),
        (result({"principalId": "x"}), 500, "AuthorizerConfigurationException"),
        (result("text"), 500, "AuthorizerConfigurationException"),
        (result({**policy("Allow", "*"), "context": {"list": []}}), 500, "AuthorizerConfigurationException"),
    ],
)
def test_refusals(sample: Package, outcome: InvocationOutcome, status: int, error_type: str) -> None:
    with plain_gateway(sample, authorizer=AuthorizerRecorder(outcome)) as (_, client):
        response = client("GET", "/_challenge/x", TOKEN)
    assert (response.status, response.headers["x-amzn-ErrorType"]) == (status, error_type)


ARN = "arn:aws:execute-api:us-west-2:1:api/stage/GET/_challenge/v2/a*b"


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([("Allow", "*")], True),
        ([("Allow", "arn:aws:execute-api:us-west-2:1:api/stage/*")], True),
        ([("Allow", "arn:aws:execute-api:us-west-?:1:api/stage/GET/*")], True),
        ([("Allow", "arn:aws:execute-api:us-west-2:1:api/stage/PUT/*")], False),
        ([("Allow", "*"), ("Deny", "*/v2/*")], False),
        ([("Deny", "*/v3/*"), ("Allow", "*")], True),
        ([("Allow", "arn:aws:execute-api:us-west-2:1:api/stage/GET/_challenge/v2/axb")], False),
        ([], False),
    ],
)
def test_policies(statements: list[tuple[str, str]], allowed: bool) -> None:
    document = {
        "Statement": [
            {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource}
            for effect, resource in statements
        ]
    }
    assert allows(document, ARN) is allowed


def test_an_action_that_is_not_invoke_allows_nothing() -> None:
    assert not allows({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}, ARN)
    assert allows({"Statement": {"Effect": "Allow", "Action": ["execute-api:*"], "Resource": "*"}}, ARN)


def test_chalices_own_authorizer_over_tls(sample: Package, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The whole way: packaged definition, packaged zip, two functions."""
    directory = tmp_path_factory.mktemp("whole")
    certificates = Certificates(directory)
    handler, credentials = sample.functions["APIHandler"], sample.functions["Credentials"]
    with (
        LambdaFunction(handler, directory / "handler") as run,
        LambdaFunction(credentials, directory / "credentials") as authorize,
        Gateway(
            sample.definition,
            {handler.arn: run, credentials.arn: authorize},
            certificates.server_context("localhost"),
        ) as gateway,
    ):
        client = GatewayClient(gateway, certificates.client_context())
        try:
            assert client("GET", "/_challenge/x").status == 401
            assert authorize.cold_starts == 0
            allowed = client("GET", "/_challenge/x/", TOKEN)
            assert allowed.json()["event"]["path"] == "/_challenge/x/"
            assert client("GET", "/_challenge/x", ("Authorization", "deny")).status == 403
            assert client("GET", "/_challenge/x", ("Authorization", "raise")).status == 401
            assert client("GET", "/x?exit=1").status == 502
            assert client("GET", "/x").json()["event"]["resource"] == "/{proxy+}"
        finally:
            client.close()
