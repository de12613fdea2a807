"""From a configuration and a state to changes: nothing where all is as configured, and otherwise that
which is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from infra.changes import (
    Deploy,
    Describe,
    KeepLogs,
    RemoveLogs,
    RestoreRecord,
    RouteName,
    TagApi,
    Undeploy,
    WriteAccessLog,
    as_json,
)
from infra.configuration import Configuration
from infra.plan import FINGERPRINT_TAG, plan_down, plan_up
from infra.state import AccessLog, ApiStage, Record, State
from tests.unit.infra_values import DIGEST, REGION, TARGET, configuration, deployed_state, empty_state

CONFIG = configuration()
MAIN = CONFIG.function_name
OTHER_TARGET = "d-2.execute-api.us-east-1.amazonaws.com"
FOREIGN = Record("A", OTHER_TARGET, "ZAPI", False, "us-east-1", "us-east-1")


def test_an_empty_account_gets_everything_in_an_order_that_works() -> None:
    kinds = [type(change) for change in plan_up(CONFIG, empty_state(), DIGEST)]
    # Log groups before the functions that would make them; names last, when there is what they lead to.
    assert kinds == [KeepLogs, KeepLogs, Deploy, Describe, Describe, Describe, TagApi, RouteName]


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"routing": "simple"},
        {"set_identifier": "here", "health_check_id": "h1", "evaluate_target_health": True},
        {"log_retention_in_days": 0},
    ],
)
def test_what_is_deployed_needs_nothing(own: Mapping[str, Any]) -> None:
    config = configuration(own)
    assert plan_up(config, deployed_state(config), DIGEST) == ()


def function(state: State, name: str = MAIN, **values: Any) -> State:  # noqa: ANN401 - replace()'s
    changed = replace(state.functions[name], **values)
    return replace(state, functions={**state.functions, name: changed})


def api(state: State, **values: Any) -> State:  # noqa: ANN401 - replace()'s
    assert state.api is not None
    return replace(state, apis=(replace(state.api, **values), *state.apis[1:]))


def domain(state: State, **values: Any) -> State:  # noqa: ANN401 - replace()'s
    assert state.domain is not None
    return replace(state, domain=replace(state.domain, **values))


TAGS = {**CONFIG.tags, FINGERPRINT_TAG: f"{DIGEST} code"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: function(s, memory=128), f"{MAIN} has memory 128, not 256"),
        (lambda s: function(s, timeout=3), f"{MAIN} has timeout 3, not 60"),
        (lambda s: function(s, runtime="python3.9"), f"{MAIN} has runtime python3.9"),
        (lambda s: function(s, architecture="x86_64"), f"{MAIN} has architecture x86_64, not arm64"),
        (lambda s: function(s, CONFIG.authorizer_name, memory=1), f"{MAIN}-challenge has memory 1"),
        (lambda s: function(s, environment={"X": "1"}), f"{MAIN}: environment X is '1', not None"),
        (lambda s: function(s, tags={**TAGS, "new": "1"}), f"{MAIN}: tag new is '1', not None"),
        # An interrupted deployment, or one that `chalice deploy` made by itself.
        (lambda s: function(s, tags=CONFIG.tags), "the last deployment was not finished by `up`"),
        (lambda s: function(s, tags={**TAGS, FINGERPRINT_TAG: "old code"}), "changed since"),
        (lambda s: function(s, code_sha256="other"), "the function's code is not what `up` deployed"),
        (lambda s: replace(s, roles={}), "there is no role custom-ecr-domain-production-api_handler"),
        (lambda s: api(s, challenge=None), "the API's 401 sends None"),
        (lambda s: api(s, default_endpoint_open=True), "the API's default endpoint is open"),
        (lambda s: domain(s, certificate_arn="old"), "the domain's certificate is old"),
        (lambda s: domain(s, security_policy="TLS_1_0"), "the domain takes TLS_1_0, not TLS_1_2"),
        (lambda s: domain(s, mappings={}), "the domain does not lead to the API"),
        (lambda s: domain(s, mappings={"(none)": ("a1", "old")}), "the domain does not lead to the API"),
        (lambda s: domain(s, tags={}), "domain tag custom-ecr-domain is None, not 'production'"),
    ],
)
def test_each_difference_is_a_reason_to_deploy(change: Callable[[State], State], reason: str) -> None:
    plans = plan_up(CONFIG, change(deployed_state(CONFIG)), DIGEST)
    deploys = [each for each in plans if isinstance(each, Deploy)]
    assert [any(reason in found for found in each.reasons) for each in deploys] == [True], plans


def test_a_tag_that_aws_itself_gives_is_no_difference() -> None:
    state = function(deployed_state(CONFIG), tags={**TAGS, "aws:cloudformation:stack-id": "x"})
    assert plan_up(CONFIG, state, DIGEST) == ()


def test_other_code_is_deployed_again() -> None:
    (deploy,) = plan_up(CONFIG, deployed_state(CONFIG), "e" * 32)
    assert isinstance(deploy, Deploy)


@pytest.mark.parametrize(
    ("config", "change", "expected"),
    [
        (
            CONFIG,
            lambda s: replace(s, log_groups={**s.log_groups, f"/aws/lambda/{MAIN}": 0}),
            KeepLogs(f"/aws/lambda/{MAIN}", 14, 0),
        ),
        (
            CONFIG,
            lambda s: function(s, description="x"),
            Describe("function", CONFIG.function_description, "x"),
        ),
        (CONFIG, lambda s: api(s, description="x"), Describe("API", CONFIG.api_description, "x")),
        (
            CONFIG,
            lambda s: api(s, stages={"production": ApiStage("production", "x", None)}),
            Describe("stage", CONFIG.stage_description, "x"),
        ),
        (
            CONFIG,
            lambda s: api(s, tags={**{k: v for k, v in CONFIG.tags.items() if k != "project"}, "old": "1"}),
            TagApi({"project": "p"}, ("old",)),
        ),
        (
            CONFIG,
            lambda s: api(
                s,
                stages={
                    "production": ApiStage("production", CONFIG.stage_description, AccessLog("arn:g", "f"))
                },
            ),
            WriteAccessLog(CONFIG.access_log_group, ""),
        ),
    ],
)
def test_each_difference_outside_of_chalice_is_one_change(
    config: Configuration, change: Callable[[State], State], expected: object
) -> None:
    assert plan_up(config, change(deployed_state(config)), DIGEST) == (expected,)


def test_an_access_log_is_compared_by_group_and_format() -> None:
    config = configuration({"access_log": {"id": "$context.requestId"}})
    state = deployed_state(config)
    state = replace(state, log_groups={**state.log_groups, config.access_log_group: 14})
    text = '{"id": "$context.requestId"}'
    assert plan_up(config, state, DIGEST) == (WriteAccessLog(config.access_log_group, text),)
    for group, expected in ((config.access_log_group, 0), ("/other", 1)):
        log = AccessLog(f"arn:aws:logs:{REGION}:111122223333:log-group:{group}", text)
        stage = ApiStage("production", config.stage_description, log)
        assert len(plan_up(config, api(state, stages={"production": stage}), DIGEST)) == expected


@pytest.mark.parametrize(
    ("own", "records", "deleted", "created"),
    [
        # Another region's record is none of our business.
        ({}, (FOREIGN,), 0, 2),
        # From simple to latency: both steps in one, or Route 53 refuses.
        ({}, (Record("A", TARGET, "ZAPI"), Record("AAAA", TARGET, "ZAPI")), 2, 2),
        # A stale target, left by a custom domain name that was deleted by hand.
        ({}, (Record("A", f"d-0.execute-api.{REGION}.amazonaws.com", "ZAPI", False, REGION, REGION),), 1, 2),
        ({"health_check_id": "h1"}, deployed_state(CONFIG).records, 2, 2),
        ({"routing": "simple"}, deployed_state(CONFIG).records, 2, 2),
        # Half of it, as after a change that Route 53 never makes, but a hand might.
        ({}, deployed_state(CONFIG).records[:1], 0, 1),
    ],
)
def test_records_are_replaced_in_one_step(
    own: Mapping[str, Any], records: tuple[Record, ...], deleted: int, created: int
) -> None:
    config = configuration(own)
    (route,) = plan_up(config, replace(deployed_state(config), records=records), DIGEST)
    assert isinstance(route, RouteName)
    assert (len(route.delete), len(route.create)) == (deleted, created)
    assert {record.target for record in route.create} == {TARGET}


def test_the_target_of_a_domain_that_is_not_there_yet_is_left_open() -> None:
    route = plan_up(CONFIG, empty_state(), DIGEST)[-1]
    assert isinstance(route, RouteName)
    assert [(record.type, record.target) for record in route.create] == [("A", ""), ("AAAA", "")]


@pytest.mark.parametrize("record", [None, {}, {"resources": [{"name": "rest_api", "rest_api_id": "gone"}]}])
def test_a_lost_record_is_written_from_what_exists(record: Mapping[str, Any] | None) -> None:
    (change,) = plan_up(CONFIG, replace(deployed_state(CONFIG), record=record), DIGEST)
    assert isinstance(change, RestoreRecord)
    assert [entry["name"] for entry in change.resources] == [
        "api_handler_role",
        "challenge_role",
        "api_handler",
        "challenge",
        "rest_api",
        "api_gateway_custom_domain",
    ]


def test_down_takes_the_name_first_and_leaves_other_regions() -> None:
    state = deployed_state(CONFIG)
    changes = plan_down(CONFIG, replace(state, records=(*state.records, FOREIGN)))
    assert [type(change) for change in changes] == [RouteName, Undeploy, RemoveLogs, RemoveLogs]
    route = changes[0]
    assert isinstance(route, RouteName)
    assert FOREIGN not in route.delete
    assert plan_down(CONFIG, empty_state()) == ()


def test_down_leaves_a_domain_that_leads_to_another_api() -> None:
    state = domain(deployed_state(CONFIG), mappings={"(none)": ("other", "x")})
    undeploy = next(change for change in plan_down(CONFIG, state) if isinstance(change, Undeploy))
    assert not any("domain" in resource.split()[0] for resource in undeploy.resources)


def test_changes_are_one_line_each_and_json() -> None:
    state = deployed_state(CONFIG)
    for change in (*plan_up(CONFIG, empty_state(), DIGEST), *plan_down(CONFIG, state)):
        assert "\n" not in change.line
        assert as_json(change)["line"] == change.line
        assert '"raw"' not in json.dumps(as_json(change))
