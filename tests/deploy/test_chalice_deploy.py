"""What Chalice's users do by themselves, on a fresh clone: the real `chalice deploy`, against moto."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.aws_account import AwsAccount
from tests.deploy.checkout import clone
from tests.standins.project import ROOT

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = clone(tmp_path_factory.mktemp("fresh") / "clone")
    committed = subprocess.run(
        ["git", "show", "HEAD:.chalice/config.json"], cwd=ROOT, capture_output=True, check=True
    )
    (directory / ".chalice" / "config.json").write_bytes(committed.stdout)
    return directory


@pytest.fixture
def empty_account(account: AwsAccount) -> Iterator[AwsAccount]:
    account.reset()
    yield account
    account.reset()


def chalice(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("chalice")), *arguments],
        cwd=project,
        env={**os.environ, "AWS_DEFAULT_REGION": REGION},
        capture_output=True,
        text=True,
        check=False,
    )


def made(account: AwsAccount) -> dict[str, list[str]]:
    return {
        "functions": [
            each["FunctionName"] for each in account.client("lambda", REGION).list_functions()["Functions"]
        ],
        "apis": [each["name"] for each in account.client("apigateway", REGION).get_rest_apis()["items"]],
        "roles": [each["RoleName"] for each in account.client("iam", REGION).list_roles()["Roles"]],
        "domains": [
            each["domainName"] for each in account.client("apigateway", REGION).get_domain_names()["items"]
        ],
    }


def test_deploy_works_without_a_flag_and_says_what_is_missing(
    project: Path, empty_account: AwsAccount
) -> None:
    done = chalice(project, "deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ecr-domain init" in (done.stdout + done.stderr).splitlines()[-1]
    found = made(empty_account)
    assert found["functions"] == ["custom-ecr-domain-dev", "custom-ecr-domain-dev-challenge"]
    assert (found["apis"], found["domains"]) == (["custom-ecr-domain"], [])
    again = chalice(project, "deploy")
    assert again.returncode == 0, again.stdout + again.stderr
    assert made(empty_account) == found
    done = chalice(project, "delete")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any(made(empty_account).values())


@pytest.mark.parametrize("arguments", [("--stage", "production"), ("--stage", "typo")])
def test_a_stage_that_is_not_there_is_refused_before_anything_is_made(
    project: Path, empty_account: AwsAccount, arguments: tuple[str, ...]
) -> None:
    done = chalice(project, "deploy", *arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("custom-ecr-domain: ")]
    assert arguments[1] in line
    assert not any(made(empty_account).values())
