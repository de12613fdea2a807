"""From a host to its registry: mappings, the default, discovery; and the API endpoint of each registry."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from tests.helper.fake_aws import ASSUMED_KEY, SECRET, FakeAws
from tests.helper.program import NOT_FOUND, REGISTRY, Program

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
    (program.home / "config").write_text(
        "[profile prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = s\n"
    )
    program.map(
        {
            "ecr.example.com": {"registry": REGISTRY, "profile": "prod"},
            "ecr.example.net": {"registry": REGISTRY, "role_arn": role, "region": "eu-west-1"},
        }
    )
    environ = {"AWS_CONFIG_FILE": str(program.home / "config")}
    assert program.get("ecr.example.com", **environ).secret == SECRET
    assert "AKIAPROD" in aws.calls[0].authorization
    assert program.get("ecr.example.net", **environ).secret == SECRET
    assume, ask = aws.calls[1:]
    assert parse_qs(assume.body)["RoleArn"] == [role]
    assert ASSUMED_KEY in ask.authorization
    assert "/eu-west-1/" in ask.authorization


def test_an_ecr_host_can_be_given_a_profile(program: Program, aws: FakeAws) -> None:
    program.map({REGISTRY: {"profile": "absent"}})
    result = program.get(REGISTRY)
    assert "there is no AWS profile 'absent'" in result.stderr
    assert program.get(REGISTRY.replace(ID, "210987654321")).secret == SECRET


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("ghcr.io", "custom.json:1:21: 'ghcr.io' is not a valid ECR registry host"),
        (f"{REGISTRY}.evil.test", "is not a valid ECR registry host"),
        ("", "is not a valid registry host"),
        (5, "custom.json:1:21: ecr.example.com is a number; expected a registry host or an object"),
        (None, "is null"),
        ([], "is an array"),
        ({"registry": 1}, "registry is a number; expected a string"),
        ({"registri": REGISTRY}, "has a member 'registri'"),
        ({"registry": REGISTRY, "role_arn": "admin"}, "role_arn is 'admin'"),
        ({"registry": REGISTRY, "region": "../x"}, "region is '../x'"),
        ({"registry": REGISTRY, "profile": "a\nb"}, "expected text of one line"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_with_its_place(
    program: Program, value: object, told: str
) -> None:
    program.map({"ecr.example.com": value})
    before = program.custom_json.read_bytes()
    for host in ("ecr.example.com", "other.example.com"):
        result = program.get(host)
        assert (result.code, result.stdout) == (1, NOT_FOUND)
        assert told in result.stderr
        assert result.stderr.count("\n") == 1
    assert program.custom_json.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": "b",\n  "c"; "d"}', ":2:6: not valid JSON"),
        ("", ":1:1: not valid JSON"),
        ("[]", ":1:1: an array; expected a JSON object"),
        (' \n "x"', ":2:2: a string; expected"),
        ("\ufeff{}", ":1:1: not valid JSON"),
        ("[" * 100_000, ":1:1: nested too deeply"),
        (f'{{"docker.io": "{REGISTRY}"}}', ":1:15: 'docker.io' is Docker Hub"),
        (f'{{"not a host": "{REGISTRY}"}}', ":1:16: 'not a host' is not a valid domain"),
    ],
)
def test_a_malformed_file_is_refused_with_line_and_column(program: Program, text: str, place: str) -> None:
    program.map(text)
    for arguments in (["get"], ["list"], ["init", "ecr.example.com", REGISTRY]):
        result = program.run(*arguments, stdin="ecr.example.com", environ={"AWS_ECR_CUSTOM_DISCOVER": "0"})
        assert result.code == 1
        assert str(program.custom_json) + place in result.stderr
        assert result.stderr.count("\n") == 1
        assert program.custom_json.read_text() == text


def test_bytes_that_are_no_text_have_a_place_too(program: Program) -> None:
    program.map({})
    program.custom_json.write_bytes('{"é": "x",\n"\xff'.encode("latin-1"))
    assert "custom.json:1:3: not UTF-8 text" in program.run("list").stderr


def test_a_file_that_cannot_be_read_is_told(program: Program) -> None:
    program.custom_json.mkdir(parents=True)
    result = program.get("ecr.example.com")
    assert (result.code, result.stdout) == (1, NOT_FOUND)
    assert f"cannot read {program.custom_json}: Is a directory" in result.stderr


def test_the_config_file_can_be_elsewhere(program: Program) -> None:
    (program.home / "mine.json").write_text(json.dumps({"ecr.example.com": REGISTRY}))
    assert program.get("ecr.example.com", AWS_ECR_CUSTOM_CONFIG="~/mine.json").secret == SECRET


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("any.example.com", True),
        ("docker.io", False),
        ("https://index.docker.io/v1/", False),
        ("registry-1.docker.io", False),
        ("registry.hub.docker.com", False),
        ("notdocker.io", True),
    ],
)
def test_with_every_host_allowed_the_default_registry_is_for_all_but_docker_hub(
    program: Program, host: str, found: bool
) -> None:
    result = program.get(host, AWS_ECR_CUSTOM_DEFAULT=REGISTRY)
    assert (result.stdout == NOT_FOUND) is not found


def test_a_default_that_is_no_registry_is_refused(program: Program) -> None:
    result = program.get("any.example.com", AWS_ECR_CUSTOM_DEFAULT="ghcr.io")
    assert "AWS_ECR_CUSTOM_DEFAULT is 'ghcr.io'" in result.stderr
