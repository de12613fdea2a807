"""A change set: what a new template would change in a stack, found without changing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.standins.cloudformation.execution import attribute, changed_properties, output_values, resolver_for
from tests.standins.cloudformation.kinds import kind_of
from tests.standins.cloudformation.operation import with_stack_tags
from tests.standins.cloudformation.resource_kind import Placement
from tests.standins.cloudformation.resource_schema import schema_of
from tests.standins.cloudformation.stack import DeployedStack, Version

UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What CloudFormation itself shows for a value that only the execution makes."""
NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
NO_UPDATES = "No updates are to be performed."
"""The same, where the template has a transform."""


@dataclass(frozen=True)
class ProposedChange:
    """`action` is Add, Modify or Remove; `replacement` True, False or Conditional, of a Modify alone."""

    action: str
    logical_id: str
    kind: str
    physical_id: str | None
    replacement: str | None = None
    #: Names of the properties that differ.
    properties: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        change: dict[str, Any] = {
            "Action": self.action,
            "LogicalResourceId": self.logical_id,
            "ResourceType": self.kind,
            "Details": [{"Target": {"Attribute": "Properties", "Name": name}} for name in self.properties],
        }
        if self.physical_id is not None:
            change["PhysicalResourceId"] = self.physical_id
        if self.replacement is not None:
            change["Replacement"] = self.replacement
        return {"Type": "Resource", "ResourceChange": change}


@dataclass
class ProposedChangeSet:
    name: str
    identifier: str
    #: CREATE or UPDATE.
    kind: str
    version: Version
    changes: tuple[ProposedChange, ...]
    role_arn: str | None
    #: Why its template is not expanded; None: it is.
    refusal: str | None = None
    #: The next look finds it made.
    status: str = "CREATE_IN_PROGRESS"
    reason: str | None = None
    execution: str = "UNAVAILABLE"

    def finish(self, same: bool) -> None:
        """It is made; `same`: the stack is already what it asks for, outputs and tags included."""
        if self.refusal is not None:
            self.status, self.reason = "FAILED", self.refusal
        elif self.kind == "UPDATE" and same:
            self.status = "FAILED"
            self.reason = NO_UPDATES if self.version.template.transformed else NO_CHANGES
        else:
            self.status, self.execution = "CREATE_COMPLETE", "AVAILABLE"


def changes_between(stack: DeployedStack, site: Placement, version: Version) -> tuple[ProposedChange, ...]:
    """Adds and modifications in the order of creation, then removals.

    Raises CloudFormationError, and NotImitated for a kind of resource that could not be made.
    """
    touched: set[str] = set()

    def lookup(name: str, attribute_name: str | None) -> Any:  # noqa: ANN401 - JSON
        if name in touched or name not in stack.resources:
            return UNKNOWN
        return attribute(stack.resources[name], attribute_name)

    resolver = resolver_for(site, version, lookup)
    wanted = version.template.included(resolver)
    changes = []
    for name, declared in wanted.items():
        kind_of(declared.kind)
        current = stack.resources.get(name)
        if current is None:
            touched.add(name)
            changes.append(ProposedChange("Add", name, declared.kind, None))
            continue
        properties = with_stack_tags(
            declared.kind, site.region, resolver.resolve(declared.properties), version
        )
        differing = tuple(sorted(changed_properties(current.properties, properties)))
        if not differing:
            continue
        replaced = [key for key in differing if key in schema_of(declared.kind, site.region).create_only]
        replacement = "False"
        if replaced:
            touched.add(name)
            known = [key for key in replaced if UNKNOWN not in str(properties.get(key))]
            replacement = "True" if known else "Conditional"
        changes.append(
            ProposedChange("Modify", name, declared.kind, current.physical_id, replacement, differing)
        )
    removed = [
        ProposedChange("Remove", name, each.kind, each.physical_id)
        for name, each in stack.resources.items()
        if name not in wanted
    ]
    return (*changes, *removed)


def unchanged(stack: DeployedStack, site: Placement, change_set: ProposedChangeSet) -> bool:
    """Whether executing it would do nothing: no resource, output or tag differs."""
    if change_set.changes or stack.version is None or stack.version.tags != change_set.version.tags:
        return False
    return output_values(stack, site, change_set.version) == stack.outputs
