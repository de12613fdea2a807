"""The settings of a deployment: what is accepted, what is refused and in which words, what the stacks get."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from infra.errors import InvalidConfiguration
from infra.service_template import ACCESS_LOG_FORMAT, service_parameters
from infra.settings import SETTINGS, DeploymentSettings, flag_of, settings_of

NEEDED = {"domain": "ecr.example.com", "region": "us-west-2", "hosted_zone_id": "Z0123456789ABC"}
ARN = "arn:aws:acm:us-west-2:123456789012:certificate/11111111-2222-3333-4444-555555555555"
REGISTRY = "222222222222.dkr.ecr.us-west-2.amazonaws.com"
WHERE = "stage 'production' in .chalice/config.json"


def settings(**values: Any) -> DeploymentSettings:  # noqa: ANN401 - also of the wrong type
    return settings_of({**NEEDED, **values}, {}, WHERE)


def test_three_values_are_enough_and_the_edge_is_on() -> None:
    assert settings().has_edge
    assert settings().mode == "edge"
    (registry,) = settings().registries_in("aws", "123456789012").all()
    assert registry.authority == "123456789012.dkr.ecr.us-west-2.amazonaws.com"


@pytest.mark.parametrize(
    ("values", "mode"),
    [
        ({"edge": "off"}, "relay"),
        ({"edge": "off", "redirect_mode": "plain"}, "plain"),
        ({"redirect_mode": "edge"}, "edge"),
    ],
)
def test_the_edge_decides_the_mode(values: dict[str, str], mode: str) -> None:
    assert settings(**values).mode == mode


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"domain": ""},
            "custom_ecr_domain.domain='' (stage 'production' in .chalice/config.json): is required",
        ),
        ({"domain": "ECR.example.com"}, "custom_ecr_domain.domain='ECR.example.com'"),
        ({"domain": "ecr"}, "such as ecr.example.com"),
        ({"domain": "ecr..com"}, "such as ecr.example.com"),
        ({"domain": "10.0.0.1"}, "such as ecr.example.com"),
        ({"domain": "https://ecr.example.com"}, "such as ecr.example.com"),
        ({"domain": 7}, "expected a text"),
        ({"region": "mars"}, "such as us-west-2"),
        ({"hosted_zone_id": "/hostedzone/Z1"}, "hosted zone"),
        ({"certificate_arn": "arn:aws:iam::123456789012:role/x"}, "the ARN of a certificate of ACM"),
        ({"certificate_arn": ARN.replace("us-west-2", "us-east-1")}, "the certificate must be in us-west-2"),
        ({"edge_certificate_arn": ARN}, "the certificate must be in us-east-1"),
        ({"edge": "yes"}, "expected one of on, off"),
        ({"redirect_mode": "auto"}, "environment_variables.REDIRECT_MODE='auto'"),
        ({"redirect_mode": "plain"}, "edge is on; remove REDIRECT_MODE, or set edge to off"),
        ({"edge": "off", "redirect_mode": "edge"}, "edge is off; remove REDIRECT_MODE, or set edge to on"),
        ({"health_check_id": "abc"}, "which need custom_ecr_domain.edge off"),
        ({"log_retention_in_days": 2}, "expected one of 0, 1, 3"),
        ({"log_retention_in_days": "14"}, "expected a number"),
        ({"log_retention_in_days": True}, "expected a number"),
        ({"access_log": "$context.path"}, "$context.requestId"),
        ({"access_log": "$context.requestId\n"}, "$context.requestId"),
        ({"notify": "somebody"}, "a mail address"),
        ({"dashboard": "maybe"}, "expected one of on, off"),
        ({"function_name": "x" * 55}, "custom_ecr_domain.function_name"),
        ({"permissions_boundary_arn": "boundary"}, "custom_ecr_domain.permissions_boundary_arn"),
        ({"service_role_arn": "role"}, "custom_ecr_domain.service_role_arn"),
        ({"registry": "ftp://x"}, "environment_variables.ECR_REGISTRY='ftp://x'"),
        ({"registry": "ecr.example.com"}, "is the domain itself"),
        ({"registries": "[]"}, "environment_variables.ECR_REGISTRIES='[]'"),
        ({"registries": '{"a/": "ecr.example.com"}', "registry": "x.example.com"}, "is the domain itself"),
        ({"registries": json.dumps({"a/": REGISTRY.replace("us-west-2", "eu-west-1")})}, "eu-west-1"),
    ],
)
def test_what_is_refused_is_refused_in_one_line(values: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        settings(**values)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert WHERE in str(refused.value)


@pytest.mark.parametrize(
    ("region", "suffix", "partition"),
    [
        ("cn-north-1", "amazonaws.com.cn", "aws-cn"),
        ("us-gov-west-1", "amazonaws.com", "aws-us-gov"),
        ("eusc-de-east-1", "amazonaws.eu", "aws-eusc"),
        ("us-iso-east-1", "c2s.ic.gov", "aws-iso"),
        ("us-isob-east-1", "sc2s.sgov.gov", "aws-iso-b"),
        # Newer than the list.
        ("xx-new-1", "amazonaws.com", "aws"),
    ],
)
def test_a_registry_of_the_accounts_own_partition_fits_the_map(
    region: str, suffix: str, partition: str
) -> None:
    registries = json.dumps({"a/": f"222222222222.dkr.ecr.{region}.{suffix}"})
    found = settings(region=region, edge="off", registries=registries)
    assert len(found.registries_in(partition, "1" * 12).all()) == 2


def test_a_credential_in_a_value_is_not_repeated() -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        settings(registry="https://AWS:secret@registry.example.com")
    assert "secret" not in str(refused.value)


def test_the_flag_is_named_where_the_value_came_from_one() -> None:
    with pytest.raises(InvalidConfiguration, match=r"edge='yes' \(--edge\)"):
        settings_of({**NEEDED, "edge": "yes"}, {"edge": flag_of("edge")}, WHERE)


def test_the_parameters_are_the_settings() -> None:
    given = settings(edge="off", access_log="on", log_retention_in_days=30, notify="a@b.example")
    parameters = service_parameters(given, "d1.cloudfront.net", "Z2")
    assert parameters["DomainName"] == "ecr.example.com"
    assert parameters["RedirectMode"] == "relay"
    assert parameters["LogRetentionInDays"] == "30"
    assert parameters["NotificationAddress"] == "a@b.example"
    assert parameters["AccessLogFormat"] == ACCESS_LOG_FORMAT
    assert parameters["AliasTargetDomainName"] == "d1.cloudfront.net"
    assert service_parameters(settings(), "", "")["AccessLogFormat"] == ""


def test_the_access_log_holds_neither_query_nor_header() -> None:
    assert "$context.requestId" in ACCESS_LOG_FORMAT
    for hidden in ("queryString", "header", "authorizer", "Location", "error.message"):
        assert hidden.lower() not in ACCESS_LOG_FORMAT.lower()


def test_every_setting_says_what_it_is() -> None:
    assert [each.name for each in fields(DeploymentSettings)] == list(SETTINGS)
    for name, setting in SETTINGS.items():
        assert setting.help[:1].isupper(), name
        assert len(setting.help) < 110, name


@pytest.mark.parametrize(
    ("name", "metavar"),
    [
        ("edge", "{on,off}"),
        ("redirect_mode", "{edge,relay,plain}"),
        ("log_retention_in_days", "DAYS"),
        ("domain", "VALUE"),
    ],
)
def test_the_help_shows_the_values_that_are_accepted(name: str, metavar: str) -> None:
    assert SETTINGS[name].metavar == metavar
