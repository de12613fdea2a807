"""What has to change: from a configuration and the state that was found to a list of changes. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalice_patches.gateway_responses import CHALLENGE
from infra.changes import (
    Change,
    Deploy,
    Describe,
    KeepLogs,
    RemoveLogs,
    RestoreRecord,
    RouteName,
    TagApi,
    Undeploy,
    WriteAccessLog,
)
from infra.configuration import Configuration
from infra.deployed_record import existing_resources, is_current, owns_domain, record_path
from infra.state import Function, Record, State
from infra.survey import ROOT

# Chalice takes a function's tags off that it does not know, so that this one stays exactly as long as
# what `up` deployed does: a deployment that was interrupted, or made without `up`, is without it.
FINGERPRINT_TAG = "custom-ecr-domain-up"


def fingerprint(digest: str, function: Function) -> str:
    """What the tag says: what was deployed (`source_digest`), and the code AWS made of it."""
    return f"{digest} {function.code_sha256}"


def plan_up(config: Configuration, state: State, digest: str) -> tuple[Change, ...]:
    """All that makes `state` what `config` asks for; empty where it already is. `digest` is
    source_digest() of what would be deployed."""
    changes: list[Change] = []
    if not is_current(config, state):
        changes.append(RestoreRecord(record_path(config.stage), existing_resources(config, state)))
    groups = (*config.function_log_groups, *((config.access_log_group,) if config.access_log else ()))
    for group in groups:
        now = state.log_groups.get(group)
        if now != config.retention:
            changes.append(KeepLogs(group, config.retention, now))
    reasons = _reasons_to_deploy(config, state, digest)
    if reasons:
        changes.append(Deploy(config.stage, reasons))
    changes += _descriptions(config, state)
    changes += _api_tags(config, state)
    changes += _access_log(config, state)
    changes += _route(config, state)
    return tuple(changes)


def plan_down(config: Configuration, state: State) -> tuple[Change, ...]:
    """All that takes away what `plan_up` makes, and nothing else."""
    changes: list[Change] = []
    ours = tuple(record for record in state.records if is_ours(config, record))
    if ours:
        changes.append(RouteName(config.zone_id, config.domain, ours, ()))
    resources = existing_resources(config, state)
    if not is_current(config, state):
        changes.append(RestoreRecord(record_path(config.stage), resources))
    if resources:
        changes.append(Undeploy(config.stage, tuple(_named(entry) for entry in reversed(resources))))
    changes += [RemoveLogs(group) for group in state.log_groups]
    return tuple(changes)


def _named(resource: Mapping[str, Any]) -> str:
    kind = str(resource["resource_type"]).replace("_", " ")
    names = ("role_name", "lambda_arn", "rest_api_id", "domain_name")
    return f"{kind} {next(resource[key] for key in names if key in resource)}"


def is_ours(config: Configuration, record: Record) -> bool:
    """Whether a record leads to API Gateway in this region. A custom domain name exists once in a
    region, so whichever such record stands at our name is this deployment's, or a stale one."""
    return f".execute-api.{config.region}." in record.target


def wanted_records(config: Configuration, state: State) -> tuple[Record, ...]:
    """The alias records, with an empty target where the custom domain name does not exist yet."""
    target, zone = (
        ("", "") if state.domain is None else (state.domain.target.lower(), state.domain.target_zone)
    )
    latency = config.routing == "latency"
    return tuple(
        Record(
            type=kind,
            target=target,
            target_zone=zone,
            evaluate_target_health=config.evaluate_target_health,
            set_identifier=config.set_identifier if latency else "",
            region=config.region if latency else "",
            health_check_id=config.health_check_id,
        )
        for kind in ("A", "AAAA")
    )


def _reasons_to_deploy(config: Configuration, state: State, digest: str) -> tuple[str, ...]:
    reasons = [f"there is no function {name}" for name in config.functions if name not in state.functions]
    reasons += [f"there is no role {name}" for name in config.role_names.values() if name not in state.roles]
    for function in state.functions.values():
        reasons += _function_drift(config, function)
    reasons += _code_drift(state.functions.get(config.function_name), digest)
    api = state.api
    if api is None:
        reasons.append("there is no API that invokes it")
    else:
        if config.api_stage not in api.stages:
            reasons.append(f"the API {api.id} has no stage {config.api_stage}")
        if api.challenge != CHALLENGE:
            reasons.append(f"the API's 401 sends {api.challenge!r}, not {CHALLENGE!r}")
        if api.default_endpoint_open:
            reasons.append("the API's default endpoint is open")
    return (*reasons, *_domain_drift(config, state))


def _function_drift(config: Configuration, function: Function) -> list[str]:
    wanted = config.functions[function.name]
    pairs: list[tuple[str, object, object]] = [
        ("memory", function.memory, wanted.memory),
        ("timeout", function.timeout, wanted.timeout),
        ("runtime", function.runtime, config.runtime),
        ("architecture", function.architecture, config.architecture),
    ]
    reasons = [f"{function.name} has {key} {now}, not {want}" for key, now, want in pairs if now != want]
    reasons += _differences(f"{function.name}: environment", function.environment, wanted.environment)
    tags = {key: value for key, value in function.tags.items() if key != FINGERPRINT_TAG}
    return reasons + _differences(f"{function.name}: tag", tags, config.tags)


def _differences(what: str, now: Mapping[str, str], wanted: Mapping[str, str]) -> list[str]:
    keys = sorted({key for key in now.keys() | wanted.keys() if not key.startswith("aws:")})
    return [
        f"{what} {key} is {now.get(key)!r}, not {wanted.get(key)!r}"
        for key in keys
        if now.get(key) != wanted.get(key)
    ]


def _code_drift(function: Function | None, digest: str) -> list[str]:
    if function is None:
        return []
    mark = function.tags.get(FINGERPRINT_TAG, "")
    if not mark:
        return ["the last deployment was not finished by `up`"]
    deployed, _, code = mark.partition(" ")
    if deployed != digest:
        return ["app.py, chalicelib/, requirements.txt or .chalice/ changed since"]
    return [] if code == function.code_sha256 else ["the function's code is not what `up` deployed"]


def _domain_drift(config: Configuration, state: State) -> list[str]:
    domain = state.domain
    if domain is None:
        return [f"there is no custom domain name {config.domain}"]
    reasons = []
    if domain.certificate_arn != config.certificate_arn:
        reasons.append(f"the domain's certificate is {domain.certificate_arn}, not {config.certificate_arn}")
    if domain.security_policy != config.security_policy:
        reasons.append(f"the domain takes {domain.security_policy}, not {config.security_policy}")
    wanted = None if state.api is None else (state.api.id, config.api_stage)
    if ROOT not in domain.mappings or domain.mappings[ROOT] != wanted:
        reasons.append("the domain does not lead to the API")
    return reasons + _differences("domain tag", domain.tags, config.domain_tags)


def _descriptions(config: Configuration, state: State) -> list[Change]:
    stage = None if state.api is None else state.api.stages.get(config.api_stage)
    found = (
        ("function", config.function_description, state.functions.get(config.function_name)),
        ("API", config.api_description, state.api),
        ("stage", config.stage_description, stage),
    )
    nows = [(what, text, "" if thing is None else thing.description) for what, text, thing in found]
    return [Describe(what, text, now) for what, text, now in nows if text != now]


def _api_tags(config: Configuration, state: State) -> list[Change]:
    now = {} if state.api is None else state.api.tags
    add = {key: value for key, value in config.tags.items() if now.get(key) != value}
    remove = tuple(sorted(key for key in now.keys() - config.tags.keys() if not key.startswith("aws:")))
    return [TagApi(add, remove)] if add or remove else []


def _access_log(config: Configuration, state: State) -> list[Change]:
    stage = None if state.api is None else state.api.stages.get(config.api_stage)
    now = None if stage is None else stage.access_log
    # Compact, and in the configuration's order, which is the order a reader of the log wants.
    wanted = json.dumps(dict(config.access_log)) if config.access_log else ""
    group = config.access_log_group
    if now is None:
        return [WriteAccessLog(group, wanted)] if wanted else []
    same = now.format == wanted and now.group.endswith(f":log-group:{group}")
    return [] if same else [WriteAccessLog(group, wanted)]


def _route(config: Configuration, state: State) -> list[Change]:
    wanted = wanted_records(config, state)
    ours = tuple(record for record in state.records if is_ours(config, record))
    if state.domain is not None and set(ours) == set(wanted) and owns_domain(config, state):
        return []
    return [
        RouteName(
            config.zone_id,
            config.domain,
            tuple(record for record in ours if record not in wanted),
            tuple(record for record in wanted if record not in ours),
        )
    ]
