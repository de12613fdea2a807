"""`chalice deploy` on a fresh clone, as Chalice's users run it: without a flag, and with a stage that is not
there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.aws_account import AwsAccount
from tests.standins.project import make_project


@pytest.fixture
def project(account: AwsAccount, tmp_path: Path) -> Path:
    account.reset()
    return make_project(tmp_path / "project", {"dev": {}})


def chalice(project: Path, account: AwsAccount, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("chalice"))
    environment = {**os.environ, **account.environment, "AWS_DEFAULT_REGION": "us-west-2"}
    return subprocess.run(
        [program, *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def test_the_committed_stage_deploys_and_says_what_it_lacks(project: Path, account: AwsAccount) -> None:
    for _ in range(2):
        done = chalice(project, account, "deploy")
        assert done.returncode == 0, done.stdout + done.stderr
        last = done.stdout.rstrip().splitlines()[-1]
        assert last.endswith("next: .venv/bin/ecr-domain init")
    # A second deployment makes no second API.
    assert len(account.client("apigateway", "us-west-2").get_rest_apis()["items"]) == 1


@pytest.mark.parametrize("command", [("deploy",), ("package", "out")])
def test_a_stage_that_is_not_there_makes_nothing(
    command: tuple[str, ...], project: Path, account: AwsAccount
) -> None:
    done = chalice(project, account, *command, "--stage", "typo")
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert "the stage 'typo' is not in .chalice/config.json" in line
    assert account.changes() == []
    assert not (project / "out").exists()
