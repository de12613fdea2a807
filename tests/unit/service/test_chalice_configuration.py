""".chalice: what is deployed, with which rights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.relaying.registry_connection import CONNECT_SECONDS, RESPONSE_SECONDS

ROOT = Path(__file__).parents[3]


def read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / ".chalice" / name).read_text(encoding="utf-8"))
    return document


def test_a_local_and_a_production_stage() -> None:
    assert list(read("config.json")["stages"]) == ["local", "production"]


def test_production_has_its_domain_on_tls_1_2() -> None:
    config = read("config.json")
    domain = config["stages"]["production"]["api_gateway_custom_domain"]
    assert set(domain) == {"domain_name", "certificate_arn", "tls_version"}
    assert domain["tls_version"] == "TLS_1_2"
    assert config["api_gateway_endpoint_type"] == "REGIONAL"
    assert config["lambda_architecture"] == "arm64"
    assert config["tags"]


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
    assert key not in (ROOT / ".chalice" / "config.json").read_text(encoding="utf-8")


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
