"""One resource made, changed or deleted, on behalf of a caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.kinds import kind_of
from tests.standins.cloudformation.resource_kind import MadeResource, Placement, tags_of
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
        draft = MadeResource(logical_id, kind_name, site.region, stack.identifier, properties)
        stack.report(draft, "CREATE_IN_PROGRESS")
        yield
        with self._failing(draft, "CREATE_FAILED"):
            self._validate(draft)
            new = replace(draft, physical_id=kind.physical_id(site, draft))
            self._begin("create", new)
            kind.refuse_taken(site, new)
            kind.check(site, new, None)
            new = replace(new, attributes=kind.attributes(site, new))
            kind.made(site, new, None)
        site.inventory.resources.append(new)
        stack.resources[logical_id] = new
        stack.report(new, "CREATE_IN_PROGRESS", "Resource creation Initiated")
        yield from self._delay("create", kind_name)
        stack.report(new, "CREATE_COMPLETE")

    def update(self, resource: MadeResource, properties: Mapping[str, Any]) -> Iterator[None]:
        """In place. Raises ResourceFailed after the event that says so."""
        kind, stack, site = kind_of(resource.kind), self.stack, self.site
        stack.report(resource, "UPDATE_IN_PROGRESS")
        yield
        changed = replace(resource, properties=properties)
        with self._failing(resource, "UPDATE_FAILED"):
            self._validate(changed)
            self._begin("update", changed)
            if site.inventory.actual(resource) is None:
                raise ResourceFailed(f"{resource.physical_id} was not found")
            kind.check(site, changed, resource)
            kind.made(site, changed, resource)
        site.inventory.replace(changed)
        stack.resources[resource.logical_id] = changed
        yield from self._delay("update", resource.kind)
        stack.report(resource, "UPDATE_COMPLETE")

    def delete(self, resource: MadeResource) -> Iterator[None]:
        """Also of what was deleted by hand before. Raises ResourceFailed after the event that says so."""
        kind, stack, site = kind_of(resource.kind), self.stack, self.site
        stack.report(resource, "DELETE_IN_PROGRESS")
        yield
        with self._failing(resource, "DELETE_FAILED"):
            self._begin("delete", resource)
            if site.inventory.actual(resource) is not None:
                kind.check_removal(site, resource)
                kind.removed(site, resource)
                site.inventory.remove(resource)
        yield from self._delay("delete", resource.kind)
        if stack.resources.get(resource.logical_id) == resource:
            del stack.resources[resource.logical_id]
        stack.report(resource, "DELETE_COMPLETE")

    @contextmanager
    def _failing(self, resource: MadeResource, status: str) -> Iterator[None]:
        """Reports what fails, in CloudFormation's words."""
        try:
            yield
        except ResourceFailed as error:
            self.stack.report(resource, status, _worded(error))
            raise

    def _validate(self, resource: MadeResource) -> None:
        if problems := schema_of(resource.kind, resource.region).problems(resource.properties):
            message = "; ".join(problems)
            raise ResourceFailed(f"{_INVALID} for resource {resource.logical_id} with message: [{message}]")

    def _begin(self, verb: str, resource: MadeResource) -> None:
        """Raises ResourceFailed where the caller may not do it, or the test's fault strikes."""
        tags = {f"aws:RequestTag/{key}": value for key, value in tags_of(resource.properties).items()}
        for action, arn, context in kind_of(resource.kind).permissions(self.site, verb, resource):
            self.site.caller.authorize(action, arn, {**tags, **context})
        self.faults.strike(verb, resource.logical_id)

    def _delay(self, verb: str, kind: str) -> Iterator[None]:
        looks = 0
        while looks < self.faults.delays.get((kind, verb), 0):
            looks += 1
            yield


def _worded(error: ResourceFailed) -> str:
    text = str(error)
    if text.startswith(_INVALID):
        return text
    code = "AlreadyExists" if "already exists" in text else "GeneralServiceException"
    if "not authorized" in text:
        code = "AccessDenied"
    return f'Resource handler returned message: "{text}" (RequestToken: stand-in, HandlerErrorCode: {code})'


def with_stack_tags(
    kind: str, region: str, properties: Mapping[str, Any], version: Version
) -> Mapping[str, Any]:
    """The properties of a resource with the stack's tags, which CloudFormation adds where a type has tags."""
    if not version.tags or not schema_of(kind, region).taggable:
        return properties
    merged = {**version.tags, **tags_of(properties)}
    if isinstance(properties.get("Tags"), Mapping):
        return {**properties, "Tags": merged}
    return {**properties, "Tags": [{"Key": key, "Value": value} for key, value in merged.items()]}
