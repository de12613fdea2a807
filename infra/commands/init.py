"""`init`: find what a domain needs in the account, ask for what cannot be found, write the stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from infra import certificate as certificates
from infra import zone as zones
from infra.aws import Aws, absent_as_none, refusals
from infra.checks import before, problems
from infra.commands.report import Report
from infra.config_file import (
    CONFIG_PATH,
    read_document,
    settings_with,
    stage_to_set_up,
    with_stage,
    write_document,
)
from infra.errors import PROGRAM, NotReady
from infra.settings import EDGE_REGION, OWN_KEY, DeploymentSettings, flag_of
from infra.site import Site, World

BOUNDARY_NAME = "custom-ecr-domain-boundary"
"""The managed policy of templates/deployer.json that bounds the functions' roles."""


def init(world: World, stage: str, region: str | None, given: Mapping[str, Any]) -> Report:
    """Set a stage up. `given` holds the values of flags by field name. Creates nothing but the stage in the
    configuration. Raises InvalidConfiguration and NotReady for what `plan` would refuse."""
    terminal = world.terminal
    document = read_document(world.project)
    aws = world.connect(world.profile, region)
    account = aws.account()
    stage = stage_to_set_up(document, stage, aws.region)
    terminal.progress(f"account {account.id}, region {aws.region}, stage {stage}")
    known = document["stages"].get(stage, {}).get(OWN_KEY, {})
    values: dict[str, Any] = {**given, "region": aws.region}
    if "domain" not in values:
        values["domain"] = terminal.ask("domain name of the registry:", known.get("domain", ""))
    values["domain"] = values["domain"].strip().lower().rstrip(".")
    if "edge" not in values and not account.has_cloudfront:
        terminal.progress(f"the partition {account.partition} has no CloudFront: the edge is off")
        values["edge"] = "off"
    # The zone is looked for when all else is known to be accepted.
    placeholder = {"hosted_zone_id": known.get("hosted_zone_id") or "Z0"}
    flags = {name: flag_of(name) for name in values}
    settings_with(document, stage, {**placeholder, **values}, flags)
    values.setdefault("hosted_zone_id", _zone(aws, values["domain"]))
    settings = settings_with(document, stage, values, flags)
    site = Site(world, stage, settings, document, aws, account)
    site = replace(site, settings=_found(site, given))
    refused = problems(before(site, site.stacks()))
    if refused:
        raise NotReady(*refused)
    settings = site.settings
    write_document(world.project, with_stage(document, stage, settings))
    certificate = settings.certificate_arn or "made by the stack"
    terminal.progress(f"zone {settings.hosted_zone_id}, certificate {certificate}, edge {settings.edge}")
    terminal.progress(f"wrote the stage {stage} to {CONFIG_PATH}; next: {PROGRAM} up --stage {stage}")
    return Report("init", stage, aws.region, 0, True)


def _zone(aws: Aws, domain: str) -> str:
    found = zones.closest(zones.zones_of(aws), domain)
    if found is None:
        raise NotReady(
            f"no public hosted zone of this account holds {domain} (--domain); create one "
            "(aws route53 create-hosted-zone) and delegate to it, or use the account that has it"
        )
    return found.id


def _found(site: Site, given: Mapping[str, Any]) -> DeploymentSettings:
    """The settings with what the account has: certificates that were issued, and the permissions boundary.
    What a stack that is there uses already is left as it is."""
    settings, standing = site.settings, site.standing()
    found: dict[str, Any] = {}
    if "certificate_arn" not in given and standing.service is None:
        found["certificate_arn"] = _certificate(site.aws, settings.domain)
    if settings.has_edge and "edge_certificate_arn" not in given and standing.edge is None:
        aws = site.world.connect(site.world.profile, EDGE_REGION)
        found["edge_certificate_arn"] = _certificate(aws, settings.domain)
    if not settings.permissions_boundary_arn:
        arn = f"arn:{site.account.partition}:iam::{site.account.id}:policy/{BOUNDARY_NAME}"
        with refusals():
            there = absent_as_none(lambda: site.aws.iam.get_policy(PolicyArn=arn))
        found["permissions_boundary_arn"] = arn if there else ""
    return replace(settings, **found)


def _certificate(aws: Aws, domain: str) -> str:
    issued = certificates.best(certificates.certificates_in(aws), domain)
    return issued.arn if issued else ""
