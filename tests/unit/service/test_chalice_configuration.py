""".chalice: what is deployed, with which rights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.relaying.registry_connection import CONNECT_SECONDS, RESPONSE_SECONDS
from tests.standins.project import COMMON, ROOT


def read(name: str) -> dict[str, Any]:
    """What is committed: the stages that `init` has written since are left out."""
    document: dict[str, Any] = json.loads((ROOT / ".chalice" / name).read_text(encoding="utf-8"))
    stages = document.get("stages", {}).items()
    return {**document, "stages": {name: each for name, each in stages if "custom_ecr_domain" not in each}}


def test_one_stage_without_a_domain_is_committed() -> None:
    """Chalice's own default, so that its commands need no flag; `init` adds `production` beside it."""
    stages = read("config.json")["stages"]
    assert list(stages) == ["dev"]
    assert "api_gateway_custom_domain" not in stages["dev"]


@pytest.mark.parametrize("key", [key for key in COMMON if not key.startswith("lambda_") and key != "tags"])
def test_the_tests_deploy_as_is_committed(key: str) -> None:
    assert read("config.json")[key] == COMMON[key]


def test_the_function_outlives_its_slowest_relay_and_not_the_gateway() -> None:
    # API Gateway gives up after 29 s; a function that lives longer is paid for nothing.
    assert CONNECT_SECONDS + RESPONSE_SECONDS < read("config.json")["lambda_timeout"] < 29


@pytest.mark.parametrize(
    "key",
    [
        # Manifests are hashed byte for byte.
        "minimum_compression_size",
        # Sets retention on a log group that the API handler does not write to (aws/chalice#2079).
        "log_retention_in_days",
    ],
)
def test_keys_that_do_harm_are_left_out(key: str) -> None:
    assert key not in json.dumps(read("config.json"))


def test_the_functions_may_write_their_own_logs_and_nothing_else() -> None:
    config = read("config.json")
    assert config["autogen_policy"] is False
    assert config["iam_policy_file"] == "policy.json"
    (statement,) = read("policy.json")["Statement"]
    assert statement["Action"] == ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    # A group, and its streams, by the names that Chalice gives the functions.
    assert statement["Resource"] == [
        f"arn:*:logs:*:*:log-group:/aws/lambda/{config['app_name']}-{{stage}}{function}{streams}"
        for function in ("", "-challenge")
        for streams in ("", ":*")
    ]
