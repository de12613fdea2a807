"""What stops `up` before it changes anything; each refusal one line that names the value and the place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from infra import checks
from infra.certificate import Certificate, best, pending
from infra.checks import Finding
from infra.state import Domain, Record, State
from infra.zone import Zone, closest
from tests.unit.infra_values import CERTIFICATE, TARGET, configuration, deployed_state, empty_state

CONFIG = configuration()
ISSUED = Certificate(CERTIFICATE, "ISSUED", ("ecr.example.com",), 1.0)
ZONE = Zone("Z1", "example.com", private=False)
REGISTRY = Finding("registry", True, "answers")


def findings(
    state: State,
    own: Mapping[str, Any] | None = None,
    *,
    certificate: Certificate | None = ISSUED,
    zone: Zone | None = ZONE,
    health_check_exists: bool = False,
    log_role: str | None = None,
) -> list[str]:
    """The problems' lines."""
    found = checks.before(
        configuration(own), state, certificate, zone, health_check_exists, log_role, REGISTRY
    )
    assert all(finding.line and "\n" not in finding.line for finding in found)
    return list(checks.problems(found))


def test_nothing_stops_a_first_or_a_second_up() -> None:
    assert findings(empty_state()) == []
    assert findings(deployed_state(CONFIG)) == []


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (
            None,
            f"{CERTIFICATE} (api_gateway_custom_domain.certificate_arn in .chalice/config.json) is not in",
        ),
        (replace(ISSUED, status="PENDING_VALIDATION"), "still waiting for its DNS validation"),
        (replace(ISSUED, status="EXPIRED"), "is EXPIRED"),
        (replace(ISSUED, names=("other.example.com",)), "is for other.example.com, not ecr.example.com"),
        # A wildcard is for one label only (RFC 6125, 6.4.3).
        (replace(ISSUED, names=("*.com",)), "is for *.com, not ecr.example.com"),
    ],
)
def test_the_certificate_must_be_issued_for_the_domain(
    certificate: Certificate | None, expected: str
) -> None:
    (line,) = findings(empty_state(), certificate=certificate)
    assert expected in line
    assert "`python -m infra init`" in line


def test_the_examples_certificate_is_called_so() -> None:
    config = configuration(
        stage={
            "api_gateway_custom_domain": {
                "domain_name": "ecr.example.com",
                "certificate_arn": CERTIFICATE.replace("111122223333", "123456789012"),
            }
        }
    )
    found = checks.before(config, empty_state(), None, ZONE, False, None, REGISTRY)
    assert "is the example's" in checks.problems(found)[0]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (None, "is not in this account"),
        (Zone("Z1", "example.org", private=False), "is for example.org, and ecr.example.com is not in it"),
        # The end of a name is not enough: it must end at a dot.
        (Zone("Z1", "ample.com", private=False), "is for ample.com"),
        (Zone("Z1", "example.com", private=True), "is private"),
    ],
)
def test_the_zone_must_hold_the_domain_for_all(zone: Zone | None, expected: str) -> None:
    (line,) = findings(empty_state(), zone=zone)
    assert expected in line
    assert "custom_ecr_domain.hosted_zone_id in .chalice/config.json" in line


def foreign_domain(state: State) -> State:
    return replace(
        state, domain=Domain("ecr.example.com", TARGET, "Z", "", "", "", {}, {"(none)": ("x9", "s")})
    )


def two_apis(state: State) -> State:
    assert state.api is not None
    return replace(state, apis=(state.api, replace(state.api, id="a2")))


def foreign_function(state: State) -> State:
    name = CONFIG.function_name
    return replace(state, functions={name: replace(state.functions[name], tags={})})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            foreign_domain,
            "(domain_name in .chalice/config.json) is already used in eu-west-1 by the API x9",
        ),
        (
            lambda s: replace(s, domain=replace(s.domain, mappings={}, tags={}), record=None),
            "is already used in eu-west-1 by nobody we know",
        ),
        (
            lambda s: replace(s, domain=replace(s.domain, mappings={**s.domain.mappings, "x": ("b", "s")})),
            "is already used in eu-west-1 by the API a1 at (none), b at x",
        ),
        (
            # Ours, but not at the root: `down` would delete what we did not make.
            lambda s: replace(s, domain=replace(s.domain, mappings={"x": ("a1", "production")})),
            "is already used in eu-west-1 by the API a1 at x",
        ),
        (foreign_function, "a function custom-ecr-domain-production exists that Chalice did not deploy"),
        (two_apis, "delete-rest-api --rest-api-id a2"),
        (
            lambda s: replace(
                s, record={"resources": [{"resource_type": "domain_name", "domain_name": "old.example.com"}]}
            ),
            "is deployed at old.example.com",
        ),
    ],
)
def test_names_that_others_have_are_left_to_them(change: Callable[[State], State], expected: str) -> None:
    (line,) = findings(change(deployed_state(CONFIG)))
    assert expected in line


def test_a_domain_name_that_an_interrupted_up_left_is_ours_by_its_tag() -> None:
    state = deployed_state(CONFIG)
    assert state.domain is not None
    assert findings(replace(state, domain=replace(state.domain, mappings={}), record=None)) == []


EAST = Record("A", "d-2.execute-api.us-east-1.amazonaws.com", "Z", False, "us-east-1", "us-east-1")


@pytest.mark.parametrize(
    ("own", "record", "expected"),
    [
        ({}, EAST, None),  # what the other region has
        ({"set_identifier": "us-east-1"}, EAST, "set custom_ecr_domain.set_identifier to another"),
        ({}, replace(EAST, region="eu-west-1"), "a latency record for eu-west-1; delete it first"),
        ({"routing": "simple"}, EAST, "set custom_ecr_domain.routing to latency"),
        ({}, replace(EAST, region="", set_identifier=""), "run `up` there with the routing latency first"),
        ({}, replace(EAST, region=""), "under another routing policy"),
        ({}, Record("A", ""), "an address of its own already, and not for this API"),
        ({}, Record("CNAME", ""), "has CNAME ecr.example.com"),
        ({}, Record("A", "d-9.execute-api.eu-west-1.amazonaws.com"), None),  # ours, gone stale
    ],
)
def test_records_in_the_way(own: Mapping[str, Any], record: Record, expected: str | None) -> None:
    lines = findings(replace(empty_state(), records=(record,)), own)
    assert len(lines) == (expected is not None)
    assert expected is None or expected in lines[0]


def test_a_health_check_must_exist_where_it_is_named() -> None:
    assert "no health check h1" in findings(empty_state(), {"health_check_id": "h1"})[0]
    assert findings(empty_state(), {"health_check_id": "h1"}, health_check_exists=True) == []


def test_an_access_log_needs_the_accounts_role() -> None:
    assert "cloudwatchRoleArn" in findings(empty_state(), {"access_log": True})[0]
    assert findings(empty_state(), {"access_log": True}, log_role="arn") == []


def test_the_best_certificate_has_the_name_itself_then_lasts_longest() -> None:
    wildcard = Certificate("wild", "ISSUED", ("*.example.com",), 9.0)
    short, long = replace(ISSUED, arn="short", expires=1.0), replace(ISSUED, arn="long", expires=2.0)
    waiting = replace(ISSUED, arn="waiting", status="PENDING_VALIDATION", expires=99.0)
    others = (wildcard, short, long, waiting, Certificate("no", "ISSUED", ("x.example.com",), 99.0))
    assert best(others, "ecr.example.com") == long
    assert best((wildcard, waiting), "ecr.example.com") == wildcard
    assert best((waiting,), "ecr.example.com") is None
    assert pending(others, "ecr.example.com") == waiting


def test_the_closest_public_zone_is_found() -> None:
    outer = Zone("Z0", "com", private=False)
    inner = Zone("Z2", "example.com", private=True)
    assert closest((outer, ZONE, inner, Zone("Z3", "ample.com", private=False)), "ecr.example.com") == ZONE
    assert closest((ZONE,), "example.com") == ZONE
    assert closest((ZONE,), "ecr.example.org") is None
