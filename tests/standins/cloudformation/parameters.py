"""The parameters of a template: what was given, held against what is declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.standins.cloudformation.errors import CloudFormationError, NotImitated

_PLAIN = ("String", "Number", "CommaDelimitedList", "List<Number>", "List<String>")
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


def typed(value: str, declaration: Mapping[str, Any]) -> str | list[str]:
    """A parameter's value as `Ref` gives it."""
    if declaration["Type"] == "CommaDelimitedList" or declaration["Type"].startswith("List<"):
        return [each.strip() for each in value.split(",")] if value else []
    return value


def _check(name: str, value: str, declaration: Mapping[str, Any], exists: Callable[[str], bool]) -> None:
    kind = declaration["Type"]
    reason = declaration.get("ConstraintDescription")

    def refuse(rule: str) -> None:
        raise CloudFormationError(
            f"Parameter '{name}' {f'failed to satisfy constraint: {reason}' if reason else rule}"
        )

    if kind == ZONE:
        if not exists(value):
            raise CloudFormationError(
                f"Parameter validation failed: parameter value {value} for parameter name {name} does not "
                "exist. Rollback requested by user."
            )
    elif kind not in _PLAIN:
        raise NotImitated(f"parameters of type {kind}")
    if kind == "Number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        refuse("must be a number")
    if "AllowedValues" in declaration and value not in map(_text, declaration["AllowedValues"]):
        refuse("must be one of AllowedValues")
    if "AllowedPattern" in declaration and not re.fullmatch(declaration["AllowedPattern"], value):
        refuse(f"must match pattern {declaration['AllowedPattern']}")
    if len(value) < int(declaration.get("MinLength", 0)):
        refuse(f"must contain at least {declaration['MinLength']} characters")
    if len(value) > int(declaration.get("MaxLength", 4096)):
        refuse(f"must contain at most {declaration.get('MaxLength', 4096)} characters")
    if kind == "Number" and not float(declaration.get("MinValue", "-inf")) <= float(value) <= float(
        declaration.get("MaxValue", "inf")
    ):
        refuse("must be within MinValue and MaxValue")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
