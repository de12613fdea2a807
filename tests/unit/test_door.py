"""The door: Lambda's event in, Lambda's response out, and one line in the log."""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from chalicelib.errors import InvalidSetting
from tests.unit.gateway_events import event

REGISTRY = "https://registry.example.com"
SECRET = "QVdTOnRva2Vu"
CONTEXT = SimpleNamespace(
    aws_request_id="id-1", invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:x"
)


def load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> ModuleType:
    """The door as a fresh Lambda environment imports it."""
    monkeypatch.delenv("AWS_CHALICE_CLI_MODE", raising=False)
    for name in ("ECR_REGISTRY", "REDIRECT_MODE"):
        monkeypatch.setenv(name, environment.get(name, ""))
    monkeypatch.delitem(sys.modules, "app", raising=False)
    return importlib.import_module("app")


def answer(door: ModuleType, asked: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = door.app(asked, CONTEXT)
    return response


def test_a_redirect_is_a_whole_lambda_response(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    door = load(monkeypatch, ECR_REGISTRY=REGISTRY)
    assert answer(door, event("GET", "/v2/r/tags/list", query={"n": ["2"]})) == {
        "statusCode": 307,
        "headers": {"Location": f"{REGISTRY}/v2/r/tags/list?n=2", "Cache-Control": "no-store"},
        "multiValueHeaders": {},
        "body": "",
    }
    assert json.loads(capsys.readouterr().out)["request_id"] == "id-1"


def test_a_refusal_is_an_error_in_the_registry_apis_words(monkeypatch: pytest.MonkeyPatch) -> None:
    response = answer(load(monkeypatch, ECR_REGISTRY=REGISTRY), event("GET", "/v2/../x"))
    assert (response["statusCode"], response["headers"]["Content-Type"]) == (400, "application/json")
    assert json.loads(response["body"])["errors"][0]["code"] == "NAME_INVALID"


def test_without_a_setting_the_registry_is_the_functions_own(monkeypatch: pytest.MonkeyPatch) -> None:
    response = answer(load(monkeypatch), event("GET", "/v2/"))
    assert response["headers"]["Location"] == "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/"


def test_plain_mode_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    door = load(monkeypatch, ECR_REGISTRY=REGISTRY, REDIRECT_MODE="plain")
    headers = {"User-Agent": ["containerd/1.7"], "Authorization": [f"Basic {SECRET}"]}
    response = answer(door, event("GET", "/v2/r/manifests/1", headers=headers))
    assert response["headers"]["Location"] == f"{REGISTRY}/v2/r/manifests/1"


@pytest.mark.parametrize(("name", "value"), [("ECR_REGISTRY", "no host"), ("REDIRECT_MODE", "maybe")])
def test_a_bad_setting_ends_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=name):
        load(monkeypatch, **{name: value})


def test_a_defect_is_an_answer_without_a_word_of_the_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chalice's own handling would log the message of an exception that quotes what it met."""
    broken = event("GET", "/v2/r/manifests/1", headers={"Authorization": [f"Basic {SECRET}"]})
    broken["multiValueHeaders"] = {f"Basic {SECRET}": 7}
    response = answer(load(monkeypatch, ECR_REGISTRY=REGISTRY), broken)
    assert response["statusCode"] == 500
    assert json.loads(response["body"])["errors"][0]["message"] == "a defect of this service; request id-1"
    output = capsys.readouterr()
    (line,) = output.out.splitlines()
    assert json.loads(line)["fault"] == "TypeError"
    assert SECRET not in output.out + output.err + response["body"]


def test_the_authorizer_lets_every_authorization_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    door = load(monkeypatch, ECR_REGISTRY=REGISTRY)
    arn = "arn:aws:execute-api:us-west-2:123456789012:abc/production/GET/_challenge/v2/x"
    asked = {"type": "TOKEN", "authorizationToken": "anything", "methodArn": arn}
    policy = door.challenge(asked, CONTEXT)["policyDocument"]["Statement"]
    assert [(each["Effect"], each["Resource"]) for each in policy] == [
        ("Allow", ["arn:aws:execute-api:us-west-2:123456789012:abc/production/*/*"])
    ]
