"""`down`: show and delete the stacks of a stage, and its code in the bucket. Nothing else is touched."""

from __future__ import annotations

from infra.checks import foreign
from infra.commands.report import Report, StepPlan
from infra.config_file import CONFIG_PATH
from infra.errors import NotReady, StackFailed
from infra.service_template import ADDRESS_RECORDS
from infra.site import CommandContext, DeployedStage
from infra.stack import Condition, Stack


def down(world: CommandContext, stage: str, yes: bool) -> Report:
    """Take the domain down. Raises NotReady where a stack of that name, or the bucket, is not ours."""
    site, terminal = DeployedStage.of(world, stage), world.terminal
    # The service stack holds the alias records, which go before the distribution that they lead to.
    stacks = site.stacks()
    refused = [line for stack in stacks if (line := foreign(site, stack))]
    if refused:
        raise NotReady(*refused)
    with_bucket = site.bucket.exists()
    steps = []
    for stack in stacks:
        resources = ", ".join(site.stacks_in(stack.name).resources(stack))
        steps.append(StepPlan(f"delete the stack {stack.name}: {resources or 'it is empty'}"))
        terminal.show(steps[-1].line)
    if not steps:
        terminal.show(f"nothing of {site.settings.domain} is left in {site.settings.region}")
    else:
        zone = f"the zone {site.settings.hosted_zone_id} with the validation records of certificates"
        terminal.show(f"what stays: {zone}, certificates of others, the stage in {CONFIG_PATH}")
    if steps and not yes:
        terminal.confirm("delete all this?")
    failed = []
    for stack in stacks:
        try:
            _delete(site, stack)
        except StackFailed:
            # What a record still leads to has to stay.
            if not set(ADDRESS_RECORDS).isdisjoint(site.stacks_in(stack.name).resources(stack)):
                raise
            failed.append(stack)
            terminal.progress(f"  not all of {stack.name} could be deleted; it is tried once more in the end")
    # ACM may call a certificate "in use" for minutes after all that used it is gone.
    for stack in failed:
        _delete(site, stack)
    if with_bucket and site.bucket.prune(stage):
        terminal.progress(f"deleted the bucket {site.bucket.name}, in which nothing was left")
    return Report("down", stage, site.settings.region, 0, True, tuple(steps))


def _delete(site: DeployedStage, stack: Stack) -> None:
    if stack.condition is Condition.BUSY:
        site.stacks_in(stack.name).wait(stack, stack.name)
    site.stacks_in(stack.name).delete(stack, f"deleting {stack.name}")
