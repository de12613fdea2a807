"""The plan of the leak test covers what it says."""

from __future__ import annotations

from itertools import product

import pytest

from tests.clients.client import CRANE
from tests.clients.operation import PULL, PUSH
from tests.clients.refusal_plan import covering, everything
from tests.clients.refusing_registry import Manner, RefusedStep
from tests.clients.row import SMALL, Row

PULLED = Row(CRANE, PULL, ("pull",), SMALL)
PUSHED = Row(CRANE, PUSH, ("push",), SMALL)
REQUESTS = {
    PULLED: {RefusedStep.PING: 1, RefusedStep.MANIFEST_GET: 1, RefusedStep.BLOB_GET: 2},
    PUSHED: {
        RefusedStep.BLOB_HEAD: 2,
        RefusedStep.UPLOAD_POST: 2,
        RefusedStep.CHUNK: 2,
        RefusedStep.CLOSING_PUT: 2,
        RefusedStep.MANIFEST_PUT: 1,
    },
}
STEPS = {(row, step) for row, steps in REQUESTS.items() for step in steps}
BOTH = (False, True)


@pytest.mark.parametrize("shift", range(20))
@pytest.mark.parametrize("requests", [REQUESTS, {PULLED: REQUESTS[PULLED]}], ids=["pull and push", "pull"])
def test_every_client_meets_every_step_and_every_manner(
    requests: dict[Row, dict[RefusedStep, int]], shift: int
) -> None:
    runs = covering(requests, BOTH, shift)
    assert {run.refusal.manner for run in runs} == set(Manner)
    assert {(run.row, run.refusal.step) for run in runs} == {each for each in STEPS if each[0] in requests}


def test_clients_together_meet_every_pair_and_both_requests_and_locations() -> None:
    runs = [run for number in range(10) for run in covering(REQUESTS, BOTH, 3 * number)]
    assert {(run.row, run.refusal.step, run.refusal.manner) for run in runs} == {
        (*each, manner) for each, manner in product(STEPS, Manner)
    }
    closing = {(run.refusal.nth, run.relative) for run in runs if run.refusal.step is RefusedStep.CLOSING_PUT}
    assert closing == set(product((1, 2), BOTH))


def test_everything_is_the_full_product() -> None:
    runs = everything(REQUESTS, BOTH)
    refusable = sum(min(count, 2) for steps in REQUESTS.values() for count in steps.values())
    assert len(set(runs)) == len(runs) == refusable * len(Manner) * 2


def test_what_asks_nothing_has_no_runs() -> None:
    assert covering({PULLED: {}}, BOTH, 0) == everything({PULLED: {}}, BOTH) == []
