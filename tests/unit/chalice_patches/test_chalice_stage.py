"""The stage of a Chalice command is checked before the command makes anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalice_patches.stage import Command, check_stage

ARN = "arn:aws:acm:us-west-2:123456789012:certificate/11111111-1111-1111-1111-111111111111"
DOMAIN = {"domain_name": "ecr.example.test", "certificate_arn": ARN}
OWN = {"domain": "ecr.example.test", "region": "eu-west-1", "hosted_zone_id": "Z1"}
STAGES: dict[str, Any] = {
    "dev": {},
    "production": {"custom_ecr_domain": OWN},
    "chalices": {"api_gateway_custom_domain": DOMAIN},
    "example": {"api_gateway_custom_domain": {**DOMAIN, "domain_name": "ecr.example.com"}},
    "zeros": {
        "api_gateway_custom_domain": {
            **DOMAIN,
            "certificate_arn": ARN.rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000",
        }
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps({"stages": STAGES}))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["chalice", "deploy"], Command("deploy", "dev")),
        (["chalice", "package", "--stage", "production", "out"], Command("package", "production")),
        (["chalice", "--project-dir", "x", "local", "--stage=a"], Command("local", "a")),
        (["-c", "package", "--stage", "a", "--merge-template", "t", "out"], Command("package", "a", True)),
        (["chalice", "logs"], Command("", "dev")),
        (["chalice", "deploy", "--stage"], Command("deploy", "")),
    ],
)
def test_the_command_is_read_from_the_arguments(arguments: list[str], command: Command) -> None:
    assert Command.of(arguments) == command


@pytest.mark.parametrize(
    ("command", "environment", "words"),
    [
        (
            Command("package", "typo"),
            {},
            "the stage 'typo' is not in .chalice/config.json, which has dev, production",
        ),
        (Command("local", "typo"), {}, "ecr-domain init --stage typo --region REGION --domain NAME`"),
        (Command("deploy", "example"), {}, "domain_name='ecr.example.com' (stage 'example'"),
        (Command("package", "zeros"), {}, "is an example"),
        (Command("deploy", "production"), {}, "ecr-domain up --stage production"),
        (Command("package", "production"), {"AWS_REGION": "us-west-2"}, "is in eu-west-1"),
        (Command("deploy", "chalices"), {"AWS_DEFAULT_REGION": "eu-west-1"}, "is in us-west-2"),
    ],
)
def test_what_the_user_cannot_mean_ends_the_command_with_one_line(
    command: Command,
    environment: dict[str, str],
    words: str,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        check_stage(command, project, environment)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert line.startswith("custom-ecr-domain: ")


@pytest.mark.parametrize(
    ("command", "environment", "region"),
    [
        (Command("package", "production"), {}, "eu-west-1"),
        (Command("package", "production"), {"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        # A certificate is in the region of its API.
        (Command("deploy", "chalices"), {}, "us-west-2"),
        (Command("deploy", "dev"), {"AWS_DEFAULT_REGION": "ap-south-1"}, "ap-south-1"),
    ],
)
def test_the_region_is_that_of_the_stage(
    command: Command, environment: dict[str, str], region: str, project: Path
) -> None:
    check_stage(command, project, environment)
    assert environment["AWS_DEFAULT_REGION"] == region


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (Command("deploy", "dev"), "next: .venv/bin/ecr-domain init --region REGION --domain NAME"),
        (Command("package", "dev"), "docs/deployment.md says how CloudFormation and Terraform add it"),
        # The template that is merged in has the domain.
        (Command("package", "dev", merges=True), ""),
        (Command("deploy", "chalices"), ""),
        (Command("package", "production"), ""),
        (Command("local", "dev"), ""),
    ],
)
def test_what_is_still_needed_is_said(command: Command, says: str, project: Path) -> None:
    assert check_stage(command, project, {}).rpartition("; ")[2] == says
