"""`up`: check, package, show, ask, change the stacks in order, and ask the name from outside."""

from __future__ import annotations

from infra.checks import before, problems
from infra.commands.plan import show_plan
from infra.commands.report import Report
from infra.errors import NotReady, StackFailed
from infra.public_name import Finding, probe
from infra.rollout import PAUSE_SECONDS, Action, Step
from infra.service_template import ServicePackage
from infra.site import CommandContext, DeployedStage
from infra.stack import Condition
from infra.stacks import SAFE

# How long a new name may take to be seen from outside; API Gateway says minutes for a new domain name.
OUTSIDE_PATIENCE = 900.0
OUTSIDE_INTERVAL = 15.0


def up(world: CommandContext, stage: str, yes: bool) -> Report:
    """Bring the domain up, or up to date. Raises NotReady before anything is changed."""
    site = DeployedStage.of(world, stage)
    for stack in site.stacks():
        if stack.condition is Condition.BUSY:
            site.stacks_in(stack.name).wait(stack, f"{stack.name}, changed by an earlier or another run")
    findings = before(site, site.stacks())
    if problems(findings):
        raise NotReady(*problems(findings))
    with site.package() as package:
        steps = show_plan(site, package)
        if steps and not yes:
            world.terminal.confirm("make these changes?")
        if steps:
            world.terminal.progress(f"Ctrl-C is safe at any time: {SAFE}")
            _roll_out(site, package)
    seen = _seen_from_outside(site, OUTSIDE_PATIENCE if steps else 0.0)
    status = 1 if problems(seen) else 0
    region = site.settings.region
    return Report("up", stage, region, status, True, steps, (*findings, *seen), site.outputs())


def _roll_out(site: DeployedStage, package: ServicePackage) -> None:
    site.bucket.upload(site.stage, package.digest, package.archive)
    for stack in site.stacks():
        if stack.condition is Condition.UNFINISHED:
            site.stacks_in(stack.name).delete(stack, f"deleting what is left of {stack.name}")
    for step in site.steps(site.standing()):
        _take(site, step, package)
    site.bucket.prune(site.stage, keep=package.digest)


def _take(site: DeployedStage, step: Step, package: ServicePackage) -> None:
    world, standing = site.world, site.standing()
    if step.action.waits:
        world.terminal.progress(f"  {step.action.value}")
        world.clock.sleep(PAUSE_SECONDS)
        return
    if step.action is Action.DELETE_EDGE:
        if standing.edge is not None:
            site.stacks_in(site.edge_name).delete(standing.edge, step.action.value)
        return
    if step.action is Action.UPDATE_EDGE and standing.service is None:
        raise StackFailed(f"another run changes the stack {site.service_name}; run the command again")
    request = site.request(step, package, standing)
    stacks = site.stacks_in(request.name)
    change_set = stacks.propose(request)
    if change_set is not None:
        stacks.execute(change_set, step.action.value)


def _seen_from_outside(site: DeployedStage, patience: float) -> tuple[Finding, ...]:
    world, settings = site.world, site.settings
    start = world.clock.now()
    while True:
        findings = probe(world.outside, settings.domain, site.registries, settings.mode)
        waited = world.clock.now() - start
        if not problems(findings) or waited >= patience:
            for finding in findings:
                world.terminal.progress(finding.shown)
            return findings
        world.terminal.status(
            f"not seen from outside yet: {problems(findings)[0]}",
            f"{waited:.0f} s, usually minutes, at most {patience / 60:.0f}; all is applied; {SAFE}",
        )
        world.clock.sleep(OUTSIDE_INTERVAL)
