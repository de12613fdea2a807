"""What an administrator gives a deployer: enough, and no way to more (tests/deploy runs under it)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.commands.init import BOUNDARY_NAME
from infra.errors import DEPLOYER_TEMPLATE
from tests.standins.project import ROOT

PATH = ROOT / DEPLOYER_TEMPLATE
DOCUMENT: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
RESOURCES: dict[str, Any] = DOCUMENT["Resources"]
POLICIES = ("CommandsPolicy", "ServicePolicy", "EdgePolicy")


def statements(*names: str) -> Iterator[dict[str, Any]]:
    """Those that are there with and without the role for CloudFormation."""
    for name in names:
        for statement in RESOURCES[name]["Properties"]["PolicyDocument"]["Statement"]:
            if "Fn::If" not in statement:
                yield statement


def condition(statement: dict[str, Any], with_role: bool) -> dict[str, Any]:
    found = statement.get("Condition", {})
    chosen: dict[str, Any] = found["Fn::If"][1 if with_role else 2] if "Fn::If" in found else found
    return {} if chosen == {"Ref": "AWS::NoValue"} else chosen


def actions(statement: dict[str, Any]) -> list[str]:
    found = statement["Action"]
    return [found] if isinstance(found, str) else found


def test_the_boundary_is_to_write_logs_and_nothing_else() -> None:
    (statement,) = statements("Boundary")
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert RESOURCES["Boundary"]["Properties"]["ManagedPolicyName"] == BOUNDARY_NAME


def test_no_action_is_a_wildcard_and_none_changes_a_policy_or_a_user() -> None:
    for statement in statements(*POLICIES):
        for action in actions(statement):
            assert "*" not in action
            service, _, name = action.partition(":")
            if service == "iam":
                assert name.endswith(("Role", "RolePolicy", "RolePolicies", "GetPolicy")), action
    changing = {action for statement in statements(*POLICIES) for action in actions(statement)}
    assert not changing & {
        "iam:AttachRolePolicy",
        "iam:DeleteRolePermissionsBoundary",
        "iam:PutRolePermissionsBoundary",
        "iam:UpdateAssumeRolePolicy",
    }


@pytest.mark.parametrize("with_role", [False, True])
@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy"])
def test_a_role_gets_rights_under_the_boundary_alone(action: str, with_role: bool) -> None:
    granting = [each for each in statements(*POLICIES) if action in actions(each)]
    assert granting
    for statement in granting:
        boundary = condition(statement, with_role)["StringEquals"]["iam:PermissionsBoundary"]
        assert boundary == {"Ref": "Boundary"}


@pytest.mark.parametrize("with_role", [False, True])
def test_a_role_is_passed_to_lambda_alone(with_role: bool) -> None:
    granting = [each for each in statements(*POLICIES) if "iam:PassRole" in actions(each)]
    assert granting
    for statement in granting:
        passed = condition(statement, with_role)["StringEquals"]["iam:PassedToService"]
        assert passed == "lambda.amazonaws.com"
        assert statement["Resource"]["Fn::Sub"].endswith(":role/custom-ecr-domain-*")


def test_the_role_for_cloudformation_is_passed_to_cloudformation_alone() -> None:
    (chosen,) = (
        each["Fn::If"]
        for each in RESOURCES["CommandsPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        if "Fn::If" in each
    )
    assert chosen[0] == "WithServiceRole"
    assert chosen[1]["Condition"]["StringEquals"]["iam:PassedToService"] == "cloudformation.amazonaws.com"
    # Its name is not one that the deployer may change or pass elsewhere.
    name = RESOURCES["CloudFormationRole"]["Properties"]["RoleName"]
    assert not name.startswith("custom-ecr-domain-")


def test_without_the_role_resources_change_through_cloudformation_alone() -> None:
    for statement in statements("ServicePolicy", "EdgePolicy"):
        via = condition(statement, with_role=False)["ForAnyValue:StringEquals"]["aws:CalledVia"]
        assert via == ["cloudformation.amazonaws.com"], statement["Sid"]
        assert "ForAnyValue:StringEquals" not in condition(statement, with_role=True)


@pytest.mark.parametrize("name", POLICIES)
def test_each_policy_fits_into_a_managed_policy(name: str) -> None:
    """6,144 characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    resolved = [{**each, "Condition": condition(each, with_role=False)} for each in statements(name)]
    text = json.dumps(resolved, separators=(",", ":"))
    text = text.replace("${AWS::AccountId}", "1" * 12).replace("${HostedZoneId}", "Z" * 32)
    assert len(text) < 6_144


def test_the_administrator_names_one_hosted_zone() -> None:
    zone = DOCUMENT["Parameters"]["HostedZoneId"]
    assert "Default" not in zone
    assert re.fullmatch(zone["AllowedPattern"], "Z0123456789ABC")
    assert not re.fullmatch(zone["AllowedPattern"], "*")
