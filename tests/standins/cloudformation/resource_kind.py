"""What every kind of resource has in common: where it is made, what that takes, and what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tests.standins.cloudformation.errors import ResourceFailed


class Caller(Protocol):
    """On whose behalf CloudFormation acts."""

    def authorize(self, action: str, resource: str, context: Mapping[str, str]) -> None:
        """Raises ResourceFailed where this caller may not do it. `context` holds IAM condition keys."""


class Surroundings(Protocol):
    """What is in the account beside stacks."""

    def zone_exists(self, zone_id: str) -> bool: ...

    def change_record(self, zone_id: str, action: str, record: Mapping[str, Any]) -> None:
        """CREATE, UPSERT or DELETE a record set as Route 53 spells it. Raises ResourceFailed."""

    def stored_object(self, bucket: str, key: str) -> bytes | None: ...

    def certificate_names(self, arn: str) -> list[str]:
        """Of an issued certificate that no stack made; none where there is no such one."""

    def show_policy(self, arn: str, document: Mapping[str, Any] | None) -> None:
        """Let IAM itself show a managed policy; None: no longer."""

    def writes_api_logs(self, region: str) -> bool:
        """Whether API Gateway has a role to write logs with, in its settings of the region."""

    def taken(self, kind: str, name: str, region: str) -> bool:
        """Whether something that no stack made has this name already."""


@dataclass(frozen=True)
class MadeResource:
    """One resource that exists, with its properties as they were resolved."""

    logical_id: str
    kind: str
    region: str
    stack_id: str
    physical_id: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same, whatever becomes of the properties."""
        return self.stack_id, self.logical_id, self.physical_id


@dataclass
class Inventory:
    """All that stacks have made in the account."""

    resources: list[MadeResource] = field(default_factory=list)
    #: The zips of functions, by ARN: Lambda keeps its own copy.
    code: dict[str, bytes] = field(default_factory=dict)

    def of(self, kind: str, region: str | None = None) -> list[MadeResource]:
        """Those of a kind, of one region or of all."""
        return [each for each in self.resources if each.kind == kind and region in (None, each.region)]

    def named(self, kind: str, physical_id: str, region: str) -> MadeResource | None:
        return next((each for each in self.of(kind, region) if each.physical_id == physical_id), None)

    def add(self, resource: MadeResource) -> None:
        self.resources.append(resource)

    def actual(self, resource: MadeResource) -> MadeResource | None:
        """A stack's resource as it really is: altered by hand, or gone."""
        return next((each for each in self.resources if each.key == resource.key), None)

    def replace(self, new: MadeResource) -> None:
        self.resources = [new if each.key == new.key else each for each in self.resources]

    def alter(self, resource: MadeResource, **properties: object) -> None:
        """As someone does by hand, past CloudFormation."""
        self.replace(replace(resource, properties={**resource.properties, **properties}))

    def remove(self, resource: MadeResource) -> None:
        self.resources = [each for each in self.resources if each.key != resource.key]


@dataclass(frozen=True)
class Placement:
    """The stack that a resource is made for."""

    account: str
    partition: str
    region: str
    stack_name: str
    stack_id: str
    inventory: Inventory
    surroundings: Surroundings
    caller: Caller

    def arn(self, service: str, rest: str, *, region: str | None = None, account: str | None = None) -> str:
        where = self.region if region is None else region
        whose = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{where}:{whose}:{rest}"

    def unique(self, logical_id: str, length: int = 13) -> str:
        """A suffix that differs from stack to stack and from one making to the next."""
        count = len(self.inventory.resources)
        seed = f"{self.stack_id} {logical_id} {count}"
        return hashlib.sha256(seed.encode()).hexdigest()[:length]

    def generated_name(self, logical_id: str, limit: int = 128) -> str:
        """As CloudFormation names what has no name: both parts are cut where the whole would be too long."""
        suffix = self.unique(logical_id).upper()
        name = f"{self.stack_name}-{logical_id}-{suffix}"
        return name if len(name) <= limit else f"{self.stack_name[:24]}-{logical_id[:24]}-{suffix}"


class Kind:
    """A resource type. Most need to say only what they are called and which permissions they take."""

    #: Such as `AWS::Logs::LogGroup`.
    name: str
    #: IAM actions by verb (create, update, delete), out of those that AWS' schema lists.
    actions: Mapping[str, tuple[str, ...]] = {}
    #: The property with the physical name, where a user may choose it.
    name_property: str | None = None
    #: The most characters of the name.
    name_limit = 128
    #: What it takes to give it tags, beside the rest.
    tag_action: str | None = None
    #: Whether the name is unique beyond the region.
    is_global = False

    def physical_id(self, site: Placement, logical_id: str, properties: Mapping[str, Any]) -> str:
        given = properties.get(self.name_property) if self.name_property else None
        return str(given) if given else site.generated_name(logical_id, self.name_limit)

    def attributes(self, site: Placement, physical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def grants(
        self, site: Placement, verb: str, physical_id: str, properties: Mapping[str, Any]
    ) -> Iterator[tuple[str, str, Mapping[str, str]]]:
        """Every action, the ARN it is about, and its condition keys."""
        tagging = (self.tag_action,) if self.tag_action and tags_of(properties) and verb != "delete" else ()
        for action in (*self.actions.get(verb, ()), *tagging):
            yield action, self.about(site, action, physical_id, properties), {}

    def about(self, site: Placement, action: str, physical_id: str, properties: Mapping[str, Any]) -> str:
        """The ARN that an action is about."""
        return "*"

    def check(
        self,
        site: Placement,
        physical_id: str,
        properties: Mapping[str, Any],
        old: MadeResource | None,
    ) -> None:
        """What the service itself refuses; `old` is what is being changed. Raises ResourceFailed."""
        if old is None:
            self.refuse_taken(site, physical_id)

    def refuse_taken(self, site: Placement, physical_id: str) -> None:
        region = None if self.is_global else site.region
        others = [each for each in site.inventory.of(self.name, region) if each.physical_id == physical_id]
        if others or site.surroundings.taken(self.name, physical_id, site.region):
            raise ResourceFailed(f"{physical_id} already exists")

    def made(self, site: Placement, resource: MadeResource, old: MadeResource | None) -> None:
        """Show it in the account's surroundings."""

    def check_removal(self, site: Placement, resource: MadeResource) -> None:
        """Why the service does not delete it. Raises ResourceFailed."""

    def removed(self, site: Placement, resource: MadeResource) -> None:
        """Take it out of the surroundings again."""


def tags_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """Tags as a mapping, in either of the two forms that AWS uses."""
    given = properties.get("Tags") or {}
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    return {each["Key"]: each["Value"] for each in given}
