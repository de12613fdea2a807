"""What AWS publishes about a resource type: its properties, attributes, and the permissions of its handlers.

The schemas are CloudFormation's own, as cfn-lint ships them for each region, so that no list of properties
is kept here: https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from cfnlint.jsonschema import CfnTemplateValidator

from tests.standins.cloudformation.errors import CloudFormationError

_SCHEMAS = files("cfnlint") / "data" / "schemas"


@dataclass(frozen=True)
class ResourceSchema:
    """One type in one region."""

    #: Such as `AWS::Logs::LogGroup`.
    name: str
    document: Mapping[str, Any]

    @property
    def attributes(self) -> frozenset[str]:
        """What `Fn::GetAtt` may ask for; a nested one is written with dots."""
        return self._names("readOnlyProperties")

    @property
    def create_only(self) -> frozenset[str]:
        """Top-level properties whose change replaces the resource."""
        return frozenset(name.partition(".")[0] for name in self._names("createOnlyProperties"))

    @property
    def identifiers(self) -> frozenset[str]:
        """The properties that tell one resource from all others of its type."""
        return self._names("primaryIdentifier")

    @property
    def name_property(self) -> str | None:
        """The name, where a user may choose it: an identifier that AWS does not make."""
        chosen = self.identifiers - self.attributes
        return next(iter(chosen)) if len(self.identifiers) == len(chosen) == 1 else None

    def longest(self, name: str | None) -> int:
        """The most characters of a text property."""
        return int(self.document["properties"].get(name, {}).get("maxLength", 64))

    @property
    def tag_action(self) -> str | None:
        """The permission to give it tags."""
        listed = (self.document.get("tagging") or {}).get("permissions", ())
        return next((each for each in listed if ":Tag" in each or ":AddTags" in each), None)

    @property
    def taggable(self) -> bool:
        """Whether a stack's tags are given to its resources of this type."""
        tagging = self.document.get("tagging") or {}
        return bool(tagging.get("taggable")) and "Tags" in self.document["properties"]

    def _names(self, section: str) -> frozenset[str]:
        paths = self.document.get(section) or ()
        return frozenset(path.removeprefix("/properties/").replace("/", ".") for path in paths)

    def permissions(self, verb: str) -> frozenset[str]:
        """The IAM actions that AWS lists for `create`, `read`, `update` or `delete`."""
        handler = (self.document.get("handlers") or {}).get(verb, {})
        return frozenset(handler.get("permissions", ()))

    def problems(self, properties: Mapping[str, Any]) -> list[str]:
        """Why these properties, with every function resolved, are not accepted; in CloudFormation's words."""
        found = [
            f"#: extraneous key [{name}] is not permitted"
            for name in properties
            if name in self.attributes - self.create_only
        ]
        validator = CfnTemplateValidator(schema=self.document)
        # CloudFormation converts between texts, numbers and truth values; parameters are always texts.
        validator = validator.evolve(context=validator.context.evolve(strict_types=False))
        for error in validator.iter_errors(dict(properties)):
            *place, last = ["#", *map(str, error.path)]
            if error.validator == "additionalProperties":
                found.append(f"{'/'.join(place)}: extraneous key [{last}] is not permitted")
            else:
                found.append(f"{'/'.join([*place, last])}: {error.message}")
        return found


@lru_cache
def _types(region: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads((_SCHEMAS / "providers" / f"{region}.json").read_text())
    return found


@lru_cache
def schema_of(name: str, region: str) -> ResourceSchema:
    """Raises CloudFormationError for a type that the region does not have."""
    file = _types(region).get(name)
    if file is None:
        raise CloudFormationError(f"Template format error: Unrecognized resource types: [{name}]")
    return ResourceSchema(name, json.loads((_SCHEMAS / "resources" / f"{file}.json").read_text()))
