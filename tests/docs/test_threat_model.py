"""Each claim of docs/threat-model.md names tests that exist, and each of them notices a mutant."""

from __future__ import annotations

import re

from tests.standins.project import ROOT
from tests.unit.test_mutants import functions_of
from tools.mutants.all_mutants import MUTANTS

PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
# The claims, and what the page says nobody holds.
CLAIMS, NOT_HELD = PAGE.split("\n## Not held\n")
TESTS = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", CLAIMS)


def test_the_tests_that_are_named_exist() -> None:
    assert len(TESTS) > 20
    assert [pair for pair in TESTS if pair[1] not in functions_of(ROOT / pair[0])] == []


def test_every_claim_names_a_test() -> None:
    claims = re.split(r"\n(?=- )|\n\n", CLAIMS)
    assert [claim for claim in claims if claim.startswith("- ") and "::" not in claim] == []


def test_every_test_that_is_named_must_notice_a_mutant() -> None:
    """But for those with real clients, which not every machine has: they hold themselves to a registry that
    repeats credentials on purpose."""
    noticing = {mutant.test for mutant in MUTANTS}
    needed = {f"{file}::{name}" for file, name in TESTS if not file.startswith("tests/clients/")}
    assert needed - noticing == set()
