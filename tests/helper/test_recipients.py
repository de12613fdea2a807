"""Who gets a token, and who is asked for a registry: only hosts that the user has listed for this helper."""

from __future__ import annotations

import json

import pytest

from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import NOT_FOUND, REGISTRY, Program

UNLISTED = {"AWS_ECR_CUSTOM_DISCOVER": ""}


def as_store_of_all_hosts(program: Program, **members: object) -> None:
    program.docker_config.parent.mkdir(exist_ok=True)
    program.docker_config.write_text(json.dumps({"credsStore": "ecr-custom", **members}))


def test_doctor_sends_no_token_where_get_gives_none(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    domain.password = SECRET
    as_store_of_all_hosts(program)
    assert program.get(domain.host, **UNLISTED).stdout == NOT_FOUND
    for image in (domain.host, f"{domain.host}/app:1.0"):
        result = program.run("doctor", image, environ=UNLISTED)
        assert result.code == 1
        assert f"init {domain.host} REGISTRY" in result.stdout
    assert (domain.seen, aws.calls) == ([], [])


def test_the_default_registrys_token_goes_to_listed_hosts_alone(program: Program, aws: FakeAws) -> None:
    """One `FROM evil.example/x` must not send it there."""
    as_store_of_all_hosts(program, credHelpers={"listed.example.com": "ecr-custom"})
    program.map({"mapped.example.com": {"region": "us-east-1"}})
    default = UNLISTED | {"AWS_ECR_CUSTOM_DEFAULT": REGISTRY}
    result = program.get("evil.example", **default)
    assert (result.code, result.stdout) == (1, NOT_FOUND)
    assert "neither mapped nor listed under credHelpers" in result.stderr
    assert "init evil.example REGISTRY" in result.stderr
    assert program.run("doctor", "evil.example/x", environ=default).code == 1
    assert not aws.calls
    for host in ("listed.example.com", "mapped.example.com"):
        assert program.get(host, **default).secret == SECRET


def test_doctor_sends_a_token_where_get_gives_one(program: Program, domain: FakeDomain) -> None:
    domain.password = SECRET
    as_store_of_all_hosts(program, credHelpers={domain.host: "ecr-custom"})
    assert program.get(domain.host, **UNLISTED).secret == SECRET
    assert program.run("doctor", domain.host, environ=UNLISTED).code == 0


@pytest.mark.parametrize(
    "value",
    ["none", "named", "disabled", "00", "2", "true", "false", "off", "no", " 0", "https://u:hunter2@h"],
)
@pytest.mark.parametrize("mapped", [False, True])
def test_an_unknown_value_of_discover_is_refused(
    program: Program, domain: FakeDomain, aws: FakeAws, value: str, mapped: bool
) -> None:
    """Each of these used to mean that every host may be asked."""
    if mapped:
        program.map({domain.host: REGISTRY})
        assert program.get(domain.host).secret == SECRET
        aws.calls.clear()
    result = program.get(domain.host, AWS_ECR_CUSTOM_DISCOVER=value)
    assert (result.code, result.stdout) == (1, NOT_FOUND)
    assert "AWS_ECR_CUSTOM_DISCOVER is " in result.stderr
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.stderr
    assert (domain.seen, aws.calls) == ([], [])


@pytest.mark.parametrize(
    ("listed", "host"),
    [
        ("example.com", "evilexample.com"),
        ("example.com", "example.com.evil.test"),
        ("example.com", "sub.example.com"),
        ("example.com", "example.com:8443"),
        ("*", "example.com"),
        ("*.example.com", "sub.example.com"),
    ],
)
@pytest.mark.parametrize("where", ["credHelpers", "custom.json"])
def test_a_host_that_only_resembles_a_listed_one_is_not_listed(
    program: Program, aws: FakeAws, listed: str, host: str, where: str
) -> None:
    if where == "credHelpers":
        as_store_of_all_hosts(program, credHelpers={listed: "ecr-custom"})
    elif "*" not in listed:
        program.map({listed: {}})
    result = program.get(host, **UNLISTED)
    assert (result.code, result.stdout) == (1, NOT_FOUND)
    assert "neither mapped nor listed under credHelpers" in result.stderr
    assert not aws.calls


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://ecr.example.com", "in the clear"),
        ("http://ecr.example.com:443", "in the clear"),
        ("http://localhost.example.com", "in the clear"),
        (f"http://{REGISTRY}", "in the clear"),
        (f"{REGISTRY}:8443", "port 8443"),
        (f"https://{REGISTRY}:80", "port 80"),
        ("public.ecr.aws:444", "port 444"),
    ],
)
def test_no_token_travels_in_the_clear_or_to_a_port_that_is_not_ecrs(
    program: Program, aws: FakeAws, text: str, reason: str
) -> None:
    mapped = ("ecr.example.com", "ecr.example.com:443", "localhost.example.com", f"{REGISTRY}:8443")
    program.map(dict.fromkeys(mapped, REGISTRY))
    for environ in ({}, {"AWS_ECR_CUSTOM_DEFAULT": REGISTRY}):
        result = program.get(text, **environ)
        assert (result.code, result.stdout) == (1, NOT_FOUND)
        assert reason in result.stderr
    assert not aws.calls


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]:5000"])
def test_plain_http_at_this_machine_gets_its_mapped_token(program: Program, host: str) -> None:
    program.map({host: REGISTRY})
    for _ in range(2):
        assert program.get(f"http://{host}").secret == SECRET
