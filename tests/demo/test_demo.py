"""The demo as it is shown, through the stand-ins of AWS and through `chalice local`."""

from __future__ import annotations

import io
import platform
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.demo.__main__ import KINDS, show
from tests.demo.front import Fronts, deployed, local
from tests.demo.program import architecture_of, program


@pytest.fixture(params=[deployed, local], ids=["deployed", "local"])
def fronts(request: pytest.FixtureRequest) -> Callable[[Path], AbstractContextManager[Fronts]]:
    chosen: Callable[[Path], AbstractContextManager[Fronts]] = request.param
    return chosen


def test_three_kinds_of_client_push_and_pull_and_every_hop_is_shown(
    fronts: Callable[[Path], AbstractContextManager[Fronts]], tmp_path: Path
) -> None:
    out = io.StringIO()
    with fronts(tmp_path) as running:
        assert show(running, out) == 0
        token = running.ecr.token
    shown = out.getvalue()
    lines = shown.splitlines()
    assert max(map(len, lines)) <= 110
    assert token not in shown
    assert "Signature" not in shown
    assert [title for title, _ in KINDS if title not in shown] == []
    assert sum(line.startswith("  push ") for line in lines) == 3
    assert sum(line.startswith("  pull ") for line in lines) == 4
    # The large layer of each client: up on our own name, down from the bucket.
    large = [line.split() for line in lines if line.endswith(" MB")]
    assert [line[0] for line in large] == ["PATCH", "GET", "PUT", "GET", "PATCH", "GET", "GET"]
    assert all(line[2:4] == ["201", "+token"] for line in large if line[0] != "GET")
    assert all(line[-3] == "200" for line in large if line[0] == "GET")


def test_a_token_in_the_log_is_a_failure(tmp_path: Path) -> None:
    with local(tmp_path) as running:
        leaking = replace(running.relay, log=lambda: f"... {running.ecr.token} ...")
        assert show(replace(running, relay=leaking), io.StringIO()) == 1


def test_the_program_in_the_image_runs(tmp_path: Path) -> None:
    if platform.system() != "Linux":
        pytest.skip("Linux is not installed")
    path = tmp_path / "hello"
    path.write_bytes(program(b"Hello!\n", architecture_of(platform.machine())))
    path.chmod(0o755)
    done = subprocess.run([path], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"Hello!\n")
