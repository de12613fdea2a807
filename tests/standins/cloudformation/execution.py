"""A change set carried out, a rollback, a deletion: what happens to a stack, look by look.

Each function is a generator; every item is a moment at which someone may look at the stack, or stop looking.
The order is CloudFormation's: what depends comes later, what is not needed any more goes last, in reverse.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.intrinsics import Resolver
from tests.standins.cloudformation.operation import Faults, Operations, with_stack_tags
from tests.standins.cloudformation.resource_kind import MadeResource, Placement
from tests.standins.cloudformation.resource_schema import schema_of
from tests.standins.cloudformation.stack import DELETED, DeployedStack, Version
from tests.standins.cloudformation.template import Declared

CANCELLED = "Resource creation cancelled"


def resolver_for(site: Placement, version: Version, lookup: Callable[[str, str | None], Any]) -> Resolver:
    """Resolves a version's functions; `lookup` answers for its resources."""
    values = {
        "AWS::AccountId": site.account,
        "AWS::NotificationARNs": [],
        "AWS::Partition": site.partition,
        "AWS::Region": site.region,
        "AWS::StackId": site.stack_id,
        "AWS::StackName": site.stack_name,
        "AWS::URLSuffix": "amazonaws.com",
        **version.parameters,
    }
    return Resolver(values, version.template.conditions, lookup)


def attribute(resource: MadeResource, name: str | None) -> Any:  # noqa: ANN401 - JSON
    """What `Ref` (None) and `Fn::GetAtt` give."""
    return resource.physical_id if name is None else resource.attributes[name]


def resolver_of(stack: DeployedStack, site: Placement, version: Version) -> Resolver:
    """With the resources as the stack has them."""
    return resolver_for(site, version, lambda name, key: attribute(stack.resources[name], key))


def output_values(stack: DeployedStack, site: Placement, version: Version) -> dict[str, str]:
    resolver = resolver_of(stack, site, version)
    return {
        name: str(resolver.resolve(output["Value"]))
        for name, output in version.template.outputs.items()
        if "Condition" not in output or resolver.condition(output["Condition"])
    }


def changed_properties(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


@dataclass
class Execution:
    """Everything that can be under way for a stack."""

    stack: DeployedStack
    site: Placement
    faults: Faults

    def __post_init__(self) -> None:
        self.operations = Operations(self.stack, self.site, self.faults)

    def create(self, version: Version) -> Iterator[None]:
        stack = self.stack
        stack.version = version
        stack.enter("CREATE_IN_PROGRESS", "User Initiated")
        yield
        try:
            yield from self._bring(version, [])
        except ResourceFailed:
            failed = self._failed("CREATE_FAILED")
            stack.enter("ROLLBACK_IN_PROGRESS", f"{failed} Rollback requested by user.")
            if (yield from self._delete_all(list(stack.resources.values()))):
                stack.enter("ROLLBACK_COMPLETE")
            else:
                stack.enter("ROLLBACK_FAILED", self._failed("DELETE_FAILED"))
            return
        stack.outputs = output_values(stack, self.site, version)
        stack.enter("CREATE_COMPLETE")

    def update(self, version: Version) -> Iterator[None]:
        stack = self.stack
        before, resources = stack.version, dict(stack.resources)
        stack.enter("UPDATE_IN_PROGRESS", "User Initiated")
        yield
        replaced: list[MadeResource] = []
        try:
            yield from self._bring(version, replaced)
            stack.outputs = output_values(stack, self.site, version)
        except ResourceFailed:
            stack.enter("UPDATE_ROLLBACK_IN_PROGRESS", self._failed("CREATE_FAILED", "UPDATE_FAILED"))
            yield from self.roll_back(before, resources)
            return
        stack.version = version
        stack.enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        yield
        wanted = version.template.included(resolver_of(stack, self.site, version))
        gone = [each for name, each in stack.resources.items() if name not in wanted]
        # A resource that cannot be deleted in the clean-up is left behind, and the update counts as done.
        yield from self._delete_all([*gone, *replaced], version_of=before)
        for each in gone:
            stack.resources.pop(each.logical_id, None)
        stack.enter("UPDATE_COMPLETE")

    def roll_back(self, version: Version | None, resources: Mapping[str, MadeResource]) -> Iterator[None]:
        """Back to `version` and `resources` as they were."""
        stack = self.stack
        yield
        try:
            new = [each for name, each in stack.resources.items() if not _same(each, resources.get(name))]
            for name, old in resources.items():
                current = stack.resources.get(name)
                if current is not None and _same(current, old) and current.properties != old.properties:
                    yield from self.operations.update(current, old.properties)
                elif current is None or not _same(current, old):
                    stack.resources[name] = old
        except ResourceFailed:
            stack.interrupted_rollback = (version, resources)
            stack.enter("UPDATE_ROLLBACK_FAILED", self._failed("UPDATE_FAILED"))
            return
        stack.enter("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        yield
        yield from self._delete_all(new)
        stack.resources = dict(resources)
        stack.version = version
        stack.enter("UPDATE_ROLLBACK_COMPLETE")

    def delete(self) -> Iterator[None]:
        stack = self.stack
        stack.enter("DELETE_IN_PROGRESS", "User Initiated")
        yield
        if (yield from self._delete_all(list(stack.resources.values()))):
            stack.enter(DELETED)
        else:
            stack.enter("DELETE_FAILED", self._failed("DELETE_FAILED"))

    def _bring(self, version: Version, replaced: list[MadeResource]) -> Iterator[None]:
        """Create and change what the version wants; what it replaces is added to `replaced`."""
        stack, site = self.stack, self.site
        resolver = resolver_of(stack, site, version)
        wanted = version.template.included(resolver)
        for name, declared in wanted.items():
            properties = with_stack_tags(
                declared.kind, site.region, resolver.resolve(declared.properties), version
            )
            current = stack.resources.get(name)
            try:
                if current is None:
                    yield from self.operations.create(name, declared.kind, properties)
                elif current.kind != declared.kind:
                    raise ResourceFailed(
                        "Update of resource type is not permitted. The new template modifies "
                        f"resource type of the following resources: [{name}]"
                    )
                elif changed := changed_properties(current.properties, properties):
                    if changed & schema_of(declared.kind, site.region).create_only:
                        yield from self.operations.create(name, declared.kind, properties)
                        replaced.append(current)
                    else:
                        yield from self.operations.update(current, properties)
            except ResourceFailed:
                self._cancel_others(wanted, name)
                raise

    def _cancel_others(self, wanted: Mapping[str, Declared], failed: str) -> None:
        """What CloudFormation has begun beside a resource that fails; the true reason is not its event's."""
        for name, declared in wanted.items():
            if name not in self.stack.resources and name != failed and declared.depends_on.isdisjoint(wanted):
                draft = MadeResource(name, declared.kind, self.site.region, self.stack.identifier, {})
                self.stack.report(draft, "CREATE_IN_PROGRESS")
                self.stack.report(draft, "CREATE_FAILED", CANCELLED)
                return

    def _delete_all(
        self, resources: list[MadeResource], version_of: Version | None = None
    ) -> Generator[None, None, bool]:
        """In reverse order of dependency. The generator's value is whether all are gone."""
        version = version_of or self.stack.version
        declared = {} if version is None else version.template.resources
        whole = True
        for each in _dependents_first(resources, declared):
            try:
                yield from self.operations.delete(each)
            except ResourceFailed:
                whole = False
        return whole

    def _failed(self, *statuses: str) -> str:
        names = [name for name, state in self.stack.states.items() if state.status in statuses]
        return (
            f"The following resource(s) failed to {statuses[-1].split('_')[0].lower()}: [{', '.join(names)}]."
        )


def _same(one: MadeResource, other: MadeResource | None) -> bool:
    """Whether both are one resource, whatever its properties."""
    return other is not None and one.physical_id == other.physical_id and one.attributes == other.attributes


def _dependents_first(resources: list[MadeResource], declared: Mapping[str, Declared]) -> list[MadeResource]:
    """A resource comes before all that it refers to; those that no template knows any more come first."""
    left, ordered = list(resources), []
    while left:
        needed = {
            name
            for each in left
            if each.logical_id in declared
            for name in declared[each.logical_id].depends_on
        }
        free = [each for each in left if each.logical_id not in needed] or left
        ordered.append(free[-1])
        left.remove(free[-1])
    return ordered
