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
    "AWS::URLSuffix": "amazonaws.com",
}


class UnresolvedTemplate(Exception):
    """The template uses what is not there, or what this reader does not know."""


class ResolvedTemplate:
    """`resources` by logical id, each with `Type` and `Properties`; those whose condition does not hold are
    not there. Raises UnresolvedTemplate."""

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        declared = template.get("Parameters", {})
        if unknown := set(parameters) - set(declared):
            raise UnresolvedTemplate(f"the template has no parameters {sorted(unknown)}")
        values = dict(_PSEUDO_PARAMETERS)
        for name, declaration in declared.items():
            value = parameters.get(name, declaration.get("Default"))
            if value is None:
                raise UnresolvedTemplate(f"the parameter {name} has no value")
            values[name] = value
        resources = template["Resources"]

        def lookup(name: str, attribute: str | None) -> str:
            if name not in resources:
                raise UnresolvedTemplate(f"{name} is not there")
            return f"physical-id-of-{name}" if attribute is None else f"{attribute}-of-{name}"

        resolver = Resolver(values, template.get("Conditions", {}), lookup)
        try:
            self.resources: Mapping[str, Any] = {
                name: resolver.resolve({key: each[key] for key in ("Type", "Properties") if key in each})
                for name, each in resources.items()
                if "Condition" not in each or resolver.condition(each["Condition"])
            }
        except (CloudFormationError, NotImitated) as error:
            raise UnresolvedTemplate(str(error)) from error

    def of_type(self, kind: str) -> dict[str, Any]:
        """The properties of all resources of a type, by logical id."""
        return {name: each["Properties"] for name, each in self.resources.items() if each["Type"] == kind}
