"""From a host to its registry's API: who is asked, where, and with whose credentials."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

from tests.helper.fake_aws import ASSUMED_KEY, SECRET, FakeAws
from tests.helper.program import REGISTRY, Program

ID = "123456789012"


def test_the_request_names_the_account_the_region_and_the_helper(program: Program, aws: FakeAws) -> None:
    program.get(f"{ID}.dkr.ecr.eu-central-1.amazonaws.com")
    (call,) = aws.calls
    assert json.loads(call.body) == {"registryIds": [ID]}
    assert "/eu-central-1/ecr/" in call.authorization
    assert "docker-credential-ecr-custom/" in call.user_agent


def test_ecr_public_is_asked_in_us_east_1(program: Program, aws: FakeAws) -> None:
    assert program.get("public.ecr.aws", AWS_REGION="eu-west-1").secret == SECRET
    assert "/us-east-1/ecr-public/" in aws.calls[0].authorization


def test_a_mapping_names_profile_region_and_role(program: Program, aws: FakeAws) -> None:
    role = "arn:aws:iam::123456789012:role/pull"
    program.have_profiles("prod")
    program.map(
        {
            "ecr.example.com": {"registry": REGISTRY, "profile": "prod"},
            "ecr.example.net": {"registry": REGISTRY, "role_arn": role, "region": "eu-west-1"},
        }
    )
    assert program.get("ecr.example.com").secret == SECRET
    assert "AKIAPROD" in aws.calls[0].authorization
    assert program.get("ecr.example.net").secret == SECRET
    assume, authorize = aws.calls[1:]
    assert parse_qs(assume.body)["RoleArn"] == [role]
    assert ASSUMED_KEY in authorize.authorization
    assert "/eu-west-1/" in authorize.authorization


def test_an_ecr_host_can_be_given_a_profile(program: Program, aws: FakeAws) -> None:
    program.map({REGISTRY: {"profile": "absent"}})
    assert "there is no AWS profile 'absent'" in program.refused(REGISTRY)
    assert program.get(REGISTRY.replace(ID, "210987654321")).secret == SECRET


def test_a_mapping_that_cannot_be_used_is_refused_whatever_host_is_asked_for(program: Program) -> None:
    program.map({"ecr.example.com": "ghcr.io"})
    before = program.files
    for host in ("ecr.example.com", "other.example.com"):
        words = f"{program.custom_json}:1:21: 'ghcr.io' is not a valid ECR registry host"
        assert words in program.refused(host)
    assert program.run("list").code == 1
    assert program.files.items() >= before.items()


def test_a_file_that_cannot_be_read_is_named(program: Program) -> None:
    program.custom_json.mkdir(parents=True)
    assert f"cannot read {program.custom_json}: Is a directory" in program.refused("ecr.example.com")


def test_the_config_file_can_be_elsewhere(program: Program) -> None:
    (program.home / "mine.json").write_text(json.dumps({"ecr.example.com": REGISTRY}))
    assert program.get("ecr.example.com", AWS_ECR_CUSTOM_CONFIG="~/mine.json").secret == SECRET


def test_a_default_that_is_no_registry_is_refused(program: Program) -> None:
    line = program.refused("any.example.com", AWS_ECR_CUSTOM_DEFAULT="ghcr.io")
    assert "AWS_ECR_CUSTOM_DEFAULT is 'ghcr.io'" in line
