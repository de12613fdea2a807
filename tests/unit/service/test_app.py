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


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> ModuleType:
    """app.py as a fresh Lambda environment imports it."""
    monkeypatch.delenv("AWS_CHALICE_CLI_MODE", raising=False)
    for name in ("ECR_REGISTRY", "ECR_REGISTRIES", "REDIRECT_MODE"):
        monkeypatch.setenv(name, environment.get(name, ""))
    monkeypatch.delitem(sys.modules, "app", raising=False)
    return importlib.import_module("app")


def answer(loaded: ModuleType, asked: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = loaded.app(asked, CONTEXT)
    return response


def test_a_redirect_is_a_whole_lambda_response(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded = load(monkeypatch, ECR_REGISTRY=REGISTRY, REDIRECT_MODE="edge")
    assert answer(loaded, event("GET", "/v2/r/tags/list", query={"n": ["2"]})) == {
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
    assert answer(loaded, event(method, path))["headers"]["Cache-Control"] == "no-store"


def test_a_refusal_is_an_error_in_the_registry_apis_words(monkeypatch: pytest.MonkeyPatch) -> None:
    response = answer(load(monkeypatch, ECR_REGISTRY=REGISTRY), event("GET", "/v2/../x"))
    assert (response["statusCode"], response["headers"]["Content-Type"]) == (400, "application/json")
    assert json.loads(response["body"])["errors"][0]["code"] == "NAME_INVALID"


@pytest.mark.parametrize(
    ("mode", "location"),
    [
        ("", "/_challenge/v2/r/tags/list"),
        ("relay", "/_challenge/v2/r/tags/list"),
        ("plain", f"https://{OWN}/v2/r/tags/list"),
        ("edge", f"/_registry/{OWN}/v2/r/tags/list"),
    ],
)
def test_the_mode_is_a_setting_and_the_registry_the_functions_own_without_one(
    monkeypatch: pytest.MonkeyPatch, mode: str, location: str
) -> None:
    response = answer(load(monkeypatch, REDIRECT_MODE=mode), event("GET", "/v2/r/tags/list"))
    assert response["headers"]["Location"] == location


def test_other_registries_are_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "222222222222.dkr.ecr.eu-west-1.amazonaws.com"
    loaded = load(monkeypatch, ECR_REGISTRIES=json.dumps({"team/": other}), REDIRECT_MODE="plain")
    location = answer(loaded, event("GET", "/v2/team/r/tags/list"))["headers"]["Location"]
    assert location == f"https://{other}/v2/team/r/tags/list"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ECR_REGISTRY", "no host"),
        ("ECR_REGISTRIES", "[]"),
        ("REDIRECT_MODE", "maybe"),
        ("REDIRECT_MODE", "auto"),
    ],
)
def test_a_bad_setting_ends_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=name):
        load(monkeypatch, **{name: value})


@pytest.mark.parametrize("mode", ["edge", "relay", "plain"])
@pytest.mark.parametrize("absent", ["multiValueHeaders", "headers", "multiValueQueryStringParameters"])
def test_an_event_without_headers_or_query_is_an_empty_request(
    monkeypatch: pytest.MonkeyPatch, absent: str, mode: str
) -> None:
    """As API Gateway's own test invocation sends it."""
    loaded = load(monkeypatch, ECR_REGISTRY=REGISTRY, REDIRECT_MODE=mode)
    asked = event("GET", "/v2/")
    asked[absent] = None
    assert answer(loaded, asked)["statusCode"] == 307


def test_a_defect_is_an_answer_without_a_word_of_the_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chalice's own handling would log the message of an exception that quotes what it met."""
    broken = event("GET", "/v2/r/manifests/1", headers={"Authorization": [f"Basic {SECRET}"]})
    broken["multiValueHeaders"] = {f"Basic {SECRET}": 7}
    response = answer(load(monkeypatch, ECR_REGISTRY=REGISTRY), broken)
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
    asked = {"type": "TOKEN", "authorizationToken": "anything", "methodArn": arn}
    policy = loaded.challenge(asked, CONTEXT)["policyDocument"]["Statement"]
    assert [(each["Effect"], each["Resource"]) for each in policy] == [
        ("Allow", ["arn:aws:execute-api:us-west-2:123456789012:abc/production/*/*"])
    ]
