"""The runs of benchmarks/ that have a right and a wrong, short: load with faults, and cold starts."""

from __future__ import annotations

from pathlib import Path

from benchmarks import cold_start, load


def test_nothing_is_wrong_or_astray_under_load(tmp_path: Path) -> None:
    findings, _ = load.run(seconds=8, in_flight=100, environments=4, directory=tmp_path)
    assert findings.wrong == []
    assert findings.astray == []
    # All of it happened: every answer there is, a fault of the registry's and a dead environment.
    assert {"200", "307", "400", "429", "500", "502"} <= set(findings.statuses)


def test_every_contender_of_the_cold_start_answers_right() -> None:
    lines: list[str] = []
    assert cold_start.main(["--rounds", "1"], lines.append) == 0
    assert "this service, a redirect" in lines[0]
