"""`python -m infra` as a process of its own: flags, exit statuses, and whose credentials are used."""

from __future__ import annotations

import json
import os
import re
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


def trusting(certificates: Certificates) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(certificates.authority_pem)}


def test_plan_prints_one_json_document_and_nothing_else(
    deployer: Deployer, certificates: Certificates
) -> None:
    deployer.account.stacks.pace = 1000
    done = run(deployer.project, "plan", "--json", **trusting(certificates))
    assert done.returncode == 2, done.stderr
    document = json.loads(done.stdout)
    assert (document["command"], document["stage"], document["applied"]) == ("plan", "production", False)
    assert len(document["steps"]) > 1


def test_up_asks_nobody_where_nobody_is(deployer: Deployer, certificates: Certificates) -> None:
    deployer.account.stacks.pace = 1000
    before = deployer.resources(REGION, "us-east-1")
    done = run(deployer.project, "up", **trusting(certificates))
    assert done.returncode == 1
    assert "pass --yes" in done.stderr
    assert deployer.resources(REGION, "us-east-1") == before


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("up", "--stage"), ("plan", "--yes")])
def test_wrong_flags_are_one_line_and_no_plan_with_changes(
    deployer: Deployer, arguments: tuple[str, ...]
) -> None:
    done = run(deployer.project, *arguments)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert re.fullmatch(r"ecr-domain: .*; see `ecr-domain( up| plan)? --help`", line)


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--region", "https://user:s3cr3t@us-west-2"),
        ("plan", "--stage", "user:s3cr3t@production"),
        ("plan", "--profile", "user:s3cr3t@profile"),
        ("plan", "--profile", "https://user:pa@s3cr3t@h"),
        ("plan", "user:pa@s3cr3t@host"),
        ("plan", "https://user:it's s3cr3t and@host"),
        ("plan", "https://host/?X-Amz-Security-Token=s3cr3t"),
        ("https://user:s3cr3t@host",),
        ("init", "--domain", "https://user:s3cr3t@ecr.example.com"),
        ("init", "--domain", "ecr.example.com?token=s3cr3t"),
        ("init", "--registry", "user%3As3cr3t%40registry.example.com"),
        ("init", "--registry", "https://user:s3cr3t/more@registry.example.com"),
        ("init", "--registries", '{"a/": "https://user:s3cr3t@registry.example.com"}'),
        ("init", "--redirect-mode", "user:s3cr3t@relay"),
        ("init", "--log-retention-in-days", "user:s3cr3t@1"),
    ],
    ids=" ".join,
)
def test_a_password_in_a_value_is_not_repeated(deployer: Deployer, arguments: tuple[str, ...]) -> None:
    done = run(deployer.project, *arguments)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "s3cr3t" not in line + done.stdout


def test_the_region_may_be_in_either_variable(deployer: Deployer) -> None:
    """botocore reads one of them alone."""
    for variables in (
        {"AWS_REGION": "user:s3cr3t@mars", "AWS_DEFAULT_REGION": ""},
        {"AWS_REGION": "", "AWS_DEFAULT_REGION": "user:s3cr3t@mars"},
    ):
        done = run(deployer.project, "init", "--stage", "new", "--domain", "x.example.com", **variables)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "'***@mars', of the environment or the profile, is not a valid region" in line


def test_an_endpoints_query_is_not_repeated(deployer: Deployer) -> None:
    endpoint = "http://127.0.0.1:9/?X-Amz-Security-Token=s3cr3t"
    done = run(deployer.project, "plan", AWS_ENDPOINT_URL=endpoint, AWS_MAX_ATTEMPTS="1")
    assert "http://127.0.0.1:9/?***" in done.stderr
    assert "s3cr3t" not in done.stderr


@pytest.mark.parametrize("command", ["init", "plan", "up", "doctor", "down"])
def test_every_command_is_explained(deployer: Deployer, command: str) -> None:
    assert command in run(deployer.project, "--help").stdout
    done = run(deployer.project, command, "--help")
    assert done.returncode == 0
    assert "--stage" in done.stdout


def test_the_version_is_the_projects(deployer: Deployer) -> None:
    done = run(deployer.project, "--version")
    assert (done.returncode, done.stdout.startswith("ecr-domain ")) == (0, True)


@pytest.mark.parametrize(
    ("environment", "arguments", "expected"),
    [
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nowhere"},
            (),
            "no AWS credentials",
        ),
        ({}, ("--profile", "nobodys"), "there is no AWS profile 'nobodys'"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}, (), "Could not connect"),
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


def test_a_sign_in_that_expired_is_one_line(deployer: Deployer, tmp_path: Path) -> None:
    """Of `aws sso login`: the token's file is there, and its time is over."""
    config = tmp_path / "config"
    config.write_text(
        "[profile people]\nsso_session = us\nsso_account_id = 123456789012\nsso_role_name = deployer\n"
        f"region = {REGION}\n[sso-session us]\nsso_region = {REGION}\n"
        "sso_start_url = https://us.example.test/start\nsso_registration_scopes = sso:account:access\n"
    )
    done = run(
        deployer.project,
        "plan",
        "--profile",
        "people",
        AWS_CONFIG_FILE=str(config),
        HOME=str(tmp_path),
        AWS_ACCESS_KEY_ID="",
        AWS_SECRET_ACCESS_KEY="",
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "sign in again" in line
    assert "aws sso login" in line


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("/nowhere/program s3cr3t", "AWS could not be asked (FileNotFoundError); check"),
        ("echo s3cr3t", "AWS could not be asked (JSONDecodeError); check"),
        ("sh -c 'echo s3cr3t >&2; exit 1'", "the AWS credentials could not be obtained; run `aws sts"),
    ],
)
def test_what_a_credential_process_writes_is_not_repeated(
    deployer: Deployer, tmp_path: Path, program: str, expected: str
) -> None:
    config = tmp_path / "config"
    config.write_text(f"[profile p]\ncredential_process = {program}\n")
    done = run(deployer.project, "plan", "--profile", "p", AWS_CONFIG_FILE=str(config))
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert expected in line
    assert "s3cr3t" not in line


def test_an_endpoint_that_is_no_url_is_one_line(deployer: Deployer) -> None:
    done = run(deployer.project, "plan", AWS_ENDPOINT_URL="user:s3cr3t@127.0.0.1:9")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "AWS could not be asked (ValueError); check AWS_ENDPOINT_URL" in line


@pytest.fixture
def profile(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of one whose access key is AKIAPROFILE."""
    credentials = deployer.project / "credentials"
    credentials.write_text("[deployer]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = stand-in\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    return "deployer"


def test_a_profile_is_asked_for_in_place_of_one_that_the_environment_names(
    deployer: Deployer, profile: str, certificates: Certificates
) -> None:
    """Chalice, which packages and asks AWS for nothing, is not told of that one either."""
    deployer.account.stacks.pace = 1000
    names = {"AWS_PROFILE": "user:s3cr3t@nope", "AWS_DEFAULT_PROFILE": "user:s3cr3t@nope"}
    done = run(deployer.project, "plan", "--profile", profile, **names, **trusting(certificates))
    assert done.returncode == 2, done.stderr
    done = run(deployer.project, "plan", **names)
    assert done.returncode == 1
    assert "there is no AWS profile '***@nope'" in done.stderr


def test_a_profile_is_asked_for_all_calls(deployer: Deployer, profile: str) -> None:
    """Keys in the environment are stronger than AWS_PROFILE, and weaker than a profile that was asked for."""
    deployer.account.calls.clear()
    for command in ("up", "down"):
        deployer.succeed(command, "--yes", "--region", REGION, "--profile", profile)
    assert {"cloudformation:ExecuteChangeSet", "s3:PutObject"} <= set(deployer.account.changes())
    assert {call.access_key for call in deployer.account.calls} == {"AKIAPROFILE"}
