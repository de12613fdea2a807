"""A stack: its state, its resources, and the events that tell its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from tests.standins.cloudformation.resource_kind import MadeResource
from tests.standins.cloudformation.template import Template

STACK = "AWS::CloudFormation::Stack"
REVIEW = "REVIEW_IN_PROGRESS"
DELETED = "DELETE_COMPLETE"


def now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass(frozen=True)
class Event:
    identifier: str
    logical_id: str
    physical_id: str
    kind: str
    status: str
    reason: str | None
    time: datetime


@dataclass(frozen=True)
class Version:
    """What a stack is to be: a template and the values for it."""

    template: Template
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass
class DeployedStack:
    name: str
    identifier: str
    region: str
    status: str = REVIEW
    created: datetime = field(default_factory=now)
    #: None until a change set was executed.
    version: Version | None = None
    reason: str | None = None
    role_arn: str | None = None
    protected: bool = False
    #: What exists, by logical id.
    resources: dict[str, MadeResource] = field(default_factory=dict)
    #: The latest event of each logical id, whether or not there is a resource.
    states: dict[str, Event] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    #: Oldest first.
    events: list[Event] = field(default_factory=list)
    #: What is under way: each step is what happens until someone looks again.
    execution: Iterator[object] | None = None
    #: What a rollback that failed was on its way to.
    interrupted_rollback: tuple[Version | None, Mapping[str, MadeResource]] | None = None

    @property
    def in_progress(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != REVIEW

    def enter(self, status: str, reason: str | None = None) -> None:
        """Change the stack's own state, and say so in an event."""
        self.status, self.reason = status, reason
        self._record(self.name, self.identifier, STACK, status, reason)

    def report(self, resource: MadeResource, status: str, reason: str | None = None) -> None:
        """An event of one resource."""
        event = self._record(resource.logical_id, resource.physical_id, resource.kind, status, reason)
        self.states[resource.logical_id] = event

    def _record(self, logical_id: str, physical_id: str, kind: str, status: str, reason: str | None) -> Event:
        event = Event(str(uuid4()), logical_id, physical_id, kind, status, reason, now())
        self.events.append(event)
        return event

    def advance(self) -> None:
        """Time passes for what is under way."""
        ended = object()
        if self.execution is not None and next(self.execution, ended) is ended:
            self.execution = None

    def settle(self) -> None:
        """All the time passes that it takes, unless something waits for ever."""
        for _ in range(10_000):
            if self.execution is None:
                return
            self.advance()


def stack_summary(stack: DeployedStack) -> dict[str, Any]:
    """As DescribeStacks shows it."""
    shown: dict[str, Any] = {
        "StackId": stack.identifier,
        "StackName": stack.name,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "CreationTime": stack.created,
        "EnableTerminationProtection": stack.protected,
        "RoleARN": stack.role_arn,
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in stack.outputs.items()],
    }
    if stack.version is not None:
        declared = stack.version.template.parameters
        shown["Description"] = stack.version.template.document.get("Description")
        shown["Parameters"] = [
            {"ParameterKey": key, "ParameterValue": "****" if declared[key].get("NoEcho") else value}
            for key, value in stack.version.parameters.items()
        ]
        shown["Tags"] = [{"Key": key, "Value": value} for key, value in stack.version.tags.items()]
    return {key: value for key, value in shown.items() if value is not None}
