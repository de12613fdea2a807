"""CloudFormation of an account: its stacks, and what was proposed for them.

Looking at a stack lets time pass for it: `pace` steps for each look. Nothing waits by the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.standins.cloudformation.change_set import ProposedChangeSet
from tests.standins.cloudformation.errors import CloudFormationError
from tests.standins.cloudformation.operation import Faults
from tests.standins.cloudformation.resource_kind import (
    Caller,
    Inventory,
    MadeResource,
    Placement,
    Surroundings,
)
from tests.standins.cloudformation.stack import DELETED, DeployedStack


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
    #: By the stack's identifier.
    change_sets: dict[str, list[ProposedChangeSet]] = field(default_factory=dict)
    #: The stacks whose drift was asked for.
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

    def existing(self, region: str, name: str, logical_id: str) -> MadeResource:
        """A stack's resource as it really is, for those who alter it by hand."""
        found = self.inventory.actual(self.stack(region, name).resources[logical_id])
        if found is None:
            raise LookupError(f"{logical_id} is gone")
        return found

    def site(self, stack: DeployedStack, caller: Caller) -> Placement:
        """Where the stack's resources are made, on behalf of the caller or of its service role."""
        return Placement(
            self.account,
            self.partition,
            stack.region,
            stack.name,
            stack.identifier,
            self.inventory,
            self.surroundings,
            self.actor(stack.role_arn, caller),
        )

    def actor(self, role_arn: str | None, caller: Caller) -> Caller:
        """Whose rights count: those of the service role, where there is one."""
        return self.role_caller if role_arn else caller


@dataclass(frozen=True)
class StackCall:
    """One call; `parameters` are parsed. Subclasses have a method for each operation, which is called as
    boto3 calls it, and returns the result as boto3 does."""

    service: CloudFormation
    region: str
    parameters: Mapping[str, Any]
    caller: Caller

    def stack(self) -> DeployedStack:
        """Raises CloudFormationError."""
        return self.service.stack(self.region, self.parameters["StackName"])

    def change_set(self) -> tuple[DeployedStack, ProposedChangeSet]:
        """By its name and stack, or by its identifier alone. Raises CloudFormationError."""
        wanted = self.parameters["ChangeSetName"]
        for stack in self.service.living(self.region):
            here = self.parameters.get("StackName") in (None, stack.name, stack.identifier)
            for each in self.service.change_sets.get(stack.identifier, ()):
                if here and wanted in (each.identifier, each.name):
                    return stack, each
        raise CloudFormationError(f"ChangeSet [{wanted}] does not exist", "ChangeSetNotFound")
