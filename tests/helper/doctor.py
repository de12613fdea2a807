"""What `doctor --json` finds, as values."""

from __future__ import annotations

import json
from typing import NamedTuple

from credhelper.domain_checks import CHECKS
from tests.helper.fake_aws import SECRET
from tests.helper.program import Program

#: All checks, in order; the first nine are those of a domain, the others those of a repository.
NAMES = [name for name, _ in CHECKS]
DOMAIN_NAMES = NAMES[:9]


class Check(NamedTuple):
    """One entry of the report, its fields as the report names them."""

    domain: str
    check: str
    ok: bool
    finding: str
    next_step: str


def examined(program: Program, *arguments: str, **environ: str) -> list[Check]:
    """The checks of a run, which shows neither the token nor the address of a layer."""
    result = program.run("doctor", "--json", *arguments, environ=environ)
    report = json.loads(result.stdout)
    assert (result.code, result.stderr) == (0 if report["ok"] else 1, "")
    assert SECRET not in result.stdout
    assert "presigned" not in result.stdout
    return [Check(**each) for each in report["checks"]]


def names_of(checks: list[Check]) -> list[str]:
    return [each.check for each in checks]
