"""What must be true before anything is changed.

Each check gives a finding; one that is not `ok` is one line that says what is wrong, the value, where it was
set and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from infra import certificate as certificates
from infra import zone as zones
from infra.aws import absent_as_none, refusals
from infra.config_file import CONFIG_PATH
from infra.edge_template import UnfitForEdge, edge_template
from infra.errors import PROGRAM
from infra.public_name import Finding, registry_answers
from infra.settings import EDGE_REGION, OWN_KEY
from infra.site import DeployedStage
from infra.stack import OWN_TAG, Condition, Stack

_ONE_REGION = f"the edge serves one region; set {OWN_KEY}.edge to off in each stage, or keep one region"


def before(site: DeployedStage, stacks: tuple[Stack, ...]) -> tuple[Finding, ...]:
    """Every check that is made before a change. `stacks` have our names, and are in whatever condition."""
    domain = site.settings.domain
    made = any(stack.name == site.service_name and stack.condition is Condition.READY for stack in stacks)
    zone = _zone(site)
    found = {
        "stacks": next(filter(None, (foreign(site, stack) or _state(site, stack) for stack in stacks)), ""),
        "service role": next(filter(None, (_role(site, stack) for stack in stacks)), ""),
        "edge": _edge(site),
        "zone": zone,
        "certificates": next(_certificates(site), ""),
        "domain": "" if made else _domain(site),
        # The records of another zone are not the deployer's to read.
        "records": "" if zone else next(_records(site, made), ""),
        "health check": _health_check(site),
        "access log": _access_log(site),
    }
    findings = [Finding(check, not line, line or f"as needed for {domain}") for check, line in found.items()]
    return (*findings, *(registry_answers(site.world.outside, each) for each in site.registries.all()))


def problems(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(finding.line for finding in findings if not finding.ok)


def foreign(site: DeployedStage, stack: Stack) -> str:
    """Why a stack of our name is not to be touched; empty where it may be. What holds nothing is nobody's."""
    if stack.condition is Condition.EMPTY:
        return ""
    if stack.tags.get(OWN_TAG) != site.stage:
        tag = f"{OWN_TAG}={site.stage}"
        return f"the stack {stack.name} is not ours (it lacks the tag {tag}); give the stage another name"
    deployed = stack.parameters.get("DomainName", site.settings.domain)
    if deployed != site.settings.domain:
        return (
            f"the stage {site.stage!r} is deployed at {deployed}, and {site.origin('domain')} is "
            f"{site.settings.domain}; put the old name back and run `{PROGRAM} down --stage {site.stage}`, "
            "or give the new name a stage of its own"
        )
    return ""


def _state(site: DeployedStage, stack: Stack) -> str:
    region = site.stacks_in(stack.name).region
    where = f"the stack {stack.name} in {region} is {stack.status}"
    if stack.condition is Condition.BUSY:
        return f"{where}: an operation is running; run the command again when it has ended"
    if stack.condition is Condition.STUCK:
        undo = f"aws cloudformation continue-update-rollback --stack-name {stack.name} --region {region}"
        return f"{where}: a rollback failed; run `{undo}` first"
    return ""


def _role(site: DeployedStage, stack: Stack) -> str:
    """CloudFormation acts with the role of a stack whoever asks, without a check of iam:PassRole.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
    """
    wanted = site.settings.service_role_arn
    if stack.role_arn in ("", wanted):
        return ""
    return (
        f"the stack {stack.name} has the role {stack.role_arn}, and {site.origin('service_role_arn')} is "
        f"{wanted or 'not set'}; if that role is meant, run `{PROGRAM} init --stage {site.stage} "
        f"--service-role-arn {stack.role_arn}`; if not, ask an administrator to delete the stack"
    )


def _edge(site: DeployedStage) -> str:
    if site.settings.has_edge and not site.account.has_cloudfront:
        where = f"edge=on ({site.origin('edge')})"
        return f"{where}: CloudFront is not in the partition {site.account.partition}; set it to off"
    if site.settings.has_edge and site.other_stages:
        others = ", ".join(site.other_stages)
        return f"{site.settings.domain} is also that of {others} in {CONFIG_PATH}: {_ONE_REGION}"
    if site.settings.has_edge:
        try:
            edge_template(site.registries.all())
        except UnfitForEdge as error:
            return f"{error}, or set {OWN_KEY}.edge to off"
    return ""


def _certificates(site: DeployedStage) -> Iterator[str]:
    settings = site.settings
    for key, arn in (
        ("certificate_arn", settings.certificate_arn),
        ("edge_certificate_arn", settings.edge_certificate_arn if settings.has_edge else ""),
    ):
        region = EDGE_REGION if key.startswith("edge") else settings.region
        aws = site.aws if region == site.aws.region else site.world.connect(site.world.profile, region)
        found = certificates.certificate(aws, arn) if arn else None
        problem = f"is not in this account's {region}" if found is None else ""
        if found is not None and found.status != "ISSUED":
            problem = f"is {found.status}"
        elif found is not None and not found.covers(settings.domain):
            problem = f"is for {', '.join(found.names)}, not {settings.domain}"
        if arn and problem:
            advice = f"run `{PROGRAM} init` to find one, or remove the setting to have one made"
            yield f"the certificate {arn} ({site.origin(key)}) {problem}; {advice}"


def _zone(site: DeployedStage) -> str:
    settings = site.settings
    found = zones.zone(site.aws, settings.hosted_zone_id)
    if found is None:
        problem = "is not in this account"
    elif not found.holds(settings.domain):
        problem = f"is for {found.name}, and {settings.domain} is not in it"
    elif found.private:
        problem = "is private, and clients outside of its networks would not find the name"
    else:
        return ""
    where = f"the hosted zone {settings.hosted_zone_id} ({site.origin('hosted_zone_id')})"
    return f"{where} {problem}; run `{PROGRAM} init` to find the right one"


def _domain(site: DeployedStage) -> str:
    domain = site.settings.domain
    with refusals():
        found = absent_as_none(lambda: site.aws.apigateway.get_domain_name(domainName=domain))
    where = f"API Gateway in {site.settings.region} has the custom domain name {domain} already"
    return f"{where}, which is not this stage's; remove it there, or choose another name" if found else ""


def _records(site: DeployedStage, made: bool) -> Iterator[str]:
    settings = site.settings
    for record in zones.records_at(site.aws, settings.hosted_zone_id, settings.domain):
        region = record.get("Region", "")
        if made and region == record.get("SetIdentifier") == settings.region:
            continue
        if region and region != settings.region:
            if settings.has_edge:
                yield f"{settings.domain} has a latency record of {region} already: {_ONE_REGION}"
            continue
        target = record.get("AliasTarget", {}).get("DNSName", "an address of its own")
        what = f"{record['Type']} {settings.domain} -> {target}"
        where = f"the zone {settings.hosted_zone_id} has {what} already"
        yield f"{where}, which is not this stage's; delete it, or choose another name"


def _health_check(site: DeployedStage) -> str:
    wanted = site.settings.health_check_id
    if not wanted:
        return ""
    with refusals():
        found = absent_as_none(lambda: site.aws.route53.get_health_check(HealthCheckId=wanted))
    where = site.origin("health_check_id")
    return "" if found else f"there is no health check {wanted} ({where}); create it, or remove the setting"


def _access_log(site: DeployedStage) -> str:
    with refusals():
        if site.settings.access_log == "off" or site.aws.apigateway.get_account().get("cloudwatchRoleArn"):
            return ""
    where = f"access_log={site.settings.access_log!r} ({site.origin('access_log')})"
    return (
        f"{where}: API Gateway has no role to write logs with in {site.settings.region}, a setting "
        "of the whole account: aws apigateway update-account "
        "--patch-operations op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN (docs/deployment.md)"
    )
