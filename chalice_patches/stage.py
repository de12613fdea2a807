"""The stage of the Chalice command that is running: what must be right about it before anything is made.

Chalice 1.34 takes a stage that the configuration does not name for a new, empty one; it deploys a placeholder
as it deploys a domain, and half a deployment stays when AWS refuses that; and it knows no region but that of
the credentials.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.session import Session
from chalice.constants import DEFAULT_STAGE_NAME

from chalice_patches.refusal import end_command
from chalicelib.registry_host import shown

CONFIG = ".chalice/config.json"
OWN_KEY = "custom_ecr_domain"
"""The key of a stage under which `ecr-domain init` keeps its settings."""
ECR_DOMAIN = ".venv/bin/ecr-domain"

_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
# https://www.rfc-editor.org/rfc/rfc2606#section-3
_EXAMPLES = ("example.com", "example.net", "example.org")
_NO_CERTIFICATE = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Command:
    """A Chalice command and the stage that it is about."""

    #: Such as deploy, package, local.
    name: str
    stage: str
    #: Whether a template is merged in, such as infra/templates/service.json, which has the domain.
    merges: bool = False

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Command:
        """From the arguments of the process: Chalice tells the application nothing else."""
        given = list(arguments[1:])
        stage = DEFAULT_STAGE_NAME
        for number, argument in enumerate(given):
            if argument == "--stage":
                stage = "".join(given[number + 1 : number + 2])
            elif argument.startswith("--stage="):
                stage = argument.partition("=")[2]
        known = ("deploy", "package", "local")
        name = next((argument for argument in given if argument in known), "")
        return cls(name, stage, any(argument.startswith("--merge-template") for argument in given))


def check_stage(command: Command, project: Path, environment: MutableMapping[str, str]) -> str:
    """End the command with one line where its stage cannot be what the user means; set the region of the
    stage in the environment. Returns what the user has to know when the command is done, or ""."""
    document = json.loads((project / CONFIG).read_text(encoding="utf-8"))
    stages = document.get("stages", {})
    if command.stage not in stages:
        there, stage_shown = ", ".join(stages), shown(command.stage)
        end_command(
            f"the stage {stage_shown!r} is not in {CONFIG}, which has {there or 'none'}; correct it, or "
            f"run `{ECR_DOMAIN} init --stage {stage_shown} --region REGION --domain NAME` to set it up"
        )
    if command.name not in ("deploy", "package"):
        return ""
    stage = stages[command.stage]
    domain = stage.get("api_gateway_custom_domain") or document.get("api_gateway_custom_domain") or {}
    _refuse_placeholders(command.stage, domain)
    own = stage.get(OWN_KEY)
    if own is not None and command.name == "deploy":
        end_command(
            f"the stage {command.stage!r} is deployed by `{ECR_DOMAIN} up --stage {command.stage}` (it has "
            f"{OWN_KEY} in {CONFIG}); `chalice deploy` would make a second API beside it"
        )
    region = (own or {}).get("region") or _region_of(domain)
    if command.name == "package" and not region and Session().get_config_variable("region") is None:
        # Chalice asks for a region, and what it packages for a stage without a domain names none.
        region = "us-east-1"
    _set_region(command.stage, region, environment)
    if own is None and not domain and not command.merges:
        missing = "registry clients still need a domain in front of this"
        if command.name == "package":
            return f"{missing}; docs/deployment.md says how CloudFormation and Terraform add it"
        return f"{missing}; next: {ECR_DOMAIN} init --region {region or 'REGION'} --domain NAME"
    return ""


def _refuse_placeholders(stage: str, domain: Mapping[str, Any]) -> None:
    name, arn = str(domain.get("domain_name", "")), str(domain.get("certificate_arn", ""))
    if any(name == example or name.endswith(f".{example}") for example in _EXAMPLES):
        end_command(
            f"domain_name={shown(name)!r} (stage {stage!r} in {CONFIG}) is an example; set your own name"
        )
    if _NO_CERTIFICATE in arn:
        end_command(
            f"certificate_arn={shown(arn)!r} (stage {stage!r} in {CONFIG}) is an example; set your own"
        )


def _region_of(domain: Mapping[str, Any]) -> str:
    """A regional API takes a certificate of its own region alone."""
    return "".join(str(domain.get("certificate_arn", "")).split(":")[3:4])


def _set_region(stage: str, region: str, environment: MutableMapping[str, str]) -> None:
    for variable in _REGION_VARIABLES:
        given = environment.get(variable)
        if region and given and given != region:
            end_command(
                f"{variable}={shown(given)!r} (environment): the stage {stage!r} is in {region} ({CONFIG}); "
                "unset it, or choose the stage of that region"
            )
    if region:
        environment["AWS_DEFAULT_REGION"] = region
