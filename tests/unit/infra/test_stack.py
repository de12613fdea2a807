"""Stacks, change sets and drift as CloudFormation describes them."""

from __future__ import annotations

from typing import Any

import pytest

from infra.stack import Condition, Stack, change_line, drift_line


@pytest.mark.parametrize(
    ("status", "condition"),
    [
        ("CREATE_COMPLETE", Condition.READY),
        ("UPDATE_ROLLBACK_COMPLETE", Condition.READY),
        ("REVIEW_IN_PROGRESS", Condition.EMPTY),
        ("DELETE_COMPLETE", Condition.EMPTY),
        ("ROLLBACK_COMPLETE", Condition.UNFINISHED),
        ("ROLLBACK_FAILED", Condition.UNFINISHED),
        ("DELETE_FAILED", Condition.UNFINISHED),
        ("UPDATE_ROLLBACK_FAILED", Condition.STUCK),
        ("CREATE_IN_PROGRESS", Condition.BUSY),
        # A status that AWS adds later is not touched.
        ("SOMETHING_NEW", Condition.BUSY),
    ],
)
def test_what_can_be_done_with_a_stack(status: str, condition: Condition) -> None:
    assert Stack("id", "name", status).condition is condition


def test_a_stack_is_read_from_its_description() -> None:
    stack = Stack.of(
        {
            "StackId": "id",
            "StackName": "name",
            "StackStatus": "CREATE_COMPLETE",
            "Parameters": [{"ParameterKey": "DomainName", "ParameterValue": "ecr.example.com"}],
            "Outputs": [{"OutputKey": "ApiTarget", "OutputValue": "d-1"}],
            "Tags": [{"Key": "custom-ecr-domain", "Value": "production"}],
        }
    )
    assert (stack.parameters, stack.outputs) == ({"DomainName": "ecr.example.com"}, {"ApiTarget": "d-1"})
    assert stack.tags == {"custom-ecr-domain": "production"}
    assert Stack.of({"StackId": "i", "StackName": "n", "StackStatus": "CREATE_COMPLETE"}).outputs == {}


def change(action: str, replacement: str = "", *targets: dict[str, str]) -> dict[str, Any]:
    details = [{"Target": target} for target in targets]
    return {"Action": action, "Replacement": replacement, "Details": details}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"Action": "Add"}, "Add    Logs AWS::Logs::LogGroup"),
        (
            change("Modify", "True", {"Name": "LogGroupName"}, {"Name": "LogGroupName"}),
            "Modify Logs AWS::Logs::LogGroup (LogGroupName), replaced",
        ),
        (
            change("Modify", "Conditional", {"Attribute": "Tags"}),
            "Modify Logs AWS::Logs::LogGroup (Tags), perhaps replaced",
        ),
        (change("Remove", "False"), "Remove Logs AWS::Logs::LogGroup"),
    ],
)
def test_a_change_is_one_line(given: dict[str, Any], line: str) -> None:
    assert change_line({"LogicalResourceId": "Logs", "ResourceType": "AWS::Logs::LogGroup", **given}) == line


def test_a_drift_is_one_line() -> None:
    drift = {"LogicalResourceId": "Logs", "StackResourceDriftStatus": "DELETED"}
    assert drift_line(drift) == "Logs DELETED"
    assert drift_line({**drift, "PropertyDifferences": [{"PropertyPath": "/A"}]}) == "Logs DELETED /A"
