"""One resource made, changed or deleted, on behalf of a caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.kinds import kind_of
from tests.standins.cloudformation.resource_kind import Kind, MadeResource, Placement, tags_of
from tests.standins.cloudformation.resource_schema import schema_of
from tests.standins.cloudformation.stack import DeployedStack, Version

_INVALID = "Properties validation failed"
NEVER = 1_000_000
"""So many looks that nobody waits for them all."""


@dataclass
class Faults:
    """What goes wrong, and how long things take."""

    #: (verb, logical id) to the reasons that the next operations fail with; None: that one succeeds.
    failures: dict[tuple[str, str], list[str | None]] = field(default_factory=dict)
    #: Looks until a resource of a type is ready, by type and verb.
    delays: dict[tuple[str, str], int] = field(default_factory=dict)

    def fail_at(
        self, logical_id: str, verb: str = "create", reason: str = "a fault of the test", *, after: int = 0
    ) -> None:
        """Once, `after` so many operations that succeed."""
        self.failures[verb, logical_id] = [None] * after + [reason]

    def strike(self, verb: str, logical_id: str) -> None:
        """Raises ResourceFailed where the operation is to fail."""
        reasons = self.failures.get((verb, logical_id))
        reason = reasons.pop(0) if reasons else None
        if reason is not None:
            raise ResourceFailed(reason)


@dataclass(frozen=True)
class Operations:
    """What can be done to the resources of `stack`, which belong to `site`."""

    stack: DeployedStack
    site: Placement
    faults: Faults

    def create(self, logical_id: str, kind_name: str, properties: Mapping[str, Any]) -> Iterator[None]:
        """Raises ResourceFailed after the event that says so."""
        kind, stack, site = kind_of(kind_name), self.stack, self.site
        stack.report(logical_id, kind_name, "", "CREATE_IN_PROGRESS")
        yield
        physical_id = ""
        try:
            self._validate(logical_id, kind_name, properties)
            physical_id = kind.physical_id(site, logical_id, properties)
            self._authorize(kind, "create", physical_id, properties)
            self.faults.strike("create", logical_id)
            kind.check(site, physical_id, properties, None)
            resource = MadeResource(
                logical_id,
                kind_name,
                site.region,
                stack.identifier,
                physical_id,
                properties,
                kind.attributes(site, physical_id, properties),
            )
            kind.made(site, resource, None)
        except ResourceFailed as error:
            stack.report(logical_id, kind_name, "", "CREATE_FAILED", self._worded(error))
            raise
        site.inventory.add(resource)
        stack.resources[logical_id] = resource
        stack.report(logical_id, kind_name, physical_id, "CREATE_IN_PROGRESS", "Resource creation Initiated")
        yield from self._delay(kind_name, "create")
        stack.report(logical_id, kind_name, physical_id, "CREATE_COMPLETE")

    def update(self, resource: MadeResource, properties: Mapping[str, Any]) -> Iterator[None]:
        """In place. Raises ResourceFailed after the event that says so."""
        kind, stack, site = kind_of(resource.kind), self.stack, self.site
        name, physical_id = resource.logical_id, resource.physical_id
        stack.report(name, resource.kind, physical_id, "UPDATE_IN_PROGRESS")
        yield
        try:
            self._validate(name, resource.kind, properties)
            self._authorize(kind, "update", physical_id, properties)
            self.faults.strike("update", name)
            if site.inventory.actual(resource) is None:
                raise ResourceFailed(f"{physical_id} was not found")
            kind.check(site, physical_id, properties, resource)
            changed = replace(resource, properties=properties)
            kind.made(site, changed, resource)
        except ResourceFailed as error:
            reason = self._worded(error)
            stack.report(name, resource.kind, physical_id, "UPDATE_FAILED", reason)
            raise
        site.inventory.replace(changed)
        stack.resources[name] = changed
        yield from self._delay(resource.kind, "update")
        stack.report(name, resource.kind, physical_id, "UPDATE_COMPLETE")

    def delete(self, resource: MadeResource) -> Iterator[None]:
        """Also of what was deleted by hand before. Raises ResourceFailed after the event that says so."""
        kind, stack, site = kind_of(resource.kind), self.stack, self.site
        name, physical_id = resource.logical_id, resource.physical_id
        stack.report(name, resource.kind, physical_id, "DELETE_IN_PROGRESS")
        yield
        try:
            self._authorize(kind, "delete", physical_id, resource.properties)
            self.faults.strike("delete", name)
            if site.inventory.actual(resource) is not None:
                kind.check_removal(site, resource)
                kind.removed(site, resource)
                site.inventory.remove(resource)
        except ResourceFailed as error:
            reason = self._worded(error)
            stack.report(name, resource.kind, physical_id, "DELETE_FAILED", reason)
            raise
        yield from self._delay(resource.kind, "delete")
        if stack.resources.get(name) == resource:
            del stack.resources[name]
        stack.report(name, resource.kind, physical_id, "DELETE_COMPLETE")

    def _delay(self, kind: str, verb: str) -> Iterator[None]:
        looks = 0
        while looks < self.faults.delays.get((kind, verb), 0):
            looks += 1
            yield

    def _validate(self, logical_id: str, kind: str, properties: Mapping[str, Any]) -> None:
        if problems := schema_of(kind, self.site.region).problems(properties):
            raise ResourceFailed(
                f"{_INVALID} for resource {logical_id} with message: [{'; '.join(problems)}]"
            )

    def _authorize(self, kind: Kind, verb: str, physical_id: str, properties: Mapping[str, Any]) -> None:
        tags = {f"aws:RequestTag/{key}": value for key, value in tags_of(properties).items()}
        for action, arn, context in kind.grants(self.site, verb, physical_id, properties):
            self.site.caller.authorize(action, arn, {**tags, **context})

    def _worded(self, error: ResourceFailed) -> str:
        if str(error).startswith(_INVALID):
            return str(error)
        details = f"(RequestToken: stand-in, HandlerErrorCode: {_code(error)})"
        return f'Resource handler returned message: "{error}" {details}'


def _code(error: ResourceFailed) -> str:
    text = str(error)
    if "not authorized" in text:
        return "AccessDenied"
    return "AlreadyExists" if "already exists" in text else "GeneralServiceException"


def with_stack_tags(
    kind: str, region: str, properties: Mapping[str, Any], version: Version
) -> Mapping[str, Any]:
    """The properties of a resource with the stack's tags, which CloudFormation adds where a type has tags."""
    tagging = schema_of(kind, region).document.get("tagging") or {}
    if (
        not version.tags
        or not tagging.get("taggable")
        or "Tags" not in schema_of(kind, region).document["properties"]
    ):
        return properties
    own = tags_of(properties)
    merged = {**version.tags, **own}
    if isinstance(properties.get("Tags"), Mapping):
        return {**properties, "Tags": merged}
    return {**properties, "Tags": [{"Key": key, "Value": value} for key, value in merged.items()]}
