"""What stacks have deployed, read out of the account for those who serve it: API, functions, distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.standins.cloudformation.content_delivery import CACHE_POLICY, DISTRIBUTION, FUNCTION
from tests.standins.cloudformation.functions_and_logs import FUNCTION as LAMBDA_FUNCTION
from tests.standins.cloudformation.resource_kind import MadeResource
from tests.standins.cloudformation.rest_api import DEPLOYMENT, DOMAIN_NAME, MAPPING, STAGE
from tests.standins.cloudformation.service import CloudFormation
from tests.standins.package import FunctionSource


class NothingDeployed(Exception):
    """There is no such thing in the account."""


@dataclass(frozen=True)
class DeployedApi:
    """A REST API as it stands behind a custom domain name."""

    api_id: str
    stage: str
    region: str
    #: The definition as of the deployment that the stage shows.
    definition: Mapping[str, Any]
    functions: tuple[FunctionSource, ...]


def api_behind(stacks: CloudFormation, target: str, domain: str, directory: Path) -> DeployedApi:
    """What a regional domain name leads to for requests to `domain`. The functions' code is written to
    `directory`. Raises NothingDeployed."""
    names = [
        each for each in stacks.inventory.of(DOMAIN_NAME) if each.attributes["RegionalDomainName"] == target
    ]
    if not names or names[0].physical_id != domain:
        raise NothingDeployed(f"{target} is not the target of a custom domain name {domain}")
    region = names[0].region
    mapping = _only(stacks, MAPPING, region, DomainName=domain)
    stage = _only(stacks, STAGE, region, RestApiId=mapping.properties["RestApiId"])
    deployment = stacks.inventory.find(DEPLOYMENT, stage.properties["DeploymentId"], region)
    if deployment is None or stage.physical_id != mapping.properties["Stage"]:
        raise NothingDeployed(f"the mapping of {domain} leads to no deployed stage")
    definition = deployment.attributes["Definition"]
    functions = tuple(
        function_source(stacks, each, directory)
        for each in stacks.inventory.of(LAMBDA_FUNCTION, region)
        if f"/{each.attributes['Arn']}/" in str(definition)
    )
    return DeployedApi(mapping.properties["RestApiId"], stage.physical_id, region, definition, functions)


def distribution_at(stacks: CloudFormation, target: str) -> dict[str, Any]:
    """The distribution that a CloudFront name leads to, with its functions and policies, as a template of its
    own that takes no parameters. Raises NothingDeployed."""
    found = [each for each in stacks.inventory.of(DISTRIBUTION) if each.attributes["DomainName"] == target]
    if not found:
        raise NothingDeployed(f"{target} is not the name of a distribution")
    parts = [
        each
        for each in stacks.inventory.resources
        if each.stack_id == found[0].stack_id and each.kind in (DISTRIBUTION, FUNCTION, CACHE_POLICY)
    ]
    references: dict[str, Any] = {
        each.physical_id: {"Fn::GetAtt": [each.logical_id, "FunctionMetadata.FunctionARN"]}
        if each.kind == FUNCTION
        else {"Ref": each.logical_id}
        for each in parts
    }

    def referring(document: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(document, Mapping):
            return {key: referring(value) for key, value in document.items()}
        if isinstance(document, list):
            return [referring(value) for value in document]
        return references.get(document, document) if isinstance(document, str) else document

    return {
        "Resources": {
            each.logical_id: {"Type": each.kind, "Properties": referring(each.properties)} for each in parts
        }
    }


def function_source(stacks: CloudFormation, function: MadeResource, directory: Path) -> FunctionSource:
    """A function as it would run; its zip is written to `directory`, one for each state of the code."""
    properties = function.properties
    code = stacks.inventory.code[function.attributes["Arn"]]
    archive = directory / f"{sha256(code).hexdigest()}.zip"
    if not archive.exists():
        archive.write_bytes(code)
    return FunctionSource(
        name=function.physical_id,
        arn=function.attributes["Arn"],
        handler=properties["Handler"],
        archive=archive,
        timeout=float(properties["Timeout"]),
        memory=int(properties["MemorySize"]),
        environment=properties.get("Environment", {}).get("Variables", {}),
    )


def _only(stacks: CloudFormation, kind: str, region: str, **properties: str) -> MadeResource:
    for each in stacks.inventory.of(kind, region, **properties):
        return each
    raise NothingDeployed(f"there is no {kind} with {properties}")
