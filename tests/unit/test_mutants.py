"""The mutants of tools/mutants apply, and the tests that must notice them exist."""

from __future__ import annotations

import ast
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.standins.project import ROOT
from tools.mutants.all_mutants import MUTANTS
from tools.mutants.mutant import Mutant


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.claim[:60])
def test_a_mutant_applies_once_and_is_still_a_program(mutant: Mutant) -> None:
    changed = mutant.changed(ROOT)
    assert mutant.before != mutant.after
    if mutant.file.endswith(".py"):
        ast.parse(changed)
    if mutant.file.endswith(".json"):
        json.loads(changed)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.claim[:60])
def test_the_test_that_must_notice_a_mutant_exists(mutant: Mutant) -> None:
    file, _, name = mutant.test.partition("::")
    assert name in functions_of(ROOT / file)


def test_no_mutant_is_listed_twice() -> None:
    for counted in (
        Counter(mutant.claim for mutant in MUTANTS),
        Counter((mutant.file, mutant.before, mutant.after) for mutant in MUTANTS),
    ):
        assert {each for each, count in counted.items() if count > 1} == set()
