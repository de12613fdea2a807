"""A change set carried out, a rollback, a deletion: what happens to a stack, look by look.

Each function is a generator; every item is a moment at which someone may look at the stack, or stop looking.
The order is CloudFormation's: what depends comes later, what is not needed any more goes last, in reverse.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.cloudformation.errors import CloudFormationError, ResourceFailed
from tests.standins.cloudformation.intrinsics import Resolver
from tests.standins.cloudformation.operation import Faults, Operations, with_stack_tags
from tests.standins.cloudformation.parameters import typed
from tests.standins.cloudformation.resource_kind import MadeResource, Placement
from tests.standins.cloudformation.resource_schema import schema_of
from tests.standins.cloudformation.stack import DELETED, DeployedStack, Version, now
from tests.standins.cloudformation.template import Declared

CANCELLED = "Resource creation cancelled"


def resolver_for(site: Placement, version: Version, lookup: Callable[[str, str | None], Any]) -> Resolver:
    """Resolves a version's functions; `lookup` answers for its resources."""
    declared = version.template.parameters
    values: dict[str, Any] = {
        "AWS::AccountId": site.account,
        "AWS::NotificationARNs": [],
        "AWS::Partition": site.partition,
        "AWS::Region": site.region,
        "AWS::StackId": site.stack_id,
        "AWS::StackName": site.stack_name,
        "AWS::URLSuffix": "amazonaws.com",
        **{name: typed(value, declared[name]) for name, value in version.parameters.items()},
    }
    return Resolver(values, version.template.conditions, version.template.mappings, lookup)


def attribute(resource: MadeResource, name: str | None) -> Any:  # noqa: ANN401 - JSON
    """What `Ref` (None) and `Fn::GetAtt` give."""
    return resource.physical_id if name is None else resource.attributes[name]


@dataclass
class Execution:
    """Everything that can be under way for a stack. `exports` are the names that other stacks export."""

    stack: DeployedStack
    site: Placement
    faults: Faults
    exports: Callable[[], Mapping[str, str]]

    def __post_init__(self) -> None:
        self.operations = Operations(self.stack, self.site, self.faults)

    def create(self, version: Version, on_failure: str) -> Iterator[None]:
        stack = self.stack
        stack.version = version
        stack.enter("CREATE_IN_PROGRESS", "User Initiated")
        yield
        try:
            yield from self._bring(version, [])
        except ResourceFailed:
            failed = self._failed("CREATE_FAILED")
            if on_failure == "DO_NOTHING":
                stack.enter("CREATE_FAILED", failed)
                return
            stack.enter("ROLLBACK_IN_PROGRESS", f"{failed} Rollback requested by user.")
            if (yield from self._delete_all(list(stack.resources.values()))):
                stack.enter("ROLLBACK_COMPLETE")
                if on_failure == "DELETE":
                    yield from self.delete(())
            else:
                stack.enter("ROLLBACK_FAILED", self._failed("DELETE_FAILED"))
            return
        self._set_outputs(version)
        stack.enter("CREATE_COMPLETE")

    def update(self, version: Version) -> Iterator[None]:
        stack = self.stack
        before, resources = stack.version, dict(stack.resources)
        stack.updated = now()
        stack.enter("UPDATE_IN_PROGRESS", "User Initiated")
        yield
        replaced: list[MadeResource] = []
        try:
            yield from self._bring(version, replaced)
            self._set_outputs(version)
        except ResourceFailed:
            stack.enter("UPDATE_ROLLBACK_IN_PROGRESS", self._failed("CREATE_FAILED", "UPDATE_FAILED"))
            yield from self.roll_back(before, resources)
            return
        stack.version = version
        stack.enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        yield
        wanted = version.template.included(self._resolver(version))
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

    def delete(self, retained: tuple[str, ...]) -> Iterator[None]:
        stack = self.stack
        stack.enter("DELETE_IN_PROGRESS", "User Initiated")
        yield
        for name in retained:
            stack.resources.pop(name, None)
        if (yield from self._delete_all(list(stack.resources.values()))):
            stack.enter(DELETED)
        else:
            stack.enter("DELETE_FAILED", self._failed("DELETE_FAILED"))

    def _bring(self, version: Version, replaced: list[MadeResource]) -> Iterator[None]:
        """Create and change what the version wants; what it replaces is added to `replaced`."""
        stack, site = self.stack, self.site
        resolver = self._resolver(version)
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
                elif changed := _changed(current.properties, properties):
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
                self.stack.report(name, declared.kind, "", "CREATE_IN_PROGRESS")
                self.stack.report(name, declared.kind, "", "CREATE_FAILED", CANCELLED)
                return

    def _delete_all(
        self, resources: list[MadeResource], version_of: Version | None = None
    ) -> Generator[None, None, bool]:
        """In reverse order of dependency. The generator's value is whether all are gone."""
        version = version_of or self.stack.version
        declared = {} if version is None else version.template.resources
        whole = True
        for each in _dependents_first(resources, declared):
            kept = each.logical_id in declared and declared[each.logical_id].deletion_policy == "Retain"
            if kept:
                self.stack.report(each.logical_id, each.kind, each.physical_id, "DELETE_SKIPPED")
                self.stack.resources.pop(each.logical_id, None)
                continue
            try:
                yield from self.operations.delete(each)
            except ResourceFailed:
                whole = False
        return whole

    def _resolver(self, version: Version) -> Resolver:
        return resolver_for(
            self.site, version, lambda name, attr: attribute(self.stack.resources[name], attr)
        )

    def _set_outputs(self, version: Version) -> None:
        resolver = self._resolver(version)
        others = self.exports()
        outputs: dict[str, tuple[str, str | None, str | None]] = {}
        for name, output in version.template.outputs.items():
            if "Condition" in output and not resolver.condition(output["Condition"]):
                continue
            export = resolver.resolve(output["Export"]["Name"]) if "Export" in output else None
            if export is not None and export in others:
                raise CloudFormationError(
                    f"Export with name {export} is already exported by stack {others[export]}"
                )
            outputs[name] = (str(resolver.resolve(output["Value"])), output.get("Description"), export)
        self.stack.outputs = outputs

    def _failed(self, *statuses: str) -> str:
        names = [name for name, state in self.stack.states.items() if state.status in statuses]
        return (
            f"The following resource(s) failed to {statuses[-1].split('_')[0].lower()}: [{', '.join(names)}]."
        )


def _same(one: MadeResource, other: MadeResource | None) -> bool:
    """Whether both are one resource, whatever its properties."""
    return other is not None and one.physical_id == other.physical_id and one.attributes == other.attributes


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


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
