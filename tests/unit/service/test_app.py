"""app.py: Lambda's event in, Lambda's response out, and one line in the log."""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import InvalidSetting
from tests.unit.service.gateway_events import event

REGISTRY = "https://registry.example.com"
SECRET = "QVdTOnRva2Vu"
CONTEXT = SimpleNamespace(
    aws_request_id="id-1", invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:x"
)
OWN = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OTHER = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> ModuleType:
    """app.py as a fresh Lambda environment imports it."""
    monkeypatch.delenv("AWS_CHALICE_CLI_MODE", raising=False)
    for name in ("ECR_REGISTRY", "ECR_REGISTRIES", "REDIRECT_MODE"):
        monkeypatch.setenv(name, environment.get(name, ""))
    monkeypatch.delitem(sys.modules, "app", raising=False)
    return importlib.import_module("app")


def lambda_response(loaded: ModuleType, request: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = loaded.app(request, CONTEXT)
    return response


def test_a_redirect_is_a_whole_lambda_response(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = load(monkeypatch, ECR_REGISTRY=REGISTRY, REDIRECT_MODE="edge")
    assert lambda_response(loaded, event("GET", "/v2/r/tags/list", query={"n": ["2"]})) == {
        "statusCode": 307,
        "headers": {
            "Location": "/_registry/registry.example.com/v2/r/tags/list?n=2",
            "Cache-Control": "public, max-age=60",
        },
        "multiValueHeaders": {},
        "body": "",
    }
    assert json.loads(capsys.readouterr().out)["request_id"] == "id-1"


@pytest.mark.parametrize(
    ("mode", "method", "path"),
    [
        ("edge", "POST", "/v2/r/blobs/uploads/"),
        ("edge", "DELETE", "/v2/r/manifests/1"),
        ("edge", "GET", "/v2/../x"),
        ("edge", "GET", "/_registry/evil.example.com/v2/"),
        ("relay", "GET", "/v2/"),
        ("relay", "GET", "/"),
        ("plain", "GET", "/v2/"),
    ],
)
def test_nothing_else_may_be_kept(monkeypatch: pytest.MonkeyPatch, mode: str, method: str, path: str) -> None:
    loaded = load(monkeypatch, ECR_REGISTRY=REGISTRY, REDIRECT_MODE=mode)
    assert lambda_response(loaded, event(method, path))["headers"]["Cache-Control"] == "no-store"


def test_a_refusal_is_an_error_in_the_registry_apis_words(monkeypatch: pytest.MonkeyPatch) -> None:
    response = lambda_response(load(monkeypatch, ECR_REGISTRY=REGISTRY), event("GET", "/v2/../x"))
    assert (response["statusCode"], response["headers"]["Content-Type"]) == (400, "application/json")
    assert json.loads(response["body"])["errors"][0]["code"] == "NAME_INVALID"


@pytest.mark.parametrize(
    ("environment", "location"),
    [
        ({}, "/_challenge/v2/team/r/tags/list"),
        ({"REDIRECT_MODE": "relay"}, "/_challenge/v2/team/r/tags/list"),
        ({"REDIRECT_MODE": "plain"}, f"https://{OWN}/v2/team/r/tags/list"),
        ({"REDIRECT_MODE": "edge"}, f"/_registry/{OWN}/v2/team/r/tags/list"),
        (
            {"REDIRECT_MODE": "plain", "ECR_REGISTRIES": json.dumps({"team/": OTHER})},
            f"https://{OTHER}/v2/team/r/tags/list",
        ),
    ],
)
def test_mode_and_registries_are_settings_and_the_functions_own_registry_the_default(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], location: str
) -> None:
    response = lambda_response(load(monkeypatch, **environment), event("GET", "/v2/team/r/tags/list"))
    assert response["headers"]["Location"] == location


@pytest.mark.parametrize(
    ("name", "value"),
    [("ECR_REGISTRY", "no host"), ("ECR_REGISTRIES", "[]"), ("REDIRECT_MODE", "auto")],
)
def test_a_bad_setting_ends_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=name):
        load(monkeypatch, **{name: value})


def test_a_defect_is_a_response_without_a_word_of_the_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chalice's own handling would log the message of an exception that quotes what it met."""
    broken = event("GET", "/v2/r/manifests/1", headers={"Authorization": [f"Basic {SECRET}"]})
    broken["multiValueHeaders"] = {f"Basic {SECRET}": 7}
    response = lambda_response(load(monkeypatch, ECR_REGISTRY=REGISTRY), broken)
    assert response["statusCode"] == 500
    assert response["headers"]["Cache-Control"] == "no-store"
    assert json.loads(response["body"])["errors"][0]["message"] == "a defect of this service; request id-1"
    output = capsys.readouterr()
    (line,) = output.out.splitlines()
    assert json.loads(line)["fault"] == "TypeError"
    assert SECRET not in output.out + output.err + response["body"]


def test_the_authorizer_lets_every_authorization_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = load(monkeypatch, ECR_REGISTRY=REGISTRY)
    arn = "arn:aws:execute-api:us-west-2:123456789012:abc/production/GET/_challenge/v2/x"
    request = {"type": "TOKEN", "authorizationToken": "anything", "methodArn": arn}
    policy = loaded.challenge(request, CONTEXT)["policyDocument"]["Statement"]
    assert [(each["Effect"], each["Resource"]) for each in policy] == [
        ("Allow", ["arn:aws:execute-api:us-west-2:123456789012:abc/production/*/*"])
    ]
