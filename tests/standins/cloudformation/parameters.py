"""The parameters of a template: what was given, held against what is declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.standins.cloudformation.errors import CloudFormationError, NotImitated

_KNOWN = frozenset({"Type", "Description", "Default", "AllowedValues", "AllowedPattern", "NoEcho"})
_LONGEST = 4096
ZONE = "AWS::Route53::HostedZone::Id"
"""The one type of AWS' own that is looked up."""


def parameter_values(
    declared: Mapping[str, Mapping[str, Any]],
    given: Iterable[Mapping[str, Any]],
    previous: Mapping[str, str],
    exists: Callable[[str], bool],
) -> dict[str, str]:
    """The value of each declared parameter. `exists` answers for a hosted zone's id.

    Raises CloudFormationError for one that is missing, not declared or not allowed.
    """
    values: dict[str, str] = {}
    for each in given:
        name = each["ParameterKey"]
        if name not in declared:
            raise CloudFormationError(f"Parameters: [{name}] do not exist in the template")
        if each.get("UsePreviousValue"):
            if name not in previous:
                raise CloudFormationError(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a "
                    "parameter key not in the previous template"
                )
            values[name] = previous[name]
        else:
            values[name] = each["ParameterValue"]
    for name, declaration in declared.items():
        if name not in values and "Default" in declaration:
            values[name] = _text(declaration["Default"])
    if missing := sorted(declared.keys() - values.keys()):
        raise CloudFormationError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        _check(name, value, declared[name], exists)
    return values


def _check(name: str, value: str, declaration: Mapping[str, Any], exists: Callable[[str], bool]) -> None:
    if declaration["Type"] not in ("String", "Number", ZONE):
        raise NotImitated(f"parameters of type {declaration['Type']}")
    if unknown := sorted(declaration.keys() - _KNOWN):
        raise NotImitated(f"parameters with {unknown}")
    if declaration["Type"] == ZONE and not exists(value):
        raise CloudFormationError(
            f"Parameter validation failed: parameter value {value} for parameter name {name} does not "
            "exist. Rollback requested by user."
        )
    rule = ""
    if declaration["Type"] == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        rule = "must be a number"
    elif "AllowedValues" in declaration and value not in map(_text, declaration["AllowedValues"]):
        rule = "must be one of AllowedValues"
    elif not re.fullmatch(declaration.get("AllowedPattern", ".*"), value, re.DOTALL):
        rule = f"must match pattern {declaration['AllowedPattern']}"
    elif len(value) > _LONGEST:
        rule = f"must contain at most {_LONGEST} characters"
    if rule:
        raise CloudFormationError(f"Parameter '{name}' {rule}")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
