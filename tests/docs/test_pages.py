"""The pages that are written by a program are what they say they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clients import cost
from tests.clients.matrix import MatrixRow, fails, read_rows, regression
from tests.clients.table import ROWS
from tools.matrix_page import PAGE, README, page, readme_table, with_table
from tools.sequence_drawings import TRACES, diagrams

ROOT = Path(__file__).parents[2]
_ROW = MatrixRow(
    "crane", "Debian testing", "0.20.7", "pull", "helper", edge="works", relay="works", plain="fails: 401"
)


def test_the_matrix_page_and_the_readme_show_the_stored_matrix() -> None:
    rows = read_rows()
    assert PAGE.read_text() == page(rows), "run `make matrix`"
    readme = README.read_text()
    assert readme == with_table(readme, readme_table(rows)), "run `make matrix`"


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


def test_the_diagrams_are_drawn_from_the_stored_trace() -> None:
    for path, svg in diagrams().items():
        assert path.read_text() == svg, "run `python -m tools.sequence_drawings`"


def test_the_cost_page_shows_the_stored_counts() -> None:
    assert cost.PAGE.read_text() == cost.page(cost.read_costs()), "run `make matrix`"


def test_a_million_requests_cost_what_the_price_lists_say() -> None:
    """API Gateway $3.50, Lambda $0.20 and 256 MB for 20 ms at $0.0000133334 per GB-second; CloudFront $1.00
    for a request and $0.10 for each of the two runs of a function."""
    one, none = cost.Service(1, 0.02), cost.Service(0, 0)
    assert 1e6 * one.dollars == pytest.approx(3.50 + 0.20 + 0.0667, abs=1e-4)
    at_edge = cost.Cost("any", "1", "pull", 1, edge=1, edge_registry=1, cold=one, warm=none, relay=one)
    cold, warm = at_edge.edge_dollars
    assert 1e6 * warm == pytest.approx(1.00 + 2 * 0.10)
    assert cold == pytest.approx(warm + one.dollars)


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
