"""A short load run: right answers, and credentials in their place, while environments die."""

from __future__ import annotations

from pathlib import Path

from benchmarks.load import run


def test_nothing_is_wrong_or_astray_under_load(tmp_path: Path) -> None:
    findings, _ = run(seconds=8, in_flight=100, environments=4, directory=tmp_path)
    assert findings.wrong == []
    assert findings.astray == []
    # All of it happened: every answer there is, a fault of the registry's and a dead environment.
    assert {"200", "307", "400", "429", "500", "502"} <= set(findings.statuses)
