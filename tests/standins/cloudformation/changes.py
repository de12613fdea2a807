"""CloudFormation's operations that change something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.standins.cloudformation.change_set import ProposedChangeSet, changes_between
from tests.standins.cloudformation.errors import CloudFormationError, NotImitated, ResourceFailed
from tests.standins.cloudformation.execution import Execution
from tests.standins.cloudformation.service import StackCall
from tests.standins.cloudformation.stack import DELETED, REVIEW, DeployedStack
from tests.standins.cloudformation.submission import submitted

_UPDATABLE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
_NOT_IMITATED = frozenset({"OnStackFailure", "ResourcesToImport", "IncludeNestedStacks"})


class Changes(StackCall):
    def create_change_set(self) -> dict[str, Any]:
        given, service = self.parameters, self.service
        if unknown := _NOT_IMITATED & given.keys():
            raise NotImitated(f"change sets with {sorted(unknown)}")
        kind = given.get("ChangeSetType", "UPDATE")
        stack = self._stack_to_change(kind)
        role = given.get("RoleARN") or stack.role_arn
        if given.get("RoleARN"):
            self._allow("iam:PassRole", str(role), {"iam:PassedToService": "cloudformation.amazonaws.com"})
        name = given["ChangeSetName"]
        if any(each.name == name for each in service.change_sets.get(stack.identifier, ())):
            raise CloudFormationError(f"ChangeSet {name} already exists", "AlreadyExistsException")
        site = service.site(stack, self.caller)
        version = submitted(given, site, stack.version)
        identifier = self._identifier("changeSet", name)
        changes = changes_between(stack, site, version)
        refusal = self._refused_transform(role) if version.template.transformed else None
        made = ProposedChangeSet(name, identifier, kind, version, changes, role, refusal)
        if stack not in service.stacks:
            service.stacks.append(stack)
            stack.enter(REVIEW, "User Initiated")
        service.change_sets.setdefault(stack.identifier, []).append(made)
        return {"Id": identifier, "StackId": stack.identifier}

    def execute_change_set(self) -> dict[str, Any]:
        stack, change_set = self.change_set()
        if change_set.execution != "AVAILABLE":
            raise CloudFormationError(
                f"ChangeSet [{change_set.identifier}] cannot be executed in its current status of "
                f"[{change_set.status}]",
                "InvalidChangeSetStatus",
            )
        if stack.status not in (_UPDATABLE if change_set.kind == "UPDATE" else {REVIEW}):
            raise _not_possible(stack, "be updated")
        # All others of the stack have become meaningless.
        self.service.change_sets[stack.identifier] = []
        stack.role_arn = change_set.role_arn
        execution = self._execution(stack)
        stack.execution = (
            execution.create(change_set.version)
            if change_set.kind == "CREATE"
            else execution.update(change_set.version)
        )
        stack.advance()
        return {}

    def delete_change_set(self) -> dict[str, Any]:
        """The stack that a change set was to create stays, in review."""
        stack, change_set = self.change_set()
        self.service.change_sets[stack.identifier].remove(change_set)
        return {}

    def delete_stack(self) -> dict[str, Any]:
        try:
            stack = self.stack()
        except CloudFormationError:
            return {}  # as at AWS
        if stack.status in (DELETED, "DELETE_IN_PROGRESS"):
            return {}
        if stack.protected:
            raise CloudFormationError(
                f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
            )
        if stack.in_progress and not stack.status.startswith("CREATE"):
            raise CloudFormationError(
                f"Stack [{stack.identifier}] cannot be deleted while in status {stack.status}"
            )
        if "RetainResources" in self.parameters:
            raise NotImitated("RetainResources")
        stack.role_arn = self.parameters.get("RoleARN") or stack.role_arn
        self.service.change_sets.pop(stack.identifier, None)
        if stack.status == REVIEW:
            stack.enter(DELETED)  # nothing was made
        else:
            stack.execution = self._execution(stack).delete()
            stack.advance()
        return {}

    def continue_update_rollback(self) -> dict[str, Any]:
        stack = self.stack()
        if stack.interrupted_rollback is None:
            raise _not_possible(stack, "continue a rollback")
        version, resources = stack.interrupted_rollback
        stack.interrupted_rollback = None
        stack.enter("UPDATE_ROLLBACK_IN_PROGRESS")
        stack.execution = self._execution(stack).roll_back(version, resources)
        return {}

    def update_termination_protection(self) -> dict[str, Any]:
        stack = self.stack()
        stack.protected = self.parameters["EnableTerminationProtection"]
        return {"StackId": stack.identifier}

    def detect_stack_drift(self) -> dict[str, Any]:
        identifier = str(uuid4())
        self.service.detections[identifier] = self.stack()
        return {"StackDriftDetectionId": identifier}

    def _stack_to_change(self, kind: str) -> DeployedStack:
        name = self.parameters["StackName"]
        try:
            stack = self.stack()
        except CloudFormationError:
            if kind == "UPDATE":
                raise CloudFormationError(f"Stack [{name}] does not exist") from None
            return DeployedStack(name, self._identifier("stack", name), self.region)
        if kind == "CREATE" and stack.status != REVIEW:
            raise CloudFormationError(
                f"Stack [{name}] already exists and cannot be created again with the changeSet "
                f"[{self.parameters['ChangeSetName']}]."
            )
        if kind == "UPDATE" and stack.status not in _UPDATABLE:
            raise _not_possible(stack, "be updated")
        return stack

    def _refused_transform(self, role: str | None) -> str | None:
        """Why the template is not expanded. CloudFormation does that after it has answered the call.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-template.html, and by whom:
        https://github.com/aws/serverless-application-model/issues/179
        """
        arn = f"arn:{self.service.partition}:cloudformation:{self.region}:aws:transform/Serverless-2016-10-31"
        try:
            self.service.actor(role, self.caller).authorize("cloudformation:CreateChangeSet", arn, {})
        except ResourceFailed as error:
            return str(error)
        return None

    def _identifier(self, kind: str, name: str) -> str:
        service = self.service
        return (
            f"arn:{service.partition}:cloudformation:{self.region}:{service.account}:{kind}/{name}/{uuid4()}"
        )

    def _execution(self, stack: DeployedStack) -> Execution:
        return Execution(stack, self.service.site(stack, self.caller), self.service.faults)

    def _allow(self, action: str, arn: str, context: Mapping[str, str]) -> None:
        try:
            self.caller.authorize(action, arn, context)
        except ResourceFailed as error:
            raise CloudFormationError(str(error), "AccessDenied") from error


def _not_possible(stack: DeployedStack, what: str) -> CloudFormationError:
    return CloudFormationError(f"Stack:{stack.identifier} is in {stack.status} state and can not {what}.")
