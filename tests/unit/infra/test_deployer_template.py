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
POLICIES = ("CommandsPolicy", "ReadPolicy", "ServicePolicy", "EdgePolicy")


def chosen(value: dict[str, Any], with_role: bool) -> dict[str, Any]:
    """What is there with the role for CloudFormation, or without it; empty where nothing is."""
    found: dict[str, Any] = value["Fn::If"][1 if with_role else 2] if "Fn::If" in value else value
    return {} if found == {"Ref": "AWS::NoValue"} else found


def all_statements(name: str, with_role: bool) -> list[dict[str, Any]]:
    found = RESOURCES[name]["Properties"]["PolicyDocument"]["Statement"]
    return [each for each in (chosen(statement, with_role) for statement in found) if each]


def statements(*names: str) -> Iterator[dict[str, Any]]:
    """Those that are there with and without the role for CloudFormation."""
    for name in names:
        yield from (each for each in all_statements(name, True) if each in all_statements(name, False))


def condition(statement: dict[str, Any], with_role: bool) -> dict[str, Any]:
    return chosen(statement.get("Condition", {}), with_role)


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
    with_role, without = (all_statements("CommandsPolicy", each) for each in (True, False))
    (passing,) = (each for each in with_role if each not in without)
    assert passing["Action"] == "iam:PassRole"
    assert passing["Condition"]["StringEquals"]["iam:PassedToService"] == "cloudformation.amazonaws.com"
    # Its name is not one that the deployer may change or pass elsewhere.
    name = RESOURCES["CloudFormationRole"]["Properties"]["RoleName"]
    assert not name.startswith("custom-ecr-domain-")


def test_without_the_role_resources_change_through_cloudformation_alone() -> None:
    for statement in statements("ReadPolicy", "ServicePolicy", "EdgePolicy"):
        via = condition(statement, with_role=False)["ForAnyValue:StringEquals"]["aws:CalledVia"]
        assert via == ["cloudformation.amazonaws.com"], statement["Sid"]
        assert "ForAnyValue:StringEquals" not in condition(statement, with_role=True)


@pytest.mark.parametrize("with_role", [False, True])
def test_whoever_cloudformation_acts_for_may_expand_the_template(with_role: bool) -> None:
    """By one and the same statement."""
    (callers,) = (each for each in statements("CommandsPolicy") if each["Sid"] == "ExpandTheTemplate")
    ours = [each for each in all_statements("ServicePolicy", with_role) if each["Sid"] == callers["Sid"]]
    assert ours == ([callers] if with_role else [])


@pytest.mark.parametrize("with_role", [False, True])
@pytest.mark.parametrize("name", POLICIES)
def test_each_policy_fits_into_a_managed_policy(name: str, with_role: bool) -> None:
    """6,144 characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    found = all_statements(name, with_role)
    resolved = [{**each, "Condition": condition(each, with_role)} for each in found]
    text = json.dumps(resolved, separators=(",", ":"))
    text = text.replace("${AWS::AccountId}", "1" * 12).replace("${HostedZoneId}", "Z" * 32)
    assert len(text) < 6_144


def test_the_administrator_names_one_hosted_zone() -> None:
    zone = DOCUMENT["Parameters"]["HostedZoneId"]
    assert "Default" not in zone
    assert re.fullmatch(zone["AllowedPattern"], "Z0123456789ABC")
    assert not re.fullmatch(zone["AllowedPattern"], "*")
