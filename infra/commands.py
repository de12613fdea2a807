"""plan, up, doctor and down: read the state, plan, print, apply, look again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra import certificate as certificates
from infra import checks, zone
from infra.answers import probe
from infra.apply import Site, apply
from infra.aws import Aws, absent_as_none, refusals
from infra.chalice_cli import ChaliceCli
from infra.changes import Change, Deploy, as_json
from infra.checks import Finding, registry_answers
from infra.clock import Clock
from infra.configuration import Configuration, configuration_of
from infra.configuration_file import read_document
from infra.errors import NotReady, NotSettled
from infra.outside import Outside
from infra.plan import plan_down, plan_up
from infra.source import source_digest
from infra.state import State
from infra.survey import account_of
from infra.terminal import Terminal

# A second round takes what a deployment took back; a third would mean that two rules fight.
ROUNDS = 2
# How long a new name may take to be seen from outside: API Gateway says minutes for a new domain name.
OUTSIDE_PATIENCE = 600.0
OUTSIDE_INTERVAL = 15.0


@dataclass(frozen=True)
class World:
    """Everything outside of the process that a command touches."""

    project: Path
    aws: Aws
    outside: Outside
    terminal: Terminal
    profile: str | None
    environment: dict[str, str]
    clock: Clock


@dataclass(frozen=True)
class Report:
    """What a command found and did; `ok` decides its exit status."""

    command: str
    stage: str
    region: str
    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    outputs: dict[str, Any] = field(default_factory=dict)
    applied: bool = False

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "command": self.command,
            "stage": self.stage,
            "region": self.region,
            "ok": self.ok,
            "applied": self.applied,
            "changes": [as_json(change) for change in self.changes],
            "findings": [vars(finding) for finding in self.findings],
            "outputs": self.outputs,
        }


def site_of(world: World, stage: str) -> Site:
    """Read a stage's configuration and find out whose account this is. Raises InfraError."""
    document = read_document(world.project)
    config = configuration_of(document, stage)
    account = account_of(world.aws)
    world.terminal.progress(
        f"{config.domain}: account {account.account}, region {config.region}, stage {stage}"
    )
    return Site(
        project=world.project,
        config=config,
        account=account,
        aws=world.aws,
        chalice=ChaliceCli(world.project, config.region, world.profile, world.environment),
        digest=source_digest(world.project, document, stage),
        progress=world.terminal.progress,
        clock=world.clock,
    )


def plan(world: World, stage: str) -> Report:
    """Show what `up` would change. Changes nothing."""
    site = site_of(world, stage)
    state = site.state()
    changes = plan_up(site.config, state, site.digest)
    _show(world.terminal, changes, f"{site.config.domain} in {site.config.region} is up to date")
    findings = _before(world, site, state)
    for problem in checks.problems(findings):
        world.terminal.progress(f"`up` would refuse: {problem}")
    return Report("plan", stage, site.config.region, changes, findings, outputs(site.config, state))


def up(world: World, stage: str, yes: bool) -> Report:
    """Check, plan, show, make the changes, and see that the name answers.

    Raises NotReady before anything is changed, NotSettled where AWS did not end up as planned.
    """
    site = site_of(world, stage)
    state = site.state()
    findings = _before(world, site, state)
    if checks.problems(findings):
        raise NotReady(checks.problems(findings))
    first = changes = plan_up(site.config, state, site.digest)
    _show(world.terminal, changes, f"{site.config.domain} in {site.config.region} is up to date")
    if changes and not yes:
        world.terminal.confirm("make these changes?")
    for _ in range(ROUNDS):
        apply(site, changes)
        state = site.state()
        changes = plan_up(site.config, state, site.digest)
        if not changes:
            break
        world.terminal.progress("the deployment left this to do:")
    else:
        lines = "; ".join(change.line for change in changes)
        raise NotSettled(f"AWS took the changes and still differs ({lines}); run `doctor`")
    seen = _seen_from_outside(world, site, patient=any(isinstance(change, Deploy) for change in first))
    return Report(
        "up", stage, site.config.region, first, (*findings, *seen), outputs(site.config, state), True
    )


def doctor(world: World, stage: str) -> Report:
    """Every check, of the account, of the deployment and from outside. Changes nothing."""
    site = site_of(world, stage)
    state = site.state()
    changes = plan_up(site.config, state, site.digest)
    deployed = [Finding("deployment", False, f"`up` would {change.line}") for change in changes]
    if not changes:
        deployed = [
            Finding(
                "deployment", True, "gateway response, default endpoint, stage, logs and DNS as configured"
            )
        ]
    findings = (*_before(world, site, state), *deployed, *_probe(world, site))
    for finding in findings:
        world.terminal.show(f"{'ok  ' if finding.ok else 'FAIL'} {finding.check}: {finding.line}")
    return Report("doctor", stage, site.config.region, changes, findings, outputs(site.config, state))


def down(world: World, stage: str, yes: bool) -> Report:
    """Take away all that `up` made; the zone, the certificate and other regions stay."""
    site = site_of(world, stage)
    state = site.state()
    moved = checks.moved_domain(site.config, state)
    if moved:
        raise NotReady((moved,))
    changes = plan_down(site.config, state)
    _show(world.terminal, changes, f"nothing of {site.config.domain} is left in {site.config.region}")
    if changes and not yes:
        world.terminal.confirm("delete all this?")
    apply(site, changes)
    left = plan_down(site.config, site.state()) if changes else ()
    if left:
        raise NotSettled(f"still there: {'; '.join(change.line for change in left)}; run `down` again")
    return Report("down", stage, site.config.region, changes, applied=True)


def outputs(config: Configuration, state: State) -> dict[str, Any]:
    """What the original Terraform module gives as its outputs, under the same names."""
    function = state.functions.get(config.function_name)
    return {
        "api": state.api and {"id": state.api.id, "name": state.api.name},
        "api_domain": state.domain
        and {
            "domain_name": state.domain.name,
            "target_domain_name": state.domain.target,
            "hosted_zone_id": state.domain.target_zone,
        },
        "api_stage": config.api_stage if state.api and config.api_stage in state.api.stages else None,
        "proxy": function and {"function_name": function.name, "arn": function.arn},
        "log_groups": sorted(state.log_groups),
    }


def _show(terminal: Terminal, changes: tuple[Change, ...], nothing: str) -> None:
    for change in changes:
        terminal.show(f"* {change.line}")
    if not changes:
        terminal.show(nothing)


def _before(world: World, site: Site, state: State) -> tuple[Finding, ...]:
    config, aws = site.config, world.aws
    log_role = None
    health_check: object = None
    with refusals():
        if config.access_log:
            log_role = aws.apigateway.get_account().get("cloudwatchRoleArn")
        if config.health_check_id:
            health_check = absent_as_none(
                lambda: aws.route53.get_health_check(HealthCheckId=config.health_check_id)
            )
    registry = config.registry_in(site.account.partition, site.account.account)
    return checks.before(
        config,
        state,
        certificates.certificate(aws, config.certificate_arn),
        zone.zone(aws, config.zone_id),
        health_check is not None,
        log_role,
        registry_answers(world.outside, registry.origin),
    )


def _probe(world: World, site: Site) -> tuple[Finding, ...]:
    config, account = site.config, site.account
    registry = config.registry_in(account.partition, account.account)
    return probe(world.outside, config.domain, registry, config.mode)


def _seen_from_outside(world: World, site: Site, patient: bool) -> tuple[Finding, ...]:
    deadline = world.clock.now() + (OUTSIDE_PATIENCE if patient else 0.0)
    while True:
        findings = _probe(world, site)
        problems = checks.problems(findings)
        if not problems or world.clock.now() >= deadline:
            for finding in findings:
                world.terminal.progress(f"{'ok  ' if finding.ok else 'FAIL'} {finding.check}: {finding.line}")
            return findings
        world.terminal.progress(f"not seen from outside yet: {problems[0]}")
        world.clock.sleep(OUTSIDE_INTERVAL)
