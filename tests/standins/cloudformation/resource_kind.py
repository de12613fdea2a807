"""What every kind of resource has in common: where it is made, what that takes, and what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from tests.standins.cloudformation.errors import ResourceFailed
from tests.standins.cloudformation.resource_schema import ResourceSchema, schema_of


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
    """One resource that exists or is about to, with its properties as they were resolved."""

    logical_id: str
    kind: str
    region: str
    stack_id: str
    properties: Mapping[str, Any]
    physical_id: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same, whatever becomes of the properties."""
        return self.stack_id, self.logical_id, self.physical_id

    def mentions(self, value: str) -> bool:
        """Whether a property, at any depth, is that text."""
        return f"'{value}'" in str(self.properties)


@dataclass
class Inventory:
    """All that stacks have made in the account."""

    resources: list[MadeResource] = field(default_factory=list)
    #: The zips of functions, by ARN: Lambda keeps its own copy.
    code: dict[str, bytes] = field(default_factory=dict)
    #: For names that nothing had before.
    numbers: Iterator[int] = field(default_factory=count)

    def of(self, kind: str, region: str | None = None, **properties: object) -> list[MadeResource]:
        """Those of a kind that have these properties, of one region or of all."""
        return [
            each
            for each in self.resources
            if each.kind == kind
            and region in (None, each.region)
            and all(each.properties.get(name) == value for name, value in properties.items())
        ]

    def find(self, kind: str, physical_id: str, region: str) -> MadeResource | None:
        return next((each for each in self.of(kind, region) if each.physical_id == physical_id), None)

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

    def unique(self, logical_id: str, length: int = 13) -> str:
        """A suffix that differs from stack to stack and from one making to the next."""
        seed = f"{self.stack_id} {logical_id} {next(self.inventory.numbers)}"
        return hashlib.sha256(seed.encode()).hexdigest()[:length]

    def generated_name(self, logical_id: str, limit: int = 64) -> str:
        """As CloudFormation names what has no name: both parts are cut where the whole would be too long."""
        suffix = self.unique(logical_id).upper()
        name = f"{self.stack_name}-{logical_id}-{suffix}"
        return name if len(name) <= limit else f"{self.stack_name[:24]}-{logical_id[:24]}-{suffix}"


class Permission(NamedTuple):
    action: str
    #: An ARN, or `*`.
    resource: str
    #: IAM's condition keys.
    context: Mapping[str, str] = MappingProxyType({})


class Actions(NamedTuple):
    """IAM actions by verb, out of those that AWS' schema lists."""

    create: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()


class Kind:
    """A resource type. Most need to say only what they are called and which permissions they take; what
    identifies one, and what tagging takes, AWS' schema says."""

    #: Such as `AWS::Logs::LogGroup`.
    name: str
    actions = Actions()
    #: IAM actions that the schema lists for reading one, and ours do not take.
    unread: frozenset[str] = frozenset()
    #: What its actions are about.
    arn_format = "*"
    #: Whether the name is unique beyond the region.
    is_global = False
    #: Kinds of resources that keep one of this kind from being deleted while they mention it.
    held_by: tuple[str, ...] = ()

    def schema(self, site: Placement) -> ResourceSchema:
        return schema_of(self.name, site.region)

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        """Of a resource that has none yet: the name that its user chose, or one of CloudFormation's."""
        schema = self.schema(site)
        name = schema.name_property
        chosen = draft.properties.get(name) if name else None
        return str(chosen or site.generated_name(draft.logical_id, schema.longest(name)))

    def attributes(self, site: Placement, resource: MadeResource) -> dict[str, Any]:
        """What `Fn::GetAtt` gives: the ARN, and the identifiers that AWS makes."""
        schema = self.schema(site)
        made = dict.fromkeys(schema.identifiers & schema.attributes, resource.physical_id)
        return {"Arn": self.arn(site, resource), **made}

    def arn(self, site: Placement, resource: MadeResource) -> str:
        return self.arn_format.format(site=site, id=resource.physical_id)

    def about(self, site: Placement, action: str, resource: MadeResource) -> str:
        """The ARN that an action is about."""
        return self.arn(site, resource)

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        """All that it takes to create, update or delete it."""
        tag_action = self.schema(site).tag_action
        tagging = (tag_action,) if tag_action and tags_of(resource.properties) and verb != "delete" else ()
        for action in (*self.actions._asdict()[verb], *tagging):
            yield Permission(action, self.about(site, action, resource))

    def reading(self, site: Placement, resource: MadeResource) -> Iterator[Permission]:
        """All that it takes to read it."""
        for action in sorted(self.schema(site).permissions("read") - self.unread):
            yield Permission(action, self.about(site, action, resource))

    def unique_name(self, resource: MadeResource) -> str | None:
        """What no two resources of the kind have in common; None where the service checks it elsewhere."""
        return resource.physical_id

    def refuse_taken(self, site: Placement, draft: MadeResource) -> None:
        """Raises ResourceFailed where the name belongs to something else."""
        name = self.unique_name(draft)
        others = site.inventory.of(self.name, None if self.is_global else site.region)
        in_stacks = name is not None and any(self.unique_name(each) == name for each in others)
        if in_stacks or site.surroundings.taken(self.name, draft.physical_id, site.region):
            raise ResourceFailed(f"{name} already exists")

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        """What the service itself refuses; `old` is what is being changed. Raises ResourceFailed."""

    def made(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        """Show it in the account's surroundings."""

    def check_removal(self, site: Placement, resource: MadeResource) -> None:
        """Why the service does not delete it. Raises ResourceFailed."""
        for each in site.inventory.resources:
            if each.kind in self.held_by and each.mentions(resource.physical_id):
                raise ResourceFailed(f"{resource.physical_id} is in use by {each.physical_id}")

    def removed(self, site: Placement, resource: MadeResource) -> None:
        """Take it out of the surroundings again."""


def tags_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """Tags as a mapping, in either of the two forms that AWS uses."""
    given = properties.get("Tags") or {}
    if isinstance(given, Mapping):
        return {str(key): str(value) for key, value in given.items()}
    return {each["Key"]: each["Value"] for each in given}
