"""The pages that are written by a program are what they say they are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clients import cost
from tests.clients.matrix import MatrixRow, fails, read_rows, regression
from tests.clients.table import ROWS
from tools import architecture_tree, settings_table
from tools.matrix_page import PAGE, README, page, readme_table, with_table
from tools.sequence_drawings import TRACES, diagrams

_ROW = MatrixRow(
    "crane", "Debian testing", "0.20.7", "pull", "helper", edge="works", relay="works", plain="fails: 401"
)


#: Each page that a program writes, what the program makes of it, and the command.
WRITTEN = (
    (architecture_tree.PAGE, architecture_tree.with_tree, "python -m tools.architecture_tree"),
    (settings_table.PAGE, settings_table.with_table, "python -m tools.settings_table"),
    (README, lambda text: with_table(text, readme_table(read_rows())), "make matrix"),
    (PAGE, lambda _: page(read_rows()), "make matrix"),
    (cost.PAGE, lambda _: cost.page(cost.read_costs()), "make matrix"),
)


@pytest.mark.parametrize(
    ("path", "written", "command"), [pytest.param(*each, id=each[0].name) for each in WRITTEN]
)
def test_a_page_is_as_its_program_writes_it(path: Path, written: Callable[[str], str], command: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert written(text) == text, f"run `{command}`"


def test_the_diagrams_are_drawn_from_the_stored_trace() -> None:
    for path, svg in diagrams().items():
        assert path.read_text() == svg, "run `python -m tools.sequence_drawings`"


def test_every_row_of_the_table_is_stored() -> None:
    stored = {row.key for row in read_rows()}
    missing = {(row.client.name, row.client.debian.value, row.label) for row in ROWS} - stored
    assert not missing, "run `make matrix`"


def test_nothing_fails_at_the_edge() -> None:
    assert [row.key for row in read_rows() if fails(row.edge)] == []


def test_a_failure_in_relay_says_why_and_what_to_do_instead() -> None:
    assert [row.key for row in read_rows() if fails(row.relay) and not (row.why and row.workaround)] == []


@pytest.mark.parametrize(
    ("edge", "relay", "plain", "worse"),
    [
        ("works", "works", "fails: 401", False),
        ("fails: 413", "", "", True),
        ("", "fails: 413", "", True),
        ("", "", "fails: 401", False),  # the others were not tried in this run
        ("", "", "works", False),
        ("shows no token, 3 refusals", "", "", False),
        ("fails: it shows the token", "", "", True),
    ],
)
def test_what_worked_must_go_on_to_work(edge: str, relay: str, plain: str, worse: bool) -> None:
    now = replace(_ROW, version="0.21.0", edge=edge, relay=relay, plain=plain)
    assert (regression(_ROW, now) is not None) is worse
    assert regression(None, now) is None


def test_a_million_requests_cost_what_the_price_lists_say() -> None:
    """API Gateway $3.50, Lambda $0.20 and 256 MB for 20 ms at $0.0000133334 per GB-second; CloudFront $1.00
    for a request and $0.10 for each of the two runs of a function."""
    one, none = cost.Service(1, 0.02), cost.Service(0, 0)
    assert 1e6 * one.dollars == pytest.approx(3.50 + 0.20 + 0.0667, abs=1e-4)
    at_edge = cost.Cost("any", "1", "pull", 1, edge=1, edge_registry=1, cold=one, warm=none, relay=one)
    cold, warm, relay = at_edge.dollars
    assert 1e6 * warm == pytest.approx(1.00 + 2 * 0.10)
    assert cold == pytest.approx(warm + one.dollars)
    assert relay == one.dollars


def test_only_who_is_to_see_credentials_sees_them() -> None:
    traces = json.loads(TRACES.read_text())
    authorized = {
        (name, each["receiver"]) for name, trace in traces.items() for each in trace if each["authorized"]
    }
    assert authorized == {
        ("edge", "edge"),
        ("edge", "registry"),
        ("relay", "gateway"),
        ("relay", "registry"),
        ("relay-docker-classic", "registry"),
    }
