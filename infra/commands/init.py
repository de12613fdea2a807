"""`init`: find what a domain needs in the account, ask for what cannot be found, write the stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra import zone as zones
from infra.aws import Account, Aws, absent_as_none, refusals
from infra.checks import before, problems
from infra.commands.report import Report
from infra.config_file import (
    CONFIG_PATH,
    domain_of,
    read_document,
    region_of,
    settings_in,
    stage_to_set_up,
    with_stage,
    write_document,
)
from infra.errors import PROGRAM, NotReady
from infra.settings import check_alone, flag_of
from infra.site import CommandContext, DeployedStage

BOUNDARY_NAME = "custom-ecr-domain-boundary"
"""The managed policy of templates/deployer.json that bounds the functions' roles."""


def init(world: CommandContext, stage: str, region: str | None, given: Mapping[str, Any]) -> Report:
    """Set a stage up. `given` holds the values of flags by field name. Makes nothing but the stage in the
    configuration. Without a region, it is the one that the file gives the stage, else that of the profile or
    the environment. Raises InvalidConfiguration and NotReady for what `plan` would refuse."""
    terminal, document = world.terminal, read_document(world.project)
    values = dict(given)
    if "domain" in values:
        values["domain"] = _as_name(values["domain"])
    check_alone(values, {name: flag_of(name) for name in values}, "")
    # AWS's other tools read this variable first, and boto3 does not read it at all.
    region = region or region_of(document, stage) or world.environment.get("AWS_REGION") or None
    aws = world.connect(world.profile, region)
    account = aws.account()
    stage = stage_to_set_up(document, stage, aws.region)
    values["region"] = aws.region
    if "domain" not in values and domain_of(document, stage) is None:
        values["domain"] = _as_name(terminal.ask("domain name of the registry:", "--domain NAME"))
    if "edge" not in values and not account.has_cloudfront:
        terminal.progress(f"CloudFront is not in the partition {account.partition}: the edge is off")
        values["edge"] = "off"
    # The zone is looked for when all else is accepted.
    settings = settings_in(document, stage, {"hosted_zone_id": "Z0", **values})
    if "hosted_zone_id" not in values:
        settings = replace(settings, hosted_zone_id=_zone(aws, settings.domain))
    if not settings.permissions_boundary_arn:
        settings = replace(settings, permissions_boundary_arn=_boundary(aws, account))
    site = DeployedStage(world, stage, settings, document, aws, account, frozenset(given))
    refused = problems(before(site, site.stacks()))
    if refused:
        raise NotReady(*refused)
    profile = f" --profile {world.profile}" if world.profile else ""
    write_document(world.project, with_stage(document, stage, settings))
    certificate = settings.certificate_arn or "made by the stack"
    terminal.progress(f"account {account.id}, region {aws.region}, zone {settings.hosted_zone_id}")
    terminal.progress(f"certificate {certificate}, edge {settings.edge}")
    terminal.progress(
        f"wrote the stage {stage} to {CONFIG_PATH}; next: {PROGRAM} up --stage {stage}{profile}"
    )
    return Report("init", stage, aws.region, 0, True)


def _as_name(text: str) -> str:
    return text.strip().lower().rstrip(".")


def _zone(aws: Aws, domain: str) -> str:
    found = zones.closest(zones.zones_of(aws), domain)
    if found is None:
        raise NotReady(
            f"no public hosted zone of this account holds {domain} (--domain); create one "
            "(aws route53 create-hosted-zone) and delegate to it, or use the account that has it"
        )
    return found.id


def _boundary(aws: Aws, account: Account) -> str:
    """The ARN of the boundary that the deployer's template made; empty where it did not."""
    arn = f"arn:{account.partition}:iam::{account.id}:policy/{BOUNDARY_NAME}"
    with refusals():
        return arn if absent_as_none(lambda: aws.iam.get_policy(PolicyArn=arn)) else ""
