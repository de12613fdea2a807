"""Who gets a token, and who is asked for a registry: only hosts that the user has listed for this helper."""

from __future__ import annotations

import pytest

from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import REGISTRY, Program

UNLISTED = {"AWS_ECR_CUSTOM_DISCOVER": ""}


STORE_OF_ALL_HOSTS = {"credsStore": "ecr-custom"}


def test_doctor_sends_no_token_where_get_gives_none(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    domain.password = SECRET
    program.configure_docker(STORE_OF_ALL_HOSTS)
    program.refused(domain.host, **UNLISTED)
    for image in (domain.host, f"{domain.host}/app:1.0"):
        result = program.run("doctor", image, environ=UNLISTED)
        assert result.code == 1
        assert f"init {domain.host} REGISTRY" in result.stdout
    assert (domain.seen, aws.calls) == ([], [])


def test_the_default_registrys_token_goes_to_listed_hosts_alone(program: Program, aws: FakeAws) -> None:
    """One `FROM evil.example/x` must not send it there."""
    program.configure_docker(STORE_OF_ALL_HOSTS | {"credHelpers": {"listed.example.com": "ecr-custom"}})
    program.map({"mapped.example.com": {"region": "us-east-1"}})
    default = UNLISTED | {"AWS_ECR_CUSTOM_DEFAULT": REGISTRY}
    line = program.refused("evil.example", **default)
    assert "neither mapped nor listed under credHelpers" in line
    assert "init evil.example REGISTRY" in line
    assert program.run("doctor", "evil.example/x", environ=default).code == 1
    assert not aws.calls
    for host in ("listed.example.com", "mapped.example.com"):
        assert program.get(host, **default).secret == SECRET


def test_doctor_sends_a_token_where_get_gives_one(program: Program, domain: FakeDomain) -> None:
    domain.password = SECRET
    program.configure_docker(STORE_OF_ALL_HOSTS | {"credHelpers": {domain.host: "ecr-custom"}})
    assert program.get(domain.host, **UNLISTED).secret == SECRET
    assert program.run("doctor", domain.host, environ=UNLISTED).code == 0


def test_an_unknown_value_of_discover_is_refused_even_where_no_host_is_asked(
    program: Program, aws: FakeAws
) -> None:
    program.map({"ecr.example.com": REGISTRY})
    assert program.get("ecr.example.com").secret == SECRET
    aws.calls.clear()
    line = program.refused("ecr.example.com", AWS_ECR_CUSTOM_DISCOVER="none")
    assert "AWS_ECR_CUSTOM_DISCOVER is 'none'" in line
    assert not aws.calls


def test_a_host_that_only_resembles_a_listed_one_is_not_listed(program: Program, aws: FakeAws) -> None:
    listed = dict.fromkeys(("example.com", "*", "*.example.com"), "ecr-custom")
    program.configure_docker(STORE_OF_ALL_HOSTS | {"credHelpers": listed})
    program.map({"example.com": {}})
    for host in ("evilexample.com", "example.com.evil.test", "sub.example.com", "example.com:8443"):
        assert "neither mapped nor listed under credHelpers" in program.refused(host, **UNLISTED)
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
        assert reason in program.refused(text, **environ)
    assert not aws.calls


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]:5000"])
def test_plain_http_at_this_machine_gets_its_mapped_token(program: Program, host: str) -> None:
    program.map({host: REGISTRY})
    for _ in range(2):
        assert program.get(f"http://{host}").secret == SECRET
