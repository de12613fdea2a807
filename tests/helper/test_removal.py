"""`init --remove`: what goes, and what stays because somebody needs it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import REGISTRY, Program

DOMAIN, OTHER_DOMAIN = "ecr.example.com", "ecr.example.net"
DOCKER_CONFIG = {"auths": {"ghcr.io": {"auth": "aHVudGVyMg=="}}, "credHelpers": {"ghcr.io": "pass"}}


def init(program: Program, *arguments: str, **environ: str) -> str:
    result = program.run("init", *arguments, environ=environ)
    assert (result.code, result.stderr) == (0, "")
    return result.stdout


def helpers(program: Program) -> dict[str, str]:
    found: dict[str, str] = json.loads(program.docker_config.read_text()).get("credHelpers", {})
    return found


def mappings(program: Program) -> dict[str, object]:
    found: dict[str, object] = json.loads(program.custom_json.read_text())
    return found


def files(program: Program) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in program.home.rglob("*") if path.is_file()}


def test_remove_undoes_it(program: Program) -> None:
    program.docker_config.parent.mkdir()
    program.docker_config.write_text(json.dumps(DOCKER_CONFIG))
    program.have_profiles("p")
    init(program, DOMAIN, REGISTRY, "--profile", "p", "--containers-auth")
    podman = program.home / ".config" / "containers" / "auth.json"
    assert set(json.loads(podman.read_text())["credHelpers"]) == {DOMAIN, REGISTRY}
    init(program, "--remove", DOMAIN)
    assert json.loads(program.docker_config.read_text()) == DOCKER_CONFIG
    assert mappings(program) == json.loads(podman.read_text()) == {}
    assert init(program, "--remove", DOMAIN) == "nothing to change\n"


def test_remove_takes_the_tokens_with_it(program: Program, aws: FakeAws) -> None:
    other = REGISTRY.replace("us-east-1", "eu-west-1")
    init(program, DOMAIN, REGISTRY)
    program.get(DOMAIN)
    program.get(other)
    assert f"the tokens of {DOMAIN} are removed" in init(program, "--remove", DOMAIN)
    assert len(list(program.cache.glob("token-*"))) == 1
    assert program.get(other).secret == SECRET
    assert aws.tokens_asked == 2


def test_remove_leaves_what_another_domain_and_another_helper_need(program: Program) -> None:
    program.docker_config.parent.mkdir()
    program.docker_config.write_text(json.dumps({"credHelpers": {"x.example.com": "ecr-login"}}))
    init(program, DOMAIN, REGISTRY)
    init(program, OTHER_DOMAIN, REGISTRY)
    assert f"{REGISTRY} stays set up, for {OTHER_DOMAIN}" in init(program, "--remove", DOMAIN)
    assert helpers(program) == {
        "x.example.com": "ecr-login",
        REGISTRY: "ecr-custom",
        OTHER_DOMAIN: "ecr-custom",
    }
    init(program, "--remove", OTHER_DOMAIN)
    assert helpers(program) == {"x.example.com": "ecr-login"}


def test_remove_leaves_the_credentials_that_another_domain_needs(program: Program) -> None:
    program.have_profiles("a", "b")
    for domain in (DOMAIN, OTHER_DOMAIN):
        init(program, domain, REGISTRY, "--profile", "a")
    init(program, "--remove", DOMAIN)
    assert mappings(program)[REGISTRY] == {"profile": "a"}
    init(program, "--remove", OTHER_DOMAIN)
    assert mappings(program) == {}


def test_remove_leaves_the_registry_of_a_domain_that_names_it_itself(
    program: Program, domain: FakeDomain
) -> None:
    init(program, domain.host)
    init(program, DOMAIN, REGISTRY)
    init(program, "--remove", DOMAIN)
    assert helpers(program) == {domain.host: "ecr-custom", REGISTRY: "ecr-custom"}
    init(program, "--remove", domain.host)
    assert helpers(program) == {}


def test_remove_says_so_where_the_domain_cannot_be_asked_any_more(
    program: Program, domain: FakeDomain
) -> None:
    init(program, domain.host)
    domain.status = 503
    assert f"init --remove {domain.host} REGISTRY" in init(program, "--remove", domain.host)
    assert helpers(program) == {REGISTRY: "ecr-custom"}
    init(program, "--remove", domain.host, REGISTRY)
    assert helpers(program) == {}


def test_remove_all_takes_everything_that_was_ever_written(program: Program, domain: FakeDomain) -> None:
    program.docker_config.parent.mkdir()
    program.docker_config.write_text(json.dumps(DOCKER_CONFIG))
    (program.home / "keep").write_text("mine")
    before = {path: json.loads(text) if path.suffix else text for path, text in files(program).items()}
    init(program, DOMAIN, REGISTRY, "--containers-auth")
    init(program, domain.host)
    program.get(domain.host)
    leftover = program.docker_config.with_name(".config.json.new-ecr-custom-killed")
    leftover.write_text("half")
    printed = init(program, "--remove", "--all")
    after = {path: json.loads(text) if path.suffix else text for path, text in files(program).items()}
    assert after == before
    assert not (program.home / ".ecr").exists()
    for path in (program.cache, program.custom_json, leftover, f"{program.docker_config}.backup-ecr-custom"):
        assert f"{path}: " in printed
    assert "everything that this helper wrote is removed" in printed
    assert "nothing to change" in init(program, "--remove", "--all")


def test_remove_all_leaves_a_new_home_as_new(program: Program) -> None:
    init(program, DOMAIN, REGISTRY, "--containers-auth")
    program.get(DOMAIN)
    init(program, "--remove", "--all")
    assert list(program.home.iterdir()) == []


def test_remove_all_keeps_what_is_not_the_helpers(program: Program) -> None:
    init(program, DOMAIN, REGISTRY)
    program.get(DOMAIN)
    (program.home / ".ecr" / "cache.json").write_text("{}")
    (program.home / ".ecr" / "log").mkdir()
    init(program, "--remove", "--all")
    assert set(files(program)) == {program.home / ".ecr" / "cache.json"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give files away")
def test_remove_all_removes_nothing_of_another_users(program: Program) -> None:
    init(program, DOMAIN, REGISTRY)
    for path in (program.home, *program.home.rglob("*")):
        os.chown(path, 65534, 65534)
    before = files(program)
    result = program.run("init", "--remove", "--all")
    assert result.code == 1
    assert "belongs to another user" in result.stderr
    assert files(program) == before


def test_remove_all_refuses_a_malformed_file_before_anything_goes(program: Program) -> None:
    init(program, DOMAIN, REGISTRY)
    program.docker_config.write_text("{,}")
    before = files(program)
    result = program.run("init", "--remove", "--all")
    assert result.code == 1
    assert f"{program.docker_config}:1:2: not valid JSON" in result.stderr
    assert files(program) == before
