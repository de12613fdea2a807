"""What must be true before anything is changed, and what must be true when all is done.

Each check is a function from facts to findings; a finding that is not `ok` is one line that says what
is wrong, the value, where it was set and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.certificate import Certificate
from infra.configuration import PLACEHOLDER_ACCOUNT, Configuration
from infra.deployed_record import owns_domain, recorded_domain
from infra.outside import NotReached, Outside
from infra.own_settings import CONFIG_PATH, OWN_KEY
from infra.plan import is_ours
from infra.state import Record, State
from infra.zone import Zone


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; `check` is its short name."""

    check: str
    ok: bool
    line: str


def before(
    config: Configuration,
    state: State,
    certificate: Certificate | None,
    zone: Zone | None,
    health_check_exists: bool,
    log_role: str | None,
    registry: Finding,
) -> tuple[Finding, ...]:
    """Every check that `up` makes before it changes anything. `log_role` is the account's role for API
    Gateway's logs in the region, `registry` what asking the registry found."""
    return (
        _certificate(config, state, certificate),
        _zone(config, zone),
        registry,
        _names(config, state),
        _domain(config, state),
        _records(config, state),
        _health_check(config, health_check_exists),
        _access_log(config, log_role),
    )


def registry_answers(outside: Outside, origin: str) -> Finding:
    """Whether something that speaks the registry API is there: it answers /v2/ with 200 or 401."""
    setting = f"environment_variables.ECR_REGISTRY in {CONFIG_PATH}, or the account's own registry"
    try:
        reply = outside.get(origin, "/v2/", {"User-Agent": "custom-ecr-domain"})
    except NotReached as error:
        return Finding("registry", False, f"the registry {origin} ({setting}): {error}")
    if reply.status in (200, 401):
        return Finding("registry", True, f"the registry {origin} answers")
    return Finding(
        "registry", False, f"{origin} ({setting}) answers /v2/ with {reply.status}: it is no registry"
    )


def _certificate(config: Configuration, state: State, found: Certificate | None) -> Finding:
    arn = config.certificate_arn
    where = f"the certificate {arn} (api_gateway_custom_domain.certificate_arn in {CONFIG_PATH})"
    advice = "run `python -m infra init` to find or request one"
    problem = ""
    if f":{PLACEHOLDER_ACCOUNT}:" in arn and state.account.account != PLACEHOLDER_ACCOUNT:
        problem = f"{where} is the example's; {advice}"
    elif found is None:
        problem = f"{where} is not in this account's {config.region}; {advice}"
    elif found.status == "PENDING_VALIDATION":
        problem = f"{where} is still waiting for its DNS validation; run `python -m infra init`, which waits"
    elif found.status != "ISSUED":
        problem = f"{where} is {found.status}; {advice}"
    elif not found.covers(config.domain):
        problem = f"{where} is for {', '.join(found.names)}, not {config.domain}; {advice}"
    return Finding(
        "certificate", not problem, problem or f"the certificate {arn} is issued for {config.domain}"
    )


def _zone(config: Configuration, found: Zone | None) -> Finding:
    where = f"the hosted zone {config.zone_id} ({OWN_KEY}.hosted_zone_id in {CONFIG_PATH})"
    advice = "run `python -m infra init` to find the right one"
    problem = ""
    if found is None:
        problem = f"{where} is not in this account; {advice}"
    elif not found.holds(config.domain):
        problem = f"{where} is for {found.name}, and {config.domain} is not in it; {advice}"
    elif found.private:
        problem = f"{where} is private, and clients outside of its networks would not find the name; {advice}"
    return Finding("zone", not problem, problem or f"the zone {config.zone_id} holds {config.domain}")


def _names(config: Configuration, state: State) -> Finding:
    for name, function in state.functions.items():
        if not function.tags.get("aws-chalice", "").endswith(config.chalice_tag):
            problem = (
                f"a function {name} exists that Chalice did not deploy for this app and stage; "
                f"delete it, or choose another app_name or stage in {CONFIG_PATH}"
            )
            return Finding("names", False, problem)
    if len(state.apis) > 1:
        kept, *others = (api.id for api in state.apis)
        problem = (
            f"{len(state.apis)} APIs invoke {config.function_name}, made by deployments without a record; "
            f"{kept} is in use, delete the rest: aws apigateway delete-rest-api --rest-api-id {others[0]}"
        )
        return Finding("names", False, problem)
    return Finding("names", True, f"the name {config.function_name} is free or ours")


def moved_domain(config: Configuration, state: State) -> str:
    """Why nothing may be done to a stage whose configuration says another domain than it is deployed at;
    "" where it says the same."""
    deployed = recorded_domain(state)
    if deployed in (None, config.domain):
        return ""
    return (
        f"the stage {config.stage!r} is deployed at {deployed}, and domain_name in {CONFIG_PATH} is now "
        f"{config.domain}; put the old name back and run `down`, or give the new one a stage of its own"
    )


def _domain(config: Configuration, state: State) -> Finding:
    problem = moved_domain(config, state)
    if not problem and state.domain is not None and not owns_domain(config, state):
        used = [f"{api} at {path}" for path, (api, _) in state.domain.mappings.items()]
        problem = (
            f"the custom domain name {config.domain} (domain_name in {CONFIG_PATH}) is already used in "
            f"{config.region} by {'the API ' + ', '.join(used) if used else 'nobody we know'}; "
            "remove it there, or choose another name"
        )
    return Finding("domain", not problem, problem or f"{config.domain} is free or ours in {config.region}")


def _records(config: Configuration, state: State) -> Finding:
    for record in state.records:
        if not is_ours(config, record) and (why := _collision(config, record)):
            problem = (
                f"the zone {config.zone_id} has {record.type} {config.domain} -> "
                f"{record.target or 'an address of its own'} already, {why}"
            )
            return Finding("records", False, problem)
    return Finding("records", True, f"no record at {config.domain} is in the way")


def _collision(config: Configuration, record: Record) -> str:
    if record.region and config.routing == "latency":
        if record.set_identifier == config.set_identifier:
            return (
                f"with the set identifier {record.set_identifier!r}; set {OWN_KEY}.set_identifier to another"
            )
        if record.region == config.region:
            return f"a latency record for {record.region}; delete it first"
        return ""
    if record.region:
        return f"a latency record for {record.region}; set {OWN_KEY}.routing to latency"
    if record.set_identifier:
        return "under another routing policy; delete it first"
    if ".execute-api." in record.target:
        return "a simple record of another region; run `up` there with the routing latency first"
    return "and not for this API; delete it first"


def _health_check(config: Configuration, exists: bool) -> Finding:
    if exists or not config.health_check_id:
        return Finding("health check", True, config.health_check_id or "none is wanted")
    setting = f"{OWN_KEY}.health_check_id in {CONFIG_PATH}"
    line = f"there is no health check {config.health_check_id} ({setting}); create it, or remove the setting"
    return Finding("health check", False, line)


def _access_log(config: Configuration, log_role: str | None) -> Finding:
    if log_role or not config.access_log:
        return Finding("access log", True, f"{len(config.access_log)} fields" if config.access_log else "off")
    line = (
        f"{OWN_KEY}.access_log in {CONFIG_PATH} is on, and API Gateway has no role to write logs with in "
        f"{config.region}, an account-wide setting: aws apigateway update-account --patch-operations "
        "op=replace,path=/cloudwatchRoleArn,value=ROLE_ARN (docs/deployment.md), or set it to false"
    )
    return Finding("access log", False, line)


def problems(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(finding.line for finding in findings if not finding.ok)
