"""What CloudFormation says about a stack and a change set, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

OWN_TAG = "custom-ecr-domain"
"""The tag of everything that is ours; of a stack its value is the stage."""


class Condition(Enum):
    """What can be done with a stack."""

    #: It can be updated.
    READY = "ready"
    #: It holds nothing but change sets.
    EMPTY = "empty"
    #: It was not made to its end, or its deletion failed: it can only be deleted.
    UNFINISHED = "unfinished"
    #: A rollback failed; a person has to decide.
    STUCK = "stuck"
    #: An operation is running.
    BUSY = "busy"


# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
_CONDITIONS = {
    Condition.READY: ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"),
    Condition.EMPTY: ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE"),
    Condition.UNFINISHED: ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"),
    Condition.STUCK: ("UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED"),
}


@dataclass(frozen=True)
class Stack:
    """A stack that exists."""

    id: str
    name: str
    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    #: The role that CloudFormation keeps for every later operation; empty: none.
    role_arn: str = ""

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Stack:
        """From one entry of DescribeStacks."""

        def pairs(kind: str, key: str, value: str) -> dict[str, str]:
            return {each[key]: each.get(value, "") for each in description.get(kind, [])}

        return cls(
            description["StackId"],
            description["StackName"],
            description["StackStatus"],
            pairs("Parameters", "ParameterKey", "ParameterValue"),
            pairs("Outputs", "OutputKey", "OutputValue"),
            pairs("Tags", "Key", "Value"),
            description.get("RoleARN", ""),
        )

    @property
    def condition(self) -> Condition:
        found = (condition for condition, statuses in _CONDITIONS.items() if self.status in statuses)
        return next(found, Condition.BUSY)


@dataclass(frozen=True)
class StackRequest:
    """A stack as it should be."""

    name: str
    #: None keeps the deployed template, and the value of each parameter that is not named.
    template: Mapping[str, Any] | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class ChangeSet:
    """A change set that CloudFormation made, and can execute."""

    id: str
    stack_id: str
    #: Whether its execution makes the stack.
    creates: bool
    #: One line for each resource that it changes.
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Drift:
    """What was changed in a stack's resources without CloudFormation."""

    #: One line for each such resource.
    lines: tuple[str, ...]
    #: Why CloudFormation could not look at all of them; empty: it looked at all.
    fault: str = ""


def change_line(change: Mapping[str, Any]) -> str:
    """One line for the ResourceChange of an entry of DescribeChangeSet."""
    targets = [detail.get("Target", {}) for detail in change.get("Details", [])]
    parts = {str(target.get("Name") or target.get("Attribute", "")) for target in targets} - {""}
    parts_text = f" ({', '.join(sorted(parts))})" if parts else ""
    replaced = {"True": ", replaced", "Conditional": ", perhaps replaced"}.get(
        change.get("Replacement", ""), ""
    )
    return (
        f"{change['Action']:<6} {change['LogicalResourceId']} {change['ResourceType']}{parts_text}{replaced}"
    )


def drift_line(drift: Mapping[str, Any]) -> str:
    """One line for an entry of DescribeStackResourceDrifts."""
    paths = ", ".join(each["PropertyPath"] for each in drift.get("PropertyDifferences", []))
    return f"{drift['LogicalResourceId']} {drift['StackResourceDriftStatus']} {paths}".strip()
