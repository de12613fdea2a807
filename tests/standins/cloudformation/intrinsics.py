"""The functions of a template: what they refer to, and their values.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.cloudformation.errors import CloudFormationError, NotImitated

NO_VALUE = object()
_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
_LITERAL = re.compile(r"\$\{!([^}]*)\}")
_CONDITIONS = ("Fn::Equals", "Fn::Not", "Condition")
_VALUES = ("Ref", "Fn::GetAtt", "Fn::If", "Fn::Join", "Fn::Sub")


def function_of(document: Any) -> tuple[str, Any] | None:  # noqa: ANN401 - JSON
    """The one function that a mapping is, and its argument. Raises NotImitated."""
    if not isinstance(document, Mapping) or len(document) != 1:
        return None
    ((name, argument),) = document.items()
    if name.startswith("Fn::") and name not in _VALUES + _CONDITIONS:
        raise NotImitated(f"the function {name}")
    if name.startswith("Fn::") or (name in ("Ref", "Condition") and isinstance(argument, str)):
        return name, argument
    return None


def references(document: Any) -> Iterator[tuple[str, str | None]]:  # noqa: ANN401 - JSON
    """Every (name, attribute) that a document refers to; None for a `Ref`."""
    function = function_of(document)
    if function is not None and function[0] == "Ref":
        yield str(function[1]), None
    elif function is not None and function[0] == "Fn::GetAtt":
        name, attribute = function[1]
        yield name, attribute
    elif function is not None and function[0] == "Fn::Sub":
        text, own = (function[1], {}) if isinstance(function[1], str) else function[1]
        for variable in _VARIABLE.findall(text):
            name, dot, attribute = variable.strip().partition(".")
            if name not in own:
                yield name, attribute if dot else None
        yield from references(list(own.values()))
    elif isinstance(document, Mapping):
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


@dataclass(frozen=True)
class Resolver:
    """Values for a template's functions.

    `values` are parameters and pseudo parameters; `lookup` answers for resources (attribute None: the
    physical id); `conditions` are the template's own.
    """

    values: Mapping[str, Any]
    conditions: Mapping[str, Any]
    lookup: Callable[[str, str | None], Any]

    def resolve(self, document: Any) -> Any:  # noqa: ANN401 - JSON
        """The document without functions; what has no value is gone. Raises CloudFormationError."""
        value = self._value(document)
        return None if value is NO_VALUE else value

    def condition(self, name: str) -> bool:
        if name not in self.conditions:
            raise CloudFormationError(f"Template format error: Unresolved condition dependency {name}")
        return self._truth(self.conditions[name])

    def _value(self, document: Any) -> Any:  # noqa: ANN401 - JSON
        function = function_of(document)
        if function is not None and function[0] not in _CONDITIONS:
            return self._call(*function)
        if isinstance(document, Mapping):
            pairs = {key: self._value(value) for key, value in document.items()}
            return {key: value for key, value in pairs.items() if value is not NO_VALUE}
        if isinstance(document, list):
            return [value for value in map(self._value, document) if value is not NO_VALUE]
        return document

    def _call(self, name: str, argument: Any) -> Any:  # noqa: ANN401 - JSON
        if name == "Ref":
            return self._reference(argument, None)
        if name == "Fn::GetAtt":
            return self._reference(*argument)
        if name == "Fn::If":
            return self._value(argument[1] if self.condition(argument[0]) else argument[2])
        if name == "Fn::Sub":
            return self._substitute(argument)
        return str(argument[0]).join(map(_text, self._value(argument[1])))

    def _reference(self, name: str, attribute: str | None) -> Any:  # noqa: ANN401 - JSON
        if name == "AWS::NoValue":
            return NO_VALUE
        if attribute is None and name in self.values:
            return self.values[name]
        return self.lookup(name, attribute)

    def _substitute(self, argument: Any) -> str:  # noqa: ANN401 - JSON
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def value(match: re.Match[str]) -> str:
            variable = match.group(1).strip()
            if variable in own:
                return _text(self._value(own[variable]))
            name, dot, attribute = variable.partition(".")
            return _text(self._reference(name, attribute if dot else None))

        return _LITERAL.sub(r"${\1}", _VARIABLE.sub(value, text))

    def _truth(self, document: Any) -> bool:  # noqa: ANN401 - JSON
        function = function_of(document)
        if function is None or function[0] not in _CONDITIONS:
            raise CloudFormationError(f"Template error: {document!r} is not a condition")
        name, argument = function
        if name == "Condition":
            return self.condition(argument)
        if name == "Fn::Equals":
            return _text(self._value(argument[0])) == _text(self._value(argument[1]))
        return not self._truth(argument[0])


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    """As CloudFormation writes a value into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise CloudFormationError(f"Template error: every value must be a string, not {value!r}")
