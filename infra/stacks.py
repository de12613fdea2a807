"""CloudFormation in one region: change sets, their execution with its progress, deletion, drift."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.aws import refusals
from infra.clock import Clock
from infra.errors import PROGRAM, AwsRefused, StackFailed, StillWaiting
from infra.progress import Event, Progress, with_remedy
from infra.stack import ChangeSet, Condition, Drift, Stack, StackRequest, change_line, drift_line
from infra.terminal import Terminal

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
MAX_TEMPLATE_BYTES = 51_200
INTERVAL = 5.0
PATIENCE = 3600.0
_SHORT_PATIENCE = 300.0
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
SAFE = "what is done stays done, and the same command goes on from there"
_SUCCESSES = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_OUTCOMES = {
    "UPDATE_ROLLBACK_COMPLETE": "CloudFormation rolled back: what stood before stands",
    "ROLLBACK_COMPLETE": "CloudFormation took away again what it had made",
}


@dataclass(frozen=True)
class Stacks:
    """The stacks of one region. Every method raises AwsRefused and AwsUnreachable.

    Every call about a change set names the stack too. IAM policies name stacks, and whether AWS takes a
    change set alone for its stack is not known.
    """

    client: CloudFormationClient
    region: str
    terminal: Terminal
    clock: Clock
    #: The role that CloudFormation acts with; empty: it has the rights of whoever calls.
    service_role_arn: str
    #: Puts a template that is too large for a call where CloudFormation can read it, gives its URL, and takes
    #: it away again.
    place: Callable[[str], AbstractContextManager[str]]

    def find(self, name: str) -> Stack | None:
        """A stack by its name or ID; by its ID a deleted one too. None where there is none."""
        try:
            with refusals():
                return Stack.of(self.client.describe_stacks(StackName=name)["Stacks"][0])
        except AwsRefused as error:
            if error.code == "ValidationError" and "does not exist" in error.message:
                return None
            raise

    def resources(self, stack: Stack) -> tuple[str, ...]:
        """The logical IDs of what a stack holds."""
        with refusals():
            pages = self.client.get_paginator("list_stack_resources").paginate(StackName=stack.id)
            found = [each for page in pages for each in page["StackResourceSummaries"]]
        return tuple(
            each["LogicalResourceId"] for each in found if each["ResourceStatus"] != "DELETE_COMPLETE"
        )

    def propose(self, request: StackRequest) -> ChangeSet | None:
        """A change set for the request; None where nothing would change. Raises StackFailed where
        CloudFormation refuses the template or a parameter."""
        stack = self.find(request.name)
        creates = stack is None or stack.condition is Condition.EMPTY
        arguments = self._arguments(request, stack, "CREATE" if creates else "UPDATE")
        with self._template(request) as template:
            with refusals():
                made = self.client.create_change_set(**arguments, **template)
            found = self._await_change_set(made["StackId"], made["Id"], request.name)
        changes = [each["ResourceChange"] for each in found["Changes"] if each.get("Type") == "Resource"]
        change_set = ChangeSet(made["Id"], made["StackId"], creates, tuple(map(change_line, changes)))
        if found["Status"] != "FAILED":
            return change_set
        reason = self._why_failed(change_set, found.get("StatusReason", ""))
        self.discard(change_set)
        if any(text in reason for text in _NO_CHANGES):
            return None
        refused = f"CloudFormation refuses the change of the stack {request.name}"
        raise StackFailed(f"{refused}: {with_remedy(reason)}, then run the command again")

    def discard(self, change_set: ChangeSet) -> None:
        """Delete a change set, and the stack too where that holds nothing else. Raises StillWaiting."""
        with refusals():
            self.client.delete_change_set(StackName=change_set.stack_id, ChangeSetName=change_set.id)
            if not change_set.creates:
                return
            self.client.delete_stack(StackName=change_set.stack_id, **self._role())

        def gone() -> bool:
            stack = self.find(change_set.stack_id)
            return stack is None or stack.status not in ("REVIEW_IN_PROGRESS", "DELETE_IN_PROGRESS")

        # Until then, CloudFormation makes no other change set under the name.
        self._poll(gone, "the deletion of an empty stack")

    def execute(self, change_set: ChangeSet, what: str) -> None:
        """Execute a change set and show its progress; `what` names the stack to people. Raises StackFailed
        where CloudFormation rolled back, and StillWaiting."""
        since = self._last_event(change_set.stack_id)
        with refusals():
            self.client.execute_change_set(StackName=change_set.stack_id, ChangeSetName=change_set.id)
        self._follow(change_set.stack_id, what, since)

    def wait(self, stack: Stack, what: str) -> None:
        """Wait for the end, whichever it is, of what is running on a stack. Raises StillWaiting."""
        try:
            self._follow(stack.id, what, since="")
        except StackFailed as error:
            self.terminal.progress(f"  {error}")

    def delete(self, stack: Stack, what: str) -> None:
        """Delete a stack and all that it holds. Raises StackFailed and StillWaiting."""
        since = self._last_event(stack.id)
        with refusals():
            self.client.delete_stack(StackName=stack.id, **self._role())
        self._follow(stack.id, what, since)

    def drift(self, stack: Stack) -> Drift:
        """What CloudFormation finds when it looks at the resources now. Raises StillWaiting."""
        with refusals():
            detection = self.client.detect_stack_drift(StackName=stack.id)["StackDriftDetectionId"]
        looked: dict[str, Any] = {}

        def detected() -> bool:
            with refusals():
                looked.update(
                    self.client.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
                )
            return bool(looked["DetectionStatus"] != "DETECTION_IN_PROGRESS")

        self._poll(detected, f"the drift of the stack {stack.name}")
        fault = ""
        # What is found of the other resources is there all the same.
        if looked["DetectionStatus"] == "DETECTION_FAILED":
            fault = " ".join(looked.get("DetectionStatusReason", "no reason is given").split())
        with refusals():
            found = self.client.describe_stack_resource_drifts(
                StackName=stack.id, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
            )
        return Drift(tuple(map(drift_line, found["StackResourceDrifts"])), fault)

    def _arguments(self, request: StackRequest, stack: Stack | None, kind: str) -> dict[str, Any]:
        parameters: list[dict[str, Any]] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in request.parameters.items()
        ]
        if request.template is None:
            kept = set(stack.parameters if stack else ()) - set(request.parameters)
            parameters += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)]
        return {
            "StackName": request.name,
            "ChangeSetName": f"ecr-domain-{uuid.uuid4().hex[:12]}",
            "ChangeSetType": kind,
            "Parameters": parameters,
            "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Tags": [{"Key": key, "Value": value} for key, value in request.tags.items()],
            **self._role(),
        }

    @contextmanager
    def _template(self, request: StackRequest) -> Iterator[dict[str, Any]]:
        """The argument that says what the template is. CloudFormation keeps what a change set was made of."""
        if request.template is None:
            yield {"UsePreviousTemplate": True}
            return
        body = json.dumps(request.template, separators=(",", ":"))
        if len(body.encode()) <= MAX_TEMPLATE_BYTES:
            yield {"TemplateBody": body}
        else:
            with self.place(body) as url:
                yield {"TemplateURL": url}

    def _role(self) -> dict[str, Any]:
        return {"RoleARN": self.service_role_arn} if self.service_role_arn else {}

    def _await_change_set(self, stack_id: str, change_set: str, name: str) -> dict[str, Any]:
        """DescribeChangeSet of a change set that is complete or failed, with all its changes."""
        found: dict[str, Any] = {}
        describe = self.client.describe_change_set

        def made() -> bool:
            with refusals():
                found.update(describe(StackName=stack_id, ChangeSetName=change_set))
            return found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS")

        self._poll(made, f"the change set of the stack {name}")
        while token := found.pop("NextToken", None):
            with refusals():
                page = describe(StackName=stack_id, ChangeSetName=change_set, NextToken=token)
            found = {**page, "Changes": [*found["Changes"], *page["Changes"]]}
        return found

    def _why_failed(self, change_set: ChangeSet, reason: str) -> str:
        """The reason of a change set that failed, in one line. What CloudFormation's validation before a
        deployment found is in events alone:
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html"""
        reason = " ".join(reason.split())
        if "EarlyValidation" not in reason:
            return reason
        try:
            with refusals():
                found = self.client.describe_events(
                    StackName=change_set.stack_id, ChangeSetName=change_set.id, Filters={"FailedEvents": True}
                )["OperationEvents"]
        except AwsRefused:
            return reason
        invalid = [each for each in found if each.get("ValidationStatusReason")]
        causes = [f"{each.get('LogicalResourceId', '')} {each['ValidationStatusReason']}" for each in invalid]
        return " ".join("; ".join(causes).split()) or reason

    def _follow(self, stack_id: str, what: str, since: str) -> None:
        progress, start = Progress(), self.clock.now()
        while True:
            # Without an event before it, the status may still be the one from before the operation.
            begun = progress.begun
            stack = self.find(stack_id)
            events = self._events(stack_id, since)
            since = events[-1]["EventId"] if events else since
            progress.add(events)
            status = "DELETE_COMPLETE" if stack is None else stack.status
            if status == "DELETE_COMPLETE" or (begun and status in _SUCCESSES):
                self.terminal.progress(f"  {what}: done, {progress.done} resources")
                return
            if begun and stack and stack.condition not in (Condition.BUSY, Condition.EMPTY):
                outcome = _OUTCOMES.get(status, f"the stack is {status}")
                raise StackFailed(
                    f"{what} failed at {progress.failure}, then run the command again ({outcome})"
                )
            waited = self.clock.now() - start
            if waited > PATIENCE:
                raise StillWaiting(
                    f"{what} still waits for {progress.waiting_for} after {waited / 60:.0f} minutes; run the "
                    f"command again to wait on, or `{PROGRAM} down` to take everything away"
                )
            limit = f"at most {PATIENCE / 60:.0f} minutes"
            detail = f"{progress.done} resources done in {waited:.0f} s, {limit}; Ctrl-C is safe: {SAFE}"
            self.terminal.status(f"{what}: waiting for {progress.waiting_for}", detail)
            self.clock.sleep(INTERVAL)

    def _last_event(self, stack_id: str) -> str:
        with refusals():
            events = self.client.describe_stack_events(StackName=stack_id)["StackEvents"]
        return events[0]["EventId"] if events else ""

    def _events(self, stack_id: str, since: str) -> list[Event]:
        """Those after the event `since`, the earliest first."""
        found: list[Event] = []
        with refusals():
            for page in self.client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
                for event in page["StackEvents"]:
                    if event["EventId"] == since:
                        return found[::-1]
                    found.append(event)
        return found[::-1]

    def _poll(self, ended: Callable[[], bool], what: str) -> None:
        start, interval = self.clock.now(), 0.5
        while not ended():
            if self.clock.now() - start > _SHORT_PATIENCE:
                raise StillWaiting(
                    f"{what} was not ready after {_SHORT_PATIENCE:.0f} s; run the command again"
                )
            self.clock.sleep(interval)
            interval = min(interval * 1.5, INTERVAL)
