"""CloudFormation's operations on stacks and change sets, as mappings in and out.

Looking at a stack lets time pass for it: `pace` steps for each look. Nothing waits by the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.standins.cloudformation.change_set import ProposedChangeSet, changes_between
from tests.standins.cloudformation.errors import CloudFormationError, NotImitated, ResourceFailed
from tests.standins.cloudformation.execution import Execution
from tests.standins.cloudformation.operation import Faults
from tests.standins.cloudformation.resource_kind import (
    Caller,
    Inventory,
    MadeResource,
    Placement,
    Surroundings,
)
from tests.standins.cloudformation.stack import DELETED, REVIEW, DeployedStack, now
from tests.standins.cloudformation.submission import submitted

_UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
    | {"IMPORT_ROLLBACK_COMPLETE"}
)


@dataclass
class CloudFormation:
    """All stacks of an account. `role_caller` is who acts where a stack has a service role."""

    account: str
    surroundings: Surroundings
    role_caller: Caller
    partition: str = "aws"
    pace: int = 1
    inventory: Inventory = field(default_factory=Inventory)
    faults: Faults = field(default_factory=Faults)
    #: In the order of their making, those that were deleted included.
    stacks: list[DeployedStack] = field(default_factory=list)
    change_sets: dict[str, list[ProposedChangeSet]] = field(default_factory=dict)
    """By the stack's identifier."""
    detections: dict[str, DeployedStack] = field(default_factory=dict)

    def stack(self, region: str, name: str) -> DeployedStack:
        """By name, or by identifier, which finds a deleted one too. Raises CloudFormationError."""
        for each in reversed(self.stacks):
            if each.region == region and (
                each.identifier == name or (each.name == name and each.status != DELETED)
            ):
                return each
        raise CloudFormationError(f"Stack with id {name} does not exist")

    def living(self, region: str | None = None) -> list[DeployedStack]:
        return [each for each in self.stacks if each.status != DELETED and region in (None, each.region)]

    def look(self, region: str, name: str) -> DeployedStack:
        """The stack as someone finds it who looks now."""
        stack = self.stack(region, name)
        for _ in range(self.pace):
            stack.advance()
        return stack

    def settle(self) -> None:
        """Time passes for everything that is under way."""
        for each in self.stacks:
            each.settle()

    def export_values(self, besides: DeployedStack) -> dict[str, str]:
        """Which stack of the region exports which name."""
        return {
            export: each.name
            for each in self.living(besides.region)
            for _, _, export in each.outputs.values()
            if export is not None and each is not besides
        }

    def site(self, stack: DeployedStack, caller: Caller) -> Placement:
        acting = self.role_caller if stack.role_arn else caller
        return Placement(
            self.account,
            self.partition,
            stack.region,
            stack.name,
            stack.identifier,
            self.inventory,
            self.surroundings,
            acting,
        )

    def _execution(self, stack: DeployedStack, caller: Caller) -> Execution:
        return Execution(stack, self.site(stack, caller), self.faults, lambda: self.export_values(stack))

    def _allow(self, caller: Caller, action: str, arn: str, context: Mapping[str, str] | None = None) -> None:
        try:
            caller.authorize(action, arn, context or {})
        except ResourceFailed as error:
            raise CloudFormationError(str(error), "AccessDenied") from error

    # The operations. Each takes the region, the parsed parameters and the caller.

    def create_change_set(self, region: str, given: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        kind = given.get("ChangeSetType", "UPDATE")
        if kind not in ("CREATE", "UPDATE"):
            raise NotImitated(f"change sets of type {kind}")
        stack = self._stack_for(region, given, kind)
        role = given.get("RoleARN") or stack.role_arn
        if given.get("RoleARN"):
            context = {"iam:PassedToService": "cloudformation.amazonaws.com"}
            self._allow(caller, "iam:PassRole", str(role), context)
        if any(each.name == given["ChangeSetName"] for each in self.change_sets.get(stack.identifier, ())):
            raise CloudFormationError(
                f"ChangeSet {given['ChangeSetName']} already exists", "AlreadyExistsException"
            )
        site = self.site(stack, caller)
        submission = submitted(given, site, stack.version)
        if submission.version.template.transformed:
            transform = f"arn:{self.partition}:cloudformation:{region}:aws:transform/Serverless-2016-10-31"
            self._allow(caller, "cloudformation:CreateChangeSet", transform)
        identifier = site.arn("cloudformation", f"changeSet/{given['ChangeSetName']}/{uuid4()}")
        made = ProposedChangeSet(
            given["ChangeSetName"],
            identifier,
            kind,
            submission.version,
            changes_between(stack, site, submission.version),
            now(),
            submission.capabilities,
            role,
            given.get("OnStackFailure", "ROLLBACK"),
            given.get("Description"),
        )
        if stack not in self.stacks:
            self.stacks.append(stack)
            stack.enter(REVIEW, "User Initiated")
        self.change_sets.setdefault(stack.identifier, []).append(made)
        return {"Id": identifier, "StackId": stack.identifier}

    def _stack_for(self, region: str, given: Mapping[str, Any], kind: str) -> DeployedStack:
        name = given["StackName"]
        try:
            stack = self.stack(region, name)
        except CloudFormationError:
            if kind == "UPDATE":
                raise CloudFormationError(f"Stack [{name}] does not exist") from None
            identifier = f"arn:{self.partition}:cloudformation:{region}:{self.account}:stack/{name}/{uuid4()}"
            return DeployedStack(name, identifier, region, REVIEW, now())
        if kind == "CREATE" and stack.status != REVIEW:
            raise CloudFormationError(
                f"Stack [{name}] already exists and cannot be created again with the changeSet "
                f"[{given['ChangeSetName']}]."
            )
        if kind == "UPDATE" and stack.status not in _UPDATABLE:
            raise CloudFormationError(
                f"Stack:{stack.identifier} is in {stack.status} state and can not be updated."
            )
        return stack

    def change_set(self, region: str, given: Mapping[str, Any]) -> tuple[DeployedStack, ProposedChangeSet]:
        """By its name and stack, or by its identifier alone. Raises CloudFormationError."""
        wanted = given["ChangeSetName"]
        for stack in self.living(region):
            for each in self.change_sets.get(stack.identifier, ()):
                here = given.get("StackName") in (None, stack.name, stack.identifier)
                if here and wanted in (each.identifier, each.name):
                    return stack, each
        if "StackName" in given:
            self.stack(region, given["StackName"])
        raise CloudFormationError(f"ChangeSet [{wanted}] does not exist", "ChangeSetNotFound")

    def execute_change_set(self, region: str, given: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        stack, change_set = self.change_set(region, given)
        if change_set.execution != "AVAILABLE":
            raise CloudFormationError(
                f"ChangeSet [{change_set.identifier}] cannot be executed in its current status of "
                f"[{change_set.status}]",
                "InvalidChangeSetStatus",
            )
        if stack.status not in (_UPDATABLE if change_set.kind == "UPDATE" else {REVIEW}):
            raise CloudFormationError(
                f"Stack:{stack.identifier} is in {stack.status} state and can not be updated."
            )
        # All others of the stack have become meaningless.
        self.change_sets[stack.identifier] = []
        stack.role_arn, stack.capabilities = change_set.role_arn, change_set.capabilities
        execution = self._execution(stack, caller)
        stack.execution = (
            execution.create(change_set.version, change_set.on_failure)
            if change_set.kind == "CREATE"
            else execution.update(change_set.version)
        )
        stack.advance()
        return {}

    def delete_change_set(self, region: str, given: Mapping[str, Any], _: Caller) -> dict[str, Any]:
        """The stack that a change set was to create stays, in review."""
        stack, change_set = self.change_set(region, given)
        self.change_sets[stack.identifier].remove(change_set)
        return {}

    def delete_stack(self, region: str, given: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        try:
            stack = self.stack(region, given["StackName"])
        except CloudFormationError:
            return {}  # as at AWS
        if stack.status == DELETED:
            return {}
        if stack.protected:
            raise CloudFormationError(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.in_progress and not stack.status.startswith(("CREATE", "DELETE")):
            raise CloudFormationError(
                f"Stack [{stack.identifier}] cannot be deleted while in status {stack.status}"
            )
        retained = tuple(given.get("RetainResources", ()))
        if retained and stack.status != "DELETE_FAILED":
            raise CloudFormationError(
                "Invalid operation on stack. RetainResources can only be specified when the stack is in the "
                "DELETE_FAILED state."
            )
        if given.get("RoleARN"):
            stack.role_arn = given["RoleARN"]
        if stack.status == REVIEW:
            self.change_sets.pop(stack.identifier, None)
            stack.enter(DELETED)  # nothing was made
        elif stack.status != "DELETE_IN_PROGRESS":
            self.change_sets.pop(stack.identifier, None)
            stack.execution = self._execution(stack, caller).delete(retained)
            stack.advance()
        return {}

    def continue_update_rollback(
        self, region: str, given: Mapping[str, Any], caller: Caller
    ) -> dict[str, Any]:
        stack = self.stack(region, given["StackName"])
        if stack.interrupted_rollback is None or stack.status != "UPDATE_ROLLBACK_FAILED":
            raise CloudFormationError(
                f"Stack:{stack.identifier} is in {stack.status} state and can not continue a rollback."
            )
        version, resources = stack.interrupted_rollback
        stack.interrupted_rollback = None
        stack.enter("UPDATE_ROLLBACK_IN_PROGRESS")
        stack.execution = self._execution(stack, caller).roll_back(version, resources)
        return {}

    def update_termination_protection(
        self, region: str, given: Mapping[str, Any], _: Caller
    ) -> dict[str, Any]:
        stack = self.stack(region, given["StackName"])
        stack.protected = given["EnableTerminationProtection"]
        return {"StackId": stack.identifier}

    def detect_stack_drift(self, region: str, given: Mapping[str, Any], _: Caller) -> dict[str, Any]:
        identifier = str(uuid4())
        self.detections[identifier] = self.stack(region, given["StackName"])
        return {"StackDriftDetectionId": identifier}

    # What tests do by hand, as someone in the console would.

    def existing(self, region: str, name: str, logical_id: str) -> MadeResource:
        """A stack's resource as it really is."""
        found = self.inventory.actual(self.stack(region, name).resources[logical_id])
        if found is None:
            raise LookupError(f"{logical_id} is gone")
        return found
