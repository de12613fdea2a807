"""The runs of benchmarks/ that have a right and a wrong, short: load with faults, and cold starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import cold_start, load
from chalicelib.settings import RedirectMode
from tests.standins.package import Package


@pytest.mark.parametrize(
    ("mode", "with_faults", "statuses"),
    [
        (RedirectMode.EDGE, False, {200, 201, 202, 307, 400, 401}),
        (RedirectMode.RELAY, False, {200, 201, 202, 307, 400, 401}),
        # The registry's own faults, and the gateway's response where an environment died.
        (RedirectMode.RELAY, True, {200, 307, 400, 401, 429, 500, 502}),
    ],
)
def test_nothing_is_wrong_or_astray_under_load(
    mode: RedirectMode, with_faults: bool, statuses: set[int], service_package: Package, tmp_path: Path
) -> None:
    findings, report = load.run(
        mode, service_package, tmp_path, clients=32, requests=600, with_faults=with_faults
    )
    assert findings.wrong == []
    assert findings.astray == []
    # All of it happened: large uploads, and every response there is.
    assert findings.uploaded > 20_000_000 or with_faults
    assert statuses <= set(findings.statuses)
    assert f"mode {mode.value}: {len(findings.seconds)} requests" in report


def test_every_contender_of_the_cold_start_responds_right() -> None:
    lines: list[str] = []
    assert cold_start.main(["--rounds", "1"], lines.append) == 0
    assert "this service, a redirect" in lines[0]
