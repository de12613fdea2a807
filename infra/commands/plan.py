"""`plan`: what `up` would change, from change sets that are deleted again."""

from __future__ import annotations

from infra.artefact import NoBucketYet
from infra.checks import before, problems
from infra.commands.report import Report, StepPlan
from infra.rollout import Action, Step
from infra.service_template import ServicePackage
from infra.site import CommandContext, DeployedStage, Standing
from infra.stack import Condition

NOTHING, REFUSED, CHANGES = 0, 1, 2
"""The exit statuses of `plan`."""


def plan(world: CommandContext, stage: str) -> Report:
    """Show what `up` would change, and what it would refuse. Changes nothing."""
    site = DeployedStage.of(world, stage)
    findings = before(site, site.stacks())
    if problems(findings):
        for problem in problems(findings):
            world.terminal.progress(f"`up` would refuse: {problem}")
        return Report("plan", stage, site.settings.region, REFUSED, findings=findings)
    with site.package() as package:
        steps = show_plan(site, package)
    status = CHANGES if steps else NOTHING
    return Report("plan", stage, site.settings.region, status, False, steps, findings, site.outputs())


def show_plan(site: DeployedStage, package: ServicePackage) -> tuple[StepPlan, ...]:
    """Show and return the steps that would change something. Raises NotReady where the bucket is not ours."""
    site.bucket.exists()
    standing = site.standing()
    unfinished = [stack for stack in site.stacks() if stack.condition is Condition.UNFINISHED]
    plans = [StepPlan(f"the stack {each.name}, which is {each.status}, is deleted") for each in unfinished]
    for step in site.steps(standing):
        found = _preview(site, step, package, standing, [stack.name for stack in unfinished])
        plans += [found] if found else []
    # Waiting alone is nothing to do.
    if {each.line for each in plans} <= {action.value for action in Action if action.waits}:
        plans = []
    terminal = site.world.terminal
    for number, each in enumerate(plans, 1):
        terminal.show("\n     ".join((f"{number}. {each.line}", *each.changes)))
    if not plans:
        terminal.show(f"{site.settings.domain} in {site.settings.region} is up to date")
    return tuple(plans)


def _preview(
    site: DeployedStage, step: Step, package: ServicePackage, standing: Standing, unfinished: list[str]
) -> StepPlan | None:
    line = step.action.value
    if step.action not in (Action.UPDATE_SERVICE, Action.UPDATE_EDGE):
        return StepPlan(line)
    request = site.request(step, package, standing)
    if request.name in unfinished:
        return StepPlan(f"{line} ({request.name}) is made")
    stacks = site.stacks_in(request.name)
    try:
        change_set = stacks.propose(request)
    except NoBucketYet as error:
        return StepPlan(f"{line} ({request.name} in {stacks.region}) is made; {error}")
    if change_set is None:
        return None
    stacks.discard(change_set)
    verb = "is made" if change_set.creates else "changes"
    return StepPlan(f"{line} ({request.name} in {stacks.region}) {verb}", change_set.lines)
