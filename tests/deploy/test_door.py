"""`python -m infra` as a process of its own: flags, exit statuses, and whose credentials are used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.deployer import REGION, Deployer
from tests.standins.certificates import Certificates


def run(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra", *arguments],
        cwd=project,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_plan_prints_one_json_document_and_nothing_else(deployer: Deployer) -> None:
    done = run(deployer.project, "plan", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["command"], document["stage"], document["applied"]) == ("plan", "production", False)
    assert len(document["changes"]) == 8


def test_up_asks_nobody_where_nobody_is(deployer: Deployer, certificates: Certificates) -> None:
    done = run(deployer.project, "up", SSL_CERT_FILE=str(certificates.authority_pem))
    assert done.returncode == 1
    assert "pass it as a flag, or --yes" in done.stderr


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("up", "--stage"), ("plan", "--yes")])
def test_wrong_flags_are_exit_2(deployer: Deployer, arguments: tuple[str, ...]) -> None:
    done = run(deployer.project, *arguments)
    assert done.returncode == 2
    assert "usage: python -m infra" in done.stderr


def test_every_command_is_explained(deployer: Deployer) -> None:
    done = run(deployer.project, "--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in ("init", "plan", "up", "doctor", "down"))


@pytest.mark.parametrize(
    ("environment", "arguments", "expected"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nowhere"},
            (),
            "no AWS credentials",
        ),
        ({}, ("--profile", "nobodys"), "(nobodys) could not be found; `aws configure list-profiles`"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}, (), "AWS could not be asked"),
    ],
)
def test_what_keeps_aws_from_being_asked_is_one_line(
    deployer: Deployer, environment: dict[str, str], arguments: tuple[str, ...], expected: str
) -> None:
    done = run(deployer.project, "plan", *arguments, **environment)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert expected in line


def test_a_project_is_needed(tmp_path: Path, deployer: Deployer) -> None:
    done = run(tmp_path, "plan", PYTHONPATH=str(deployer.project))
    assert done.returncode == 1
    assert ".chalice/config.json is missing; run this in the project's directory" in done.stderr


def test_a_profile_is_chalices_too(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in the environment are stronger than AWS_PROFILE, and weaker than a profile that was asked for."""
    credentials = deployer.project / "credentials"
    credentials.write_text("[deployer]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = stand-in\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    deployer.account.calls.clear()
    for command in ("up", "down"):
        outcome = deployer.run(command, "--yes", "--region", REGION, "--profile", "deployer")
        assert outcome.status == 0, outcome.err
    assert {"lambda:CreateFunction", "lambda:DeleteFunction"} <= set(deployer.account.changes())
    assert {call.access_key for call in deployer.account.calls} == {"AKIAPROFILE"}
