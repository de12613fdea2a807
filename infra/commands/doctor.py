"""`doctor`: every check, of the account, of the stacks and of the name from outside. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from infra.checks import before, foreign, problems
from infra.commands.report import Report
from infra.errors import DEPLOYER_TEMPLATE, PROGRAM
from infra.public_name import Finding, probe
from infra.site import CommandContext, DeployedStage
from infra.stack import Condition, Stack
from infra.zone import plain, records_at


def doctor(world: CommandContext, stage: str) -> Report:
    """All findings in the order in which to look at them."""
    site = DeployedStage.of(world, stage)
    stacks = site.stacks()
    seen = probe(world.outside, site.settings.domain, site.registries, site.settings.mode)
    findings = (*before(site, stacks), *_deployed(site, stacks), *seen)
    for finding in findings:
        world.terminal.show(finding.shown)
    status = 1 if problems(findings) else 0
    return Report("doctor", stage, site.settings.region, status, findings=findings, outputs=site.outputs())


def _deployed(site: DeployedStage, stacks: tuple[Stack, ...]) -> Iterator[Finding]:
    up = f"run `{PROGRAM} up --stage {site.stage}`"
    names = [site.service_name, *([site.edge_name] if site.settings.has_edge else [])]
    for missing in (name for name in names if name not in [stack.name for stack in stacks]):
        yield Finding("stack", False, f"there is no stack {missing}; {up}")
    for stack in stacks:
        ready = stack.condition is Condition.READY
        yield Finding("stack", ready, f"{stack.name} is {stack.status}{'' if ready else f'; {up}'}")
        if ready and not foreign(site, stack):
            yield from _drift(site, stack)


def _drift(site: DeployedStage, stack: Stack) -> Iterator[Finding]:
    drift = site.stacks_in(stack.name).drift(stack)
    lines = list(drift.lines)
    if stack.name == site.service_name:
        lines += _records(site, stack)
    for line in lines:
        yield Finding("drift", False, f"{stack.name}: {line}, without CloudFormation; put it back")
    if drift.fault:
        remedy = f"the deployer needs what {DEPLOYER_TEMPLATE} allows"
        yield Finding("drift", False, f"{stack.name} cannot be looked at as a whole: {drift.fault}; {remedy}")
    elif not lines:
        yield Finding("drift", True, f"{stack.name} is as CloudFormation made it")


def _records(site: DeployedStage, stack: Stack) -> Iterator[str]:
    """One line for each alias record that does not lead where the stack says. CloudFormation does not detect
    the drift of records (docs/decisions.md)."""
    domain, region = site.settings.domain, site.settings.region
    target = stack.parameters.get("AliasTargetDomainName") or stack.outputs.get("ApiTarget", "")
    records = records_at(site.aws, stack.parameters.get("HostedZoneId", site.settings.hosted_zone_id), domain)
    found = {record["Type"]: record for record in records if record.get("SetIdentifier") == region}
    for kind in ("A", "AAAA"):
        leads = plain(found.get(kind, {}).get("AliasTarget", {}).get("DNSName", ""))
        if leads != plain(target):
            state = f"leads to {leads}" if leads else "is missing, or no alias"
            yield f"the record {kind} {domain}, which should lead to {target}, {state}"
