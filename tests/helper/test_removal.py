"""`init --remove`: what goes, and what stays because somebody needs it."""

from __future__ import annotations

import json
import os

import pytest

from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import REGISTRY, Program

DOMAIN, OTHER_DOMAIN = "ecr.example.com", "ecr.example.net"
DOCKER_CONFIG = {"auths": {"ghcr.io": {"auth": "aHVudGVyMg=="}}, "credHelpers": {"ghcr.io": "pass"}}


def test_remove_undoes_it(program: Program) -> None:
    program.configure_docker(DOCKER_CONFIG)
    program.have_profiles("p")
    program.init(DOMAIN, REGISTRY, "--profile", "p", "--containers-auth")
    assert set(json.loads(program.podman_auth.read_text())["credHelpers"]) == {DOMAIN, REGISTRY}
    program.init("--remove", DOMAIN)
    assert json.loads(program.docker_config.read_text()) == DOCKER_CONFIG
    assert program.mappings == {}
    assert not program.podman_auth.exists()
    assert program.init("--remove", DOMAIN) == "nothing to change\n"


def test_one_file_of_both_clients_is_removed_once(program: Program) -> None:
    environ = {"REGISTRY_AUTH_FILE": str(program.docker_config)}
    program.run("init", DOMAIN, REGISTRY, "--containers-auth", environ=environ)
    program.get(DOMAIN)
    assert program.run("init", "--remove", DOMAIN, environ=environ).code == 0
    assert not program.docker_config.exists()
    assert not list(program.cache.glob("token-*"))


def test_remove_takes_the_tokens_with_it(program: Program, aws: FakeAws) -> None:
    other = REGISTRY.replace("us-east-1", "eu-west-1")
    program.init(DOMAIN, REGISTRY)
    program.get(DOMAIN)
    program.get(other)
    assert f"the tokens of {DOMAIN} are removed" in program.init("--remove", DOMAIN)
    assert len(list(program.cache.glob("token-*"))) == 1
    assert program.get(other).secret == SECRET
    assert aws.tokens_asked == 2


def test_remove_leaves_what_another_domain_and_another_helper_need(program: Program) -> None:
    program.configure_docker({"credHelpers": {"x.example.com": "ecr-login"}})
    program.init(DOMAIN, REGISTRY)
    program.init(OTHER_DOMAIN, REGISTRY)
    assert f"{REGISTRY} stays set up, for {OTHER_DOMAIN}" in program.init("--remove", DOMAIN)
    assert program.cred_helpers == {
        "x.example.com": "ecr-login",
        REGISTRY: "ecr-custom",
        OTHER_DOMAIN: "ecr-custom",
    }
    program.init("--remove", OTHER_DOMAIN)
    assert program.cred_helpers == {"x.example.com": "ecr-login"}


def test_remove_leaves_the_credentials_that_another_domain_needs(program: Program) -> None:
    program.have_profiles("a", "b")
    for domain in (DOMAIN, OTHER_DOMAIN):
        program.init(domain, REGISTRY, "--profile", "a")
    program.init("--remove", DOMAIN)
    assert program.mappings[REGISTRY] == {"profile": "a"}
    program.init("--remove", OTHER_DOMAIN)
    assert program.mappings == {}


def test_remove_leaves_the_registry_of_a_domain_that_names_it_itself(
    program: Program, domain: FakeDomain
) -> None:
    program.init(domain.host)
    program.init(DOMAIN, REGISTRY)
    program.init("--remove", DOMAIN)
    assert program.cred_helpers == {domain.host: "ecr-custom", REGISTRY: "ecr-custom"}
    program.init("--remove", domain.host)
    assert not program.docker_config.exists()


def test_remove_says_so_where_the_domain_cannot_be_asked_any_more(
    program: Program, domain: FakeDomain
) -> None:
    program.init(domain.host)
    domain.status = 503
    assert f"init --remove {domain.host} REGISTRY" in program.init("--remove", domain.host)
    assert program.cred_helpers == {REGISTRY: "ecr-custom"}
    program.init("--remove", domain.host, REGISTRY)
    assert not program.docker_config.exists()


def test_remove_all_takes_everything_that_was_ever_written(program: Program, domain: FakeDomain) -> None:
    program.configure_docker(DOCKER_CONFIG)
    (program.home / "keep").write_text("mine")
    before = set(program.files)
    program.init(DOMAIN, REGISTRY, "--containers-auth")
    program.init(domain.host)
    program.get(domain.host)
    leftover = program.docker_config.with_name(".config.json.new-ecr-custom-killed")
    leftover.write_text("half")
    printed = program.init("--remove", "--all")
    assert set(program.files) == before
    assert json.loads(program.docker_config.read_text()) == DOCKER_CONFIG
    assert not (program.home / ".ecr").exists()
    for path in (program.cache, program.custom_json, leftover, f"{program.docker_config}.backup-ecr-custom"):
        assert f"{path}: " in printed
    assert "everything that this helper wrote is removed" in printed
    assert "nothing to change" in program.init("--remove", "--all")


def test_remove_all_leaves_a_new_home_as_new(program: Program) -> None:
    program.init(DOMAIN, REGISTRY, "--containers-auth")
    program.get(DOMAIN)
    program.init("--remove", "--all")
    assert list(program.home.iterdir()) == []


def test_remove_all_keeps_what_is_not_the_helpers(program: Program) -> None:
    program.init(DOMAIN, REGISTRY)
    program.get(DOMAIN)
    (program.home / ".ecr" / "cache.json").write_text("{}")
    (program.home / ".ecr" / "log").mkdir()
    program.init("--remove", "--all")
    assert set(program.files) == {program.home / ".ecr" / "cache.json"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give files away")
def test_remove_all_removes_nothing_of_another_users(program: Program) -> None:
    program.init(DOMAIN, REGISTRY)
    for path in (program.home, *program.home.rglob("*")):
        os.chown(path, 65534, 65534)
    before = program.files
    result = program.run("init", "--remove", "--all")
    assert result.code == 1
    assert "belongs to another user" in result.stderr
    assert program.files == before


def test_remove_all_refuses_a_malformed_file_before_anything_goes(program: Program) -> None:
    program.init(DOMAIN, REGISTRY)
    program.docker_config.write_text("{,}")
    before = program.files
    result = program.run("init", "--remove", "--all")
    assert result.code == 1
    assert f"{program.docker_config}:1:2: not valid JSON" in result.stderr
    assert program.files == before
