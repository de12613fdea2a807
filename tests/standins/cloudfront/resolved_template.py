"""A CloudFormation template as CloudFormation reads it: parameters filled in, references followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.standins.cloudformation.errors import CloudFormationError, NotImitated
from tests.standins.cloudformation.intrinsics import Resolver

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
        resolver = Resolver(self._values, template.get("Conditions", {}), {}, self._lookup)
        try:
            self.resources: Mapping[str, Any] = {
                name: resolver.resolve(resource)
                for name, resource in template["Resources"].items()
                if "Condition" not in resource or resolver.condition(resource["Condition"])
            }
        except (CloudFormationError, NotImitated) as error:
            raise UnresolvedTemplate(str(error)) from error

    def of_type(self, kind: str) -> dict[str, Any]:
        """The properties of all resources of a type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}

    def _lookup(self, name: str, attribute: str | None) -> str:
        value = self._values.get(f"{name}.{attribute}" if attribute else name)
        if value is None and attribute and name in self._values:
            value = f"{attribute}-of-{name}"
        if value is None:
            raise UnresolvedTemplate(
                f"{name}.{attribute} is not there" if attribute else f"{name} is not there"
            )
        return value
