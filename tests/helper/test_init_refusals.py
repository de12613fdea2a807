"""`init`: what it refuses, in one line and before anything is written."""

from __future__ import annotations

import pytest

from tests.helper.program import REGISTRY, Program

DOMAIN = "ecr.example.com"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([DOMAIN, "ghcr.io"], "is not a valid ECR registry host"),
        ([DOMAIN, f"{REGISTRY}\nx"], "expected text of one line"),
        ([DOMAIN, ""], "discovery is turned off"),
        (["docker.io", REGISTRY], "is Docker Hub"),
        (["a b", REGISTRY], "is not a valid domain"),
        (["ecr.example.com?token=s3cr3t", REGISTRY], "'ecr.example.com?***' is not a valid domain"),
        (["http://ecr.example.com", REGISTRY], "is not a valid domain: no token is given over plain http"),
        ([DOMAIN, REGISTRY, "--region", "user:s3cr3t@x"], "region is '***@x'"),
        ([DOMAIN, REGISTRY, "--profile", "user:s3cr3t@x"], "there is no AWS profile '***@x'"),
        ([DOMAIN, REGISTRY, "--role-arn", "user:s3cr3t@x"], "role_arn is '***@x'"),
        (['x" // "', REGISTRY], "is not a valid domain"),
        ([f"{DOMAIN}/my-repo", REGISTRY], f"'{DOMAIN}/my-repo' is a domain with a path; nothing was changed"),
        ([f"https://{DOMAIN}:8443/my-repo", REGISTRY], f"all of its repositories: {DOMAIN}:8443\n"),
        (
            ["--remove", f"{DOMAIN}/my-repo"],
            "name the domain alone, which stands for all of its repositories",
        ),
        ([], "there is no DOMAIN, and no terminal"),
        (["--remove"], "there is no DOMAIN"),
        (["--all"], "init --remove --all"),
        (["--all", "--remove", DOMAIN], "--all is for every domain"),
        ([DOMAIN, REGISTRY, "--role-arn", "admin"], "role_arn is 'admin'"),
        # Nothing to discover and nobody to ask.
        (["nowhere.invalid"], "init nowhere.invalid REGISTRY"),
    ],
)
def test_what_cannot_be_used_changes_nothing(program: Program, arguments: list[str], words: str) -> None:
    result = program.run("init", *arguments, environ={"AWS_ECR_CUSTOM_DISCOVER": "0"})
    assert result.code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not program.files


@pytest.mark.parametrize("path", [".docker/config.json", ".ecr/custom.json"])
def test_a_malformed_file_stops_it_before_anything_is_written(program: Program, path: str) -> None:
    file = program.home / path
    file.parent.mkdir()
    file.write_text('{"auths": {},\n "credHelpers": {"a" "b"}}')
    before = program.files
    for arguments in ([DOMAIN, REGISTRY], ["--remove", DOMAIN]):
        result = program.run("init", *arguments)
        assert (result.code, result.stdout) == (1, "")
        assert f"{file}:2:22: not valid JSON" in result.stderr
        assert program.files == before


def test_helpers_of_another_type_stop_it_with_their_place(program: Program) -> None:
    program.configure_docker('{"credHelpers": ["x"]}')
    result = program.run("init", DOMAIN, REGISTRY)
    assert ":1:17: credHelpers is an array; expected an object of strings" in result.stderr
    assert set(program.files) == {program.docker_config}


def test_a_directory_that_cannot_be_written_is_named(program: Program) -> None:
    (program.home / ".docker").write_text("")
    result = program.run("init", DOMAIN, REGISTRY)
    assert result.code == 1
    assert f"cannot write {program.docker_config}" in result.stderr


def test_a_malformed_command_line_is_refused(program: Program) -> None:
    result = program.run("init", "--registr", "x")
    assert (result.code, result.stdout) == (2, "")
    assert "unrecognized arguments" in result.stderr


@pytest.mark.parametrize(
    ("options", "refused"),
    [
        (["--profile", "nope"], "there is no AWS profile 'nope'; nothing was changed; there are prod, test"),
        (["--region", "mars"], "'mars' is not a valid region of the partition aws"),
        (["--region", "cn-north-1"], "'cn-north-1' is not a valid region of the partition aws"),
        (["--region", "us-east-1a"], "is not a valid region"),
    ],
)
def test_a_profile_or_a_region_that_does_not_exist_is_refused(
    program: Program, options: list[str], refused: str
) -> None:
    program.have_profiles("prod", "test")
    before = program.files
    result = program.run("init", DOMAIN, REGISTRY, *options)
    assert result.code == 1
    assert refused in result.stderr
    assert result.stderr.count("\n") == 1
    assert program.files == before


def test_a_region_is_checked_where_the_environment_names_a_profile_that_does_not_exist(
    program: Program,
) -> None:
    assert "region us-west-2" in program.init(DOMAIN, REGISTRY, "--region", "us-west-2", AWS_PROFILE="absent")


def test_where_there_is_no_profile_the_next_step_makes_one(program: Program) -> None:
    result = program.run("init", DOMAIN, REGISTRY, "--profile", "my prod")
    assert result.code == 1
    assert "no AWS profile 'my prod'; nothing was changed; " in result.stderr
    assert "make it with `aws configure --profile 'my prod'`" in result.stderr
    assert not program.files


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", "a", "b", "https://AWS:s3cr3t@ecr.example.com"),
        ("init", "a", "b", "https://AWS:it's s3cr3t and@ecr.example.com"),
        ("init", "--profle=https://AWS:s3cr3t@h", "a"),
        ("init", "--json=https://AWS:s3cr3t@h", "a"),
        ("init", "--re=https://AWS:s3cr3t@h", "a"),
        ("doctor", "a", "https://AWS:s3cr3t@h"),
        ("https://AWS:s3cr3t@h",),
    ],
    ids=" ".join,
)
def test_a_credential_on_a_command_line_is_not_repeated(program: Program, arguments: tuple[str, ...]) -> None:
    result = program.run(*arguments)
    assert result.code in (1, 2)
    assert "***@" in result.stderr + result.stdout
    assert "s3cr3t" not in result.stderr + result.stdout


@pytest.mark.parametrize(
    "mapping",
    [
        {"https://user:s3cr3t@ecr.example.com": 5},
        {"ecr.example.com": {"https://user:s3cr3t@ecr.example.com": "x"}},
        {"ecr.example.com": "https://user:s3cr3t@ghcr.io"},
    ],
    ids=["domain", "member", "registry"],
)
def test_a_credential_in_the_mapping_is_not_repeated(program: Program, mapping: dict[str, object]) -> None:
    program.map(mapping)
    for result in (
        program.run("get", stdin=DOMAIN),
        program.run("list"),
        program.run("init", DOMAIN, REGISTRY),
    ):
        assert result.code == 1
        assert "***@" in result.stderr
        assert "s3cr3t" not in result.stderr + result.stdout


def test_a_credential_in_a_mapping_that_is_kept_is_not_repeated(program: Program) -> None:
    program.map({DOMAIN: {"registry": REGISTRY, "profile": "user:s3cr3t@ecr.example.com"}})
    output = program.init(DOMAIN, "--region", "us-west-2")
    assert "profile ***@ecr.example.com, region us-west-2" in output
    assert "s3cr3t" not in output


@pytest.mark.parametrize(
    "arguments",
    [
        ("init", DOMAIN, REGISTRY),
        ("init", "--remove", DOMAIN, REGISTRY),
        ("init", "--remove", "--all"),
        ("init", "--remove", "--all", "--json"),
        ("doctor",),
        ("doctor", DOMAIN),
    ],
    ids=" ".join,
)
def test_a_credential_in_a_clients_file_is_not_repeated(program: Program, arguments: tuple[str, ...]) -> None:
    """The host of an entry, and what stands for another helper's name."""
    hosts = {"https://user:s3cr3t@ecr.example.net": "ecr-custom", DOMAIN: "https://user:s3cr3t@ghcr.io"}
    program.configure_docker({"credHelpers": hosts})
    if "--remove" in arguments:
        program.map({DOMAIN: REGISTRY})
    result = program.run(*arguments)
    assert "***@" in result.stdout
    assert "s3cr3t" not in result.stderr + result.stdout


def test_what_is_not_a_mapping_is_not_removed(program: Program) -> None:
    file = program.home / "notes.txt"
    file.write_text("mine")
    result = program.run("init", "--remove", "--all", environ={"AWS_ECR_CUSTOM_CONFIG": str(file)})
    assert result.code == 1
    assert file.read_text() == "mine"
