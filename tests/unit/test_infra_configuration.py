"""What of .chalice/config.json can be deployed, and the line that says why the rest cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.settings import RedirectMode
from infra.configuration import configuration_of
from infra.errors import InvalidConfiguration, UnknownStage
from infra.own_settings import DEFAULT_ACCESS_LOG
from tests.unit.infra_values import CERTIFICATE, REGION, configuration, document

DOMAIN = {"domain_name": "ecr.example.com", "certificate_arn": CERTIFICATE}


def test_a_stage_is_read_by_chalices_own_rules() -> None:
    config = configuration_of(
        document(
            stage={
                "lambda_timeout": 25,
                "environment_variables": {"REDIRECT_MODE": "plain"},
                "lambda_functions": {"challenge": {"lambda_memory_size": 128}},
            },
            environment_variables={"ECR_REGISTRY": "registry.example.com"},
        ),
        "production",
    )
    main, challenge = (config.functions[name] for name in (config.function_name, config.authorizer_name))
    assert (main.memory, main.timeout, challenge.memory, challenge.timeout) == (256, 25, 128, 25)
    assert main.environment == {"ECR_REGISTRY": "registry.example.com", "REDIRECT_MODE": "plain"}
    assert (config.mode, config.registry_in("aws", "1").host) == (RedirectMode.PLAIN, "registry.example.com")
    assert config.function_log_groups == (
        "/aws/lambda/custom-ecr-domain-production",
        "/aws/lambda/custom-ecr-domain-production-challenge",
    )


def test_the_defaults_are_the_originals() -> None:
    config = configuration()
    assert (config.routing, config.set_identifier, config.retention) == ("latency", REGION, 14)
    assert (config.evaluate_target_health, config.access_log, config.registry) == (False, {}, None)
    assert (
        config.registry_in("aws-cn", "111122223333").host == f"111122223333.dkr.ecr.{REGION}.amazonaws.com.cn"
    )


def test_the_access_log_of_true_holds_neither_query_nor_header() -> None:
    assert configuration({"access_log": True}).access_log == DEFAULT_ACCESS_LOG
    text = " ".join(DEFAULT_ACCESS_LOG.values()).lower()
    assert [word for word in ("query", "header", "authori") if word in text] == []


@pytest.mark.parametrize(
    ("own", "stage", "top", "expected"),
    [
        ({"log_retention": 1}, {}, {}, "custom_ecr_domain.log_retention=1"),  # no such key
        ({"region": ""}, {}, {}, "custom_ecr_domain.region=''"),
        ({"hosted_zone_id": ""}, {}, {}, "custom_ecr_domain.hosted_zone_id=''"),
        ({"routing": "weighted"}, {}, {}, "routing='weighted'"),
        ({"routing": 1}, {}, {}, "routing=1"),
        ({"routing": "simple", "set_identifier": "x"}, {}, {}, "set_identifier='x'"),
        ({"routing": "simple", "health_check_id": "x"}, {}, {}, "health_check_id='x'"),
        ({"log_retention_in_days": 15}, {}, {}, "log_retention_in_days=15"),
        ({"log_retention_in_days": True}, {}, {}, "log_retention_in_days=True"),  # a bool is an int to Python
        ({"access_log": "yes"}, {}, {}, "access_log='yes'"),
        ({"access_log": {"id": 1}}, {}, {}, "access_log="),
        ({"access_log": {"path": "$context.path"}}, {}, {}, "$context.requestId"),
        ({}, {"api_gateway_custom_domain": {**DOMAIN, "url_prefix": "x"}}, {}, "url_prefix='x'"),
        ({}, {"api_gateway_custom_domain": {"domain_name": "x.y"}}, {}, "certificate_arn=None"),
        ({}, {"api_gateway_custom_domain": {**DOMAIN, "certificate_arn": "x"}}, {}, "certificate_arn='x'"),
        (
            {},
            {
                "api_gateway_custom_domain": {
                    **DOMAIN,
                    "certificate_arn": CERTIFICATE.replace(REGION, "us-east-1"),
                }
            },
            {},
            f"must be in {REGION}",
        ),
        ({}, {"api_gateway_custom_domain": {}}, {}, "domain_name=None"),
        ({}, {}, {"api_gateway_endpoint_type": "EDGE"}, "api_gateway_endpoint_type='EDGE'"),
        (
            {},
            {"log_retention_in_days": 7},
            {},
            "log_retention_in_days=7",
        ),  # Chalice's, which misses the group
        ({}, {"minimum_compression_size": 0}, {}, "minimum_compression_size=0"),
        ({}, {"environment_variables": {"REDIRECT_MODE": "x"}}, {}, "REDIRECT_MODE='x'"),
        ({}, {"environment_variables": {"ECR_REGISTRY": "http://x.y"}}, {}, "ECR_REGISTRY='http://x.y'"),
        ({}, {"environment_variables": {"N": 1}}, {}, "environment_variables.N=1"),
        ({}, {}, {"app_name": "a" * 60}, "64 characters"),
    ],
)
def test_what_cannot_be_deployed_is_refused_in_one_line(
    own: Mapping[str, Any], stage: Mapping[str, Any], top: Mapping[str, Any], expected: str
) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        configuration_of(document(own, stage, **top), "production")
    line = str(refused.value)
    assert expected in line
    assert "\n" not in line
    assert ".chalice/config.json" in line


def test_a_stage_without_our_key_was_not_set_up() -> None:
    with pytest.raises(UnknownStage, match="run `python -m infra init`"):
        configuration_of({"stages": {"production": {}}}, "production")
    with pytest.raises(UnknownStage):
        configuration_of(document(), "nowhere")
