"""Each claim of docs/threat-model.md names tests that exist, and each of them notices a mutant."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tools.mutants.all_mutants import MUTANTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
# The claims, and what the page says nobody holds.
CLAIMS, NOT_HELD = PAGE.split("\n## Not held\n")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", CLAIMS)


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_tests_that_are_named_exist() -> None:
    assert len(NAMED) > 20
    assert [pair for pair in NAMED if pair[1] not in functions_of(ROOT / pair[0])] == []


def test_every_claim_names_a_test() -> None:
    claims = re.split(r"\n(?=- )|\n\n", CLAIMS)
    assert [claim for claim in claims if claim.startswith("- ") and "::" not in claim] == []


def test_every_test_that_is_named_must_notice_a_mutant() -> None:
    """But for those with real clients, which not every machine has: they hold themselves to a registry that
    repeats credentials on purpose."""
    noticing = {mutant.test for mutant in MUTANTS}
    named = {f"{file}::{name}" for file, name in NAMED if not file.startswith("tests/clients/")}
    assert named - noticing == set()
