"""Trying mutants: each in a copy of the project, with the one test that must notice it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from tools.mutants.mutant import Mutant

_SECONDS = 180
# https://docs.pytest.org/en/stable/reference/exit-codes.html
_PASSED, _FAILED = 0, 1


class TrialOutcome(Enum):
    """What a test made of a mutant."""

    #: It failed, as it must.
    NOTICED = "noticed"
    #: It passed: the claim is held by nothing.
    SURVIVED = "survived"
    #: It could not be run, so nothing is known.
    BROKEN = "broken"


class Trial(NamedTuple):
    """A mutant that was tried."""

    mutant: Mutant
    outcome: TrialOutcome
    #: The end of what pytest printed.
    output: str


def copy_project(project: Path, directory: Path) -> Path:
    """A copy of all that git tracks or would track, without what was built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=project,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source, target = project / name, directory / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return directory


def failing_tests(tests: Iterable[str], copy: Path) -> str:
    """Run the tests on a copy that nobody changed: what pytest says where one fails, else nothing."""
    code, output = _pytest(copy, *sorted(set(tests)), seconds=10 * _SECONDS)
    return "" if code == _PASSED else output


def try_mutant(mutant: Mutant, copy: Path) -> Trial:
    """Change the copy, run the test, and change it back."""
    file = copy / mutant.file
    try:
        original, changed = file.read_bytes(), mutant.changed(copy)
    except (OSError, ValueError) as error:
        return Trial(mutant, TrialOutcome.BROKEN, str(error))
    file.write_text(changed, encoding="utf-8")
    try:
        code, output = _pytest(copy, mutant.test, seconds=_SECONDS)
    finally:
        file.write_bytes(original)
    outcome = {_PASSED: TrialOutcome.SURVIVED, _FAILED: TrialOutcome.NOTICED}.get(code, TrialOutcome.BROKEN)
    return Trial(mutant, outcome, output)


def _pytest(copy: Path, *tests: str, seconds: float) -> tuple[int, str]:
    # Bytecode would be that of the file before: a change within one second keeps time and perhaps size.
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, f"no end within {seconds:g} s"
    return done.returncode, done.stdout[-2_000:]
