"""What the stand-in for CloudFormation does not do: begin late, and validate a change set by itself."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_cloudformation import CloudFormationClient

from infra.clock import Clock
from infra.errors import StackFailed
from infra.stack import ChangeSet, StackRequest
from infra.stacks import Stacks
from infra.terminal import Terminal

NAME = "custom-ecr-domain-production"
STACK = f"arn:aws:cloudformation:us-west-2:123456789012:stack/{NAME}/1"
CHANGE_SET = "arn:aws:cloudformation:us-west-2:123456789012:changeSet/ecr-domain-1/2"
VALIDATION = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To "
    "troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information"
)
FOUND = {
    "LogicalResourceId": "APIHandlerLogs",
    "ValidationName": "RESOURCE_EXISTENCE_CHECK",
    "ValidationStatusReason": "Resource of type 'AWS::Logs::LogGroup'\nwith identifier 'x' already exists",
}


def event(number: int, status: str) -> dict[str, Any]:
    """One of the stack's own."""
    return {
        "EventId": str(number),
        "StackId": STACK,
        "PhysicalResourceId": STACK,
        "LogicalResourceId": NAME,
        "ResourceType": "AWS::CloudFormation::Stack",
        "ResourceStatus": status,
    }


@dataclass
class FakeCloudFormation:
    """One stack. `status` is that of the next look; `looked` happens after each."""

    status: str
    events: list[dict[str, Any]] = field(default_factory=list)
    looked: Callable[[], None] = field(default=lambda: None)
    #: What DescribeEvents gives; None: the caller has no right to it.
    validation: list[dict[str, Any]] | None = None
    called: list[str] = field(default_factory=list)

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803 (boto3's names)
        status = self.status
        self.looked()
        return {"Stacks": [{"StackId": STACK, "StackName": NAME, "StackStatus": status}]}

    def describe_stack_events(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"StackEvents": self.events[::-1]}

    def get_paginator(self, _: str) -> FakeCloudFormation:
        return self

    def paginate(self, StackName: str) -> list[dict[str, Any]]:  # noqa: N803
        return [self.describe_stack_events(StackName)]

    def create_change_set(self, **_: object) -> dict[str, Any]:
        return {"Id": CHANGE_SET, "StackId": STACK}

    def describe_change_set(self, **_: object) -> dict[str, Any]:
        return {"Status": "FAILED", "StatusReason": VALIDATION, "Changes": []}

    def describe_events(self, **given: object) -> dict[str, Any]:
        assert given == {
            "StackName": STACK,
            "ChangeSetName": CHANGE_SET,
            "Filters": {"FailedEvents": True},
        }
        # The events go with the change set.
        assert "delete_change_set" not in self.called
        if self.validation is None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeEvents")
        return {"OperationEvents": self.validation}

    def execute_change_set(self, **_: object) -> None:
        self.called.append("execute_change_set")

    def delete_change_set(self, **_: object) -> None:
        self.called.append("delete_change_set")

    def delete_stack(self, **_: object) -> None:
        self.called.append("delete_stack")
        self.status = "DELETE_IN_PROGRESS"


def stacks(aws: FakeCloudFormation, slept: Callable[[], None] = lambda: None) -> tuple[Stacks, io.StringIO]:
    """And its standard error. The clock stands still."""
    out = io.StringIO()
    client = cast(CloudFormationClient, aws)
    clock = Clock(now=lambda: 0.0, sleep=lambda _: slept())
    return Stacks(client, "us-west-2", Terminal(out, out, None), clock, "", lambda _: nullcontext("")), out


@pytest.mark.parametrize("before", ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_status_from_before_the_operation_does_not_end_it(before: str) -> None:
    """CloudFormation may begin between the look at the status and that at the events."""
    aws = FakeCloudFormation(before, [event(1, before)])

    def begin() -> None:
        aws.looked = lambda: None
        aws.status = "UPDATE_IN_PROGRESS"
        aws.events.append(event(2, aws.status))

    def finish() -> None:
        aws.status = "UPDATE_COMPLETE"
        slept.append(aws.status)

    slept: list[str] = []
    aws.looked = begin
    client, out = stacks(aws, finish)
    client.execute(ChangeSet(CHANGE_SET, STACK, False, ()), "the service stack")
    assert slept
    assert "the service stack: done" in out.getvalue()


@pytest.mark.parametrize(
    ("validation", "shown"),
    [
        (
            [FOUND],
            "APIHandlerLogs Resource of type 'AWS::Logs::LogGroup' with identifier 'x' already exists; rem",
        ),
        ([{**FOUND, "ValidationStatusReason": ""}], VALIDATION),
        (None, VALIDATION),
    ],
)
def test_what_the_validation_of_a_change_set_found_is_said(
    validation: list[dict[str, Any]] | None, shown: str
) -> None:
    aws = FakeCloudFormation("UPDATE_COMPLETE", validation=validation)
    with pytest.raises(StackFailed) as refused:
        stacks(aws)[0].propose(StackRequest(NAME, {}, {}, {}))
    assert f"CloudFormation refuses the change of the stack {NAME}: {shown}" in str(refused.value)
    assert aws.called == ["delete_change_set"]


def test_an_empty_stack_that_is_discarded_is_gone_before_the_next_step() -> None:
    aws = FakeCloudFormation("REVIEW_IN_PROGRESS")

    def pass_time() -> None:
        slept.append(aws.status)
        if len(slept) == 3:
            aws.status = "DELETE_COMPLETE"

    slept: list[str] = []
    stacks(aws, pass_time)[0].discard(ChangeSet(CHANGE_SET, STACK, True, ()))
    assert slept == ["DELETE_IN_PROGRESS"] * 3
