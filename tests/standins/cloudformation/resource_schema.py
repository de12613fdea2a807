"""What AWS publishes about a resource type: its properties, attributes, and the permissions of its handlers.

The schemas are CloudFormation's own, as cfn-lint ships them for each region, so that no list of properties
is kept here: https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft7Validator, TypeChecker, ValidationError
from jsonschema.validators import extend

from tests.standins.cloudformation.errors import CloudFormationError

_SCHEMAS = files("cfnlint") / "data" / "schemas"


def _is_number(_: TypeChecker, value: object) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float) or (
        isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    )


def _is_boolean(_: TypeChecker, value: object) -> bool:
    return isinstance(value, bool) or value in ("true", "false")


def _is_string(_: TypeChecker, value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def _pattern(_: Any, pattern: str, value: object, __: object) -> Iterator[ValidationError]:  # noqa: ANN401
    try:
        if isinstance(value, str) and not re.search(pattern, value):
            yield ValidationError(f"{value!r} does not match {pattern!r}")
    except re.error:
        return  # an expression of Java's, which Python cannot read


def _enum(_: Any, allowed: list[object], value: object, __: object) -> Iterator[ValidationError]:  # noqa: ANN401
    if str(value) not in map(str, allowed) and value not in allowed:
        yield ValidationError(f"{value!r} is not a valid enum value")


def _minimum(_: Any, bound: float, value: object, __: object) -> Iterator[ValidationError]:  # noqa: ANN401
    if isinstance(value, int | float | str) and float(value) < bound:
        yield ValidationError(f"{value!r} is less than {bound}")


def _maximum(_: Any, bound: float, value: object, __: object) -> Iterator[ValidationError]:  # noqa: ANN401
    if isinstance(value, int | float | str) and float(value) > bound:
        yield ValidationError(f"{value!r} is greater than {bound}")


# CloudFormation converts between texts, numbers and truth values; parameters are always texts.
_CHECKER = Draft7Validator.TYPE_CHECKER.redefine_many(
    {"integer": _is_number, "number": _is_number, "boolean": _is_boolean, "string": _is_string}
)
_RULES = {"pattern": _pattern, "enum": _enum, "minimum": _minimum, "maximum": _maximum}
_Validator = extend(Draft7Validator, _RULES, type_checker=_CHECKER)


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
        for error in _validator(self.name, json.dumps(self.document)).iter_errors(dict(properties)):
            place = "/".join(["#", *map(str, error.absolute_path)])
            if error.validator == "additionalProperties":
                known = error.schema.get("properties", {})
                extra = ", ".join(sorted(set(error.instance) - set(known)))
                found.append(f"{place}: extraneous key [{extra}] is not permitted")
            else:
                found.append(f"{place}: {error.message}")
        return found


@lru_cache
def _validator(_: str, document: str) -> Any:  # noqa: ANN401 - jsonschema's protocol has no public type
    return _Validator(json.loads(document))


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
