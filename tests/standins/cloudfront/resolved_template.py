"""A CloudFormation template as CloudFormation reads it: parameters filled in, references followed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "edge",
}


class UnresolvedTemplate(Exception):
    """The template uses what is not there, or what this reader does not know."""


class ResolvedTemplate:
    """`resources` by logical id, each with `Type` and `Properties`; `references` are extra values by name,
    as `Fn::GetAtt` and `Ref` name them. Raises UnresolvedTemplate."""

    def __init__(
        self, template: Mapping[str, Any], parameters: Mapping[str, str], references: Mapping[str, str]
    ) -> None:
        declared = template.get("Parameters", {})
        if unknown := set(parameters) - set(declared):
            raise UnresolvedTemplate(f"the template has no parameters {sorted(unknown)}")
        self._values = {**_PSEUDO_PARAMETERS, **references}
        for name, declaration in declared.items():
            value = parameters.get(name, declaration.get("Default"))
            if value is None:
                raise UnresolvedTemplate(f"the parameter {name} has no value")
            self._values[name] = value
        for name in template["Resources"]:
            self._values.setdefault(name, f"physical-id-of-{name}")
        self.resources: Mapping[str, Any] = self._resolve(template["Resources"])

    def of_type(self, kind: str) -> dict[str, Any]:
        """The properties of all resources of a type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    def _resolve(self, document: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(document, list):
            return [self._resolve(each) for each in document]
        if not isinstance(document, dict):
            return document
        if len(document) == 1:
            (key, argument) = next(iter(document.items()))
            if key == "Ref":
                return self._value(argument)
            if key == "Fn::GetAtt":
                return self._attribute(*argument)
            if key == "Fn::Sub":
                return re.sub(r"\$\{([^}!]+)\}", lambda match: self._value(match[1]), argument)
            if key.startswith("Fn::"):
                raise UnresolvedTemplate(f"{key} is not known here")
        return {key: self._resolve(value) for key, value in document.items()}

    def _attribute(self, name: str, attribute: str) -> str:
        value = self._values.get(f"{name}.{attribute}")
        if value is None and name in self._values:
            value = f"{attribute}-of-{name}"
        if value is None:
            raise UnresolvedTemplate(f"{name}.{attribute} is not there")
        return value

    def _value(self, name: str) -> str:
        if name not in self._values:
            raise UnresolvedTemplate(f"{name} is not there")
        return self._values[name]
