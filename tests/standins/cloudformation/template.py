"""A template as CloudFormation reads it: decoded, SAM's resources expanded, every reference checked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import boto3
import yaml
from cfnlint.decode import decode_str
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.standins.cloudformation.errors import CloudFormationError, NotImitated
from tests.standins.cloudformation.intrinsics import Resolver, references
from tests.standins.cloudformation.resource_schema import schema_of

SERVERLESS = "AWS::Serverless-2016-10-31"
PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NoValue",
        "NotificationARNs",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)
_SECTIONS = frozenset(
    {"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Rules"}
    | {"Transform", "Globals", "Resources", "Outputs", "Hooks"}
)
_POLICIES = frozenset({"DeletionPolicy", "UpdateReplacePolicy"})
_RESOURCE_KEYS = frozenset({"Type", "Properties", "DependsOn", "Condition", "Metadata"}) | _POLICIES
_OF_IAM = {"AWS::IAM::Role": "RoleName", "AWS::IAM::ManagedPolicy": "ManagedPolicyName"}
"""What takes a consent, with the property that takes a second one."""


@dataclass(frozen=True)
class Declared:
    """One resource of a template."""

    logical_id: str
    kind: str
    properties: Mapping[str, Any]
    condition: str | None
    depends_on: frozenset[str]
    """Logical ids: DependsOn, and all that the properties refer to."""


@dataclass(frozen=True)
class Template:
    """`text` as it was given; the rest after transforms."""

    text: str
    transformed: bool
    parameters: Mapping[str, Mapping[str, Any]]
    conditions: Mapping[str, Any]
    resources: Mapping[str, Declared]
    outputs: Mapping[str, Mapping[str, Any]]
    document: Mapping[str, Any] = field(repr=False)

    def included(self, resolver: Resolver) -> dict[str, Declared]:
        """The resources whose condition holds, each after all that it depends on."""
        there = {
            name: each
            for name, each in self.resources.items()
            if each.condition is None or resolver.condition(each.condition)
        }
        ordered: dict[str, Declared] = {}
        while len(ordered) < len(there):
            ready = [
                name
                for name, each in there.items()
                if name not in ordered and not (each.depends_on & there.keys()) - ordered.keys()
            ]
            if not ready:
                stuck = ", ".join(sorted(there.keys() - ordered.keys()))
                raise CloudFormationError(f"Circular dependency between resources: [{stuck}]")
            ordered[ready[0]] = there[ready[0]]
        return ordered

    def capability(self) -> str | None:
        """What the user must acknowledge before these resources are made."""
        roles = [each for each in self.resources.values() if each.kind in _OF_IAM]
        if any(_OF_IAM[each.kind] in each.properties for each in roles):
            return "CAPABILITY_NAMED_IAM"
        return "CAPABILITY_IAM" if roles else None


def read_template(text: str, region: str, values: Mapping[str, Any]) -> Template:
    """`values` are the given parameters and the pseudo parameters. Raises CloudFormationError."""
    document = _decode(text)
    if unknown := sorted(set(document) - _SECTIONS):
        raise CloudFormationError(f"Invalid template property or properties {unknown}")
    if not document.get("Resources"):
        raise CloudFormationError("Template format error: At least one Resources member must be defined.")
    transforms = document.get("Transform", [])
    transforms = [transforms] if isinstance(transforms, str) else transforms
    if set(transforms) - {SERVERLESS}:
        raise NotImitated(f"the transforms {transforms}")
    if any("Export" in output for output in document.get("Outputs", {}).values()):
        raise NotImitated("exports")
    expanded = _expand(json.dumps(document), region, json.dumps(dict(values))) if transforms else document
    template = Template(
        text,
        bool(transforms),
        MappingProxyType(expanded.get("Parameters", {})),
        MappingProxyType(expanded.get("Conditions", {})),
        MappingProxyType(dict(_declared(expanded))),
        MappingProxyType(expanded.get("Outputs", {})),
        expanded,
    )
    _check(template, region)
    return template


def _decode(text: str) -> dict[str, Any]:
    try:
        document, problems = decode_str(text)
    except yaml.YAMLError as error:
        raise CloudFormationError(f"Template format error: {error}") from error
    if problems or not isinstance(document, dict):
        raise CloudFormationError("Template format error: unsupported structure.")
    plain: dict[str, Any] = json.loads(json.dumps(document))
    return plain


@lru_cache(maxsize=64)
def _expand(document: str, region: str, values: str) -> dict[str, Any]:
    """SAM's own translator; AWS runs the same code."""
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=region))
    try:
        expanded: dict[str, Any] = translator.translate(json.loads(document), json.loads(values))
    except InvalidDocumentException as error:
        raise CloudFormationError(f"Transform {SERVERLESS} failed with: {error.message}") from error
    return json.loads(json.dumps(expanded))  # type: ignore[no-any-return]


def _declared(document: Mapping[str, Any]) -> Iterator[tuple[str, Declared]]:
    resources = document["Resources"]
    for name, resource in resources.items():
        if not name.isalnum():
            raise CloudFormationError(f"Template format error: Resource name {name} is non alphanumeric.")
        if unknown := sorted(set(resource) - _RESOURCE_KEYS):
            raise CloudFormationError(f"Invalid template resource property '{unknown[0]}'")
        if any(resource.get(policy, "Delete") != "Delete" for policy in _POLICIES):
            raise NotImitated(f"the deletion policy of {name}")
        if "Type" not in resource:
            raise CloudFormationError(
                f"Template format error: [/Resources/{name}] Every Resources object must contain a Type "
                "member."
            )
        given = resource.get("DependsOn", [])
        depends = {given} if isinstance(given, str) else set(given)
        properties = resource.get("Properties", {})
        depends |= {each for each, _ in references(properties) if each in resources}
        yield (
            name,
            Declared(
                name,
                resource["Type"],
                MappingProxyType(properties),
                resource.get("Condition"),
                frozenset(depends),
            ),
        )


def _check(template: Template, region: str) -> None:
    known = template.resources.keys() | template.parameters.keys() | PSEUDO_PARAMETERS
    document = template.document
    for section in ("Resources", "Outputs"):
        found = {name for name, _ in references(document.get(section, {}))} - known
        depends = {name for each in template.resources.values() for name in each.depends_on}
        if missing := sorted(found | (depends - template.resources.keys())):
            raise CloudFormationError(
                f"Template format error: Unresolved resource dependencies {missing} in the {section} "
                "block of the template"
            )
    if (
        outside := {n for n, _ in references(template.conditions)}
        - template.parameters.keys()
        - PSEUDO_PARAMETERS
    ):
        raise CloudFormationError(
            f"Template format error: Unresolved dependencies {sorted(outside)}. Cannot reference "
            "resources in the Conditions block of the template"
        )
    for each in template.resources.values():
        schema_of(each.kind, region)
        if each.condition is not None and each.condition not in template.conditions:
            raise CloudFormationError(
                f"Template format error: Unresolved condition dependency {each.condition} in the Resources "
                "block of the template"
            )
    for name, attribute in references([document["Resources"], document.get("Outputs", {})]):
        if (
            attribute is not None
            and attribute not in schema_of(template.resources[name].kind, region).attributes
        ):
            raise CloudFormationError(
                f"Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )
