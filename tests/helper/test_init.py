"""`init`: what it writes, that it harms nothing, and that it can be undone."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import REGISTRY, Program

DOMAIN = "ecr.example.com"
OURS = {DOMAIN: "ecr-custom", REGISTRY: "ecr-custom"}

DOCKER_CONFIG = """{
    "auths": {
        "https://index.docker.io/v1/": {"auth": "aHVudGVyMg=="}
    },
    "credHelpers": {"ghcr.io": "pass"},
    "psFormat": "tab\\tle {{.ID}} ü",
    "detachKeys": "ctrl-e,e",
    "plugins": {"big": 12345678901234567890}
}
"""


def test_a_new_home_is_set_up(program: Program) -> None:
    output = program.init(DOMAIN, REGISTRY)
    assert program.mappings == {DOMAIN: REGISTRY}
    # With tabs, as Docker writes it.
    assert program.docker_config.read_text().startswith('{\n\t"credHelpers": {\n\t\t"')
    assert json.loads(program.docker_config.read_text()) == {"credHelpers": OURS}
    assert stat.S_IMODE(program.docker_config.stat().st_mode) == 0o600
    assert output.splitlines()[-1].startswith(f"next: docker pull {DOMAIN}/")
    assert sorted(path.name for path in program.docker_config.parent.iterdir()) == ["config.json"]


def test_everything_else_is_kept(program: Program) -> None:
    program.configure_docker(DOCKER_CONFIG)
    program.docker_config.chmod(0o640)
    program.map({"other.example.com": {"registry": REGISTRY, "profile": "p"}})
    program.init(DOMAIN, REGISTRY)
    before, after = json.loads(DOCKER_CONFIG), json.loads(program.docker_config.read_text())
    assert after == before | {"credHelpers": {"ghcr.io": "pass"} | OURS}
    assert list(after) == list(before)
    # The file's own style, and no escapes that were not there.
    assert '\n    "psFormat": "tab\\tle {{.ID}} ü",\n' in program.docker_config.read_text()
    assert stat.S_IMODE(program.docker_config.stat().st_mode) == 0o640
    backup = program.docker_config.with_name("config.json.backup-ecr-custom")
    assert backup.read_text() == DOCKER_CONFIG
    assert stat.S_IMODE(backup.stat().st_mode) == 0o640
    assert list(program.mappings) == ["other.example.com", DOMAIN]


def test_a_symbolic_link_stays_one(program: Program, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles.json"
    dotfiles.write_text("{}")
    program.docker_config.parent.mkdir()
    program.docker_config.symlink_to(dotfiles)
    program.init(DOMAIN, REGISTRY)
    assert program.docker_config.is_symlink()
    assert json.loads(dotfiles.read_text()) == {"credHelpers": OURS}
    program.init("--remove", "--all")
    assert program.docker_config.is_symlink()
    assert json.loads(dotfiles.read_text()) == {}


def test_twice_changes_nothing(program: Program) -> None:
    program.have_profiles("p")
    program.init(DOMAIN, REGISTRY, "--profile", "p")
    before = program.files
    assert "nothing to change" in program.init(DOMAIN, REGISTRY, "--profile", "p")
    assert "nothing to change" in program.init(f"https://{DOMAIN.upper()}/", f"https://{REGISTRY}/")
    assert program.files == before


def test_another_helper_for_the_registry_is_left_alone(program: Program) -> None:
    program.configure_docker({"credHelpers": {REGISTRY: "ecr-login", DOMAIN: "pass"}})
    output = program.init(DOMAIN, REGISTRY)
    assert program.cred_helpers == {REGISTRY: "ecr-login", DOMAIN: "ecr-custom"}
    assert "uses ecr-custom instead of pass" in output


def test_parts_of_a_mapping_are_changed_one_by_one(program: Program) -> None:
    program.have_profiles("p")
    role = {"role_arn": "arn:aws:iam::1:role/r"}
    program.init(DOMAIN, REGISTRY, "--profile", "p")
    program.init(DOMAIN, "--role-arn", role["role_arn"])
    assert program.mappings == {
        DOMAIN: {"registry": REGISTRY, "profile": "p"} | role,
        REGISTRY: {"profile": "p"} | role,
    }
    program.init(DOMAIN, "--profile", "", "--role-arn", "")
    assert program.mappings == {DOMAIN: REGISTRY}


@pytest.mark.parametrize("discovered", [False, True])
def test_the_registrys_own_host_gets_the_same_credentials(
    program: Program, domain: FakeDomain, aws: FakeAws, discovered: bool
) -> None:
    """Clients ask for it as well: BuildKit pushes layers there."""
    program.have_profiles("prod")
    role = "arn:aws:iam::123456789012:role/push"
    options = ["--profile", "prod", "--role-arn", role, "--region", "eu-west-1"]
    program.init(domain.host, *([] if discovered else [REGISTRY]), *options)
    for host in (domain.host, REGISTRY):
        aws.calls.clear()
        program.run("erase", stdin=domain.host)
        assert program.get(host).secret == SECRET
        assume, ask = aws.calls
        assert "AKIAPROD" in assume.authorization
        assert "/eu-west-1/" in ask.authorization


def test_two_domains_of_one_registry_share_what_its_own_host_has(program: Program) -> None:
    program.have_profiles("a", "b")
    program.init(DOMAIN, REGISTRY, "--profile", "a")
    program.init("ecr.example.net", REGISTRY)
    assert program.mappings[REGISTRY] == {"profile": "a"}
    changed = program.init("ecr.example.net", REGISTRY, "--profile", "b")
    assert f"{REGISTRY} is mapped to itself, profile b" in changed
    assert program.mappings[REGISTRY] == {"profile": "b"}


def test_what_somebody_mapped_the_registrys_host_to_is_kept(program: Program) -> None:
    other = REGISTRY.replace("us-east-1", "eu-west-1")
    program.have_profiles("a")
    program.map({REGISTRY: other})
    program.init(DOMAIN, REGISTRY, "--profile", "a")
    assert program.mappings[REGISTRY] == {"registry": other, "profile": "a"}
    program.init(DOMAIN, "--profile", "")
    assert program.mappings[REGISTRY] == other


def test_a_region_that_botocore_does_not_know_yet_is_taken(program: Program) -> None:
    program.init(DOMAIN, REGISTRY, "--region", "eu-north-7")


def test_podmans_next_step_is_there_where_podman_is_set_up(program: Program) -> None:
    step = f"podman pull {DOMAIN}/REPOSITORY"
    assert step not in program.init(DOMAIN, REGISTRY)
    assert step in program.init(DOMAIN, REGISTRY, "--containers-auth").splitlines()[-1]


def test_without_a_registry_the_domain_is_asked_and_not_pinned(program: Program, domain: FakeDomain) -> None:
    program.init(domain.host)
    assert not program.custom_json.exists()
    assert program.cred_helpers == {domain.host: "ecr-custom", REGISTRY: "ecr-custom"}
    program.have_profiles("p")
    program.init(domain.host, "--profile", "p")
    assert program.mappings == {
        domain.host: {"profile": "p"},
        REGISTRY: {"profile": "p"},
    }


def test_an_ecr_host_needs_no_mapping(program: Program) -> None:
    program.init(REGISTRY)
    assert not program.custom_json.exists()
    assert program.cred_helpers == {REGISTRY: "ecr-custom"}


def test_docker_config_and_podmans_file_elsewhere(program: Program) -> None:
    docker = program.home / "docker"
    program.init(DOMAIN, REGISTRY, "--containers-auth", DOCKER_CONFIG=str(docker))
    for file in (docker / "config.json", program.podman_auth):
        assert json.loads(file.read_text()) == {"credHelpers": OURS}
    program.init(DOMAIN, REGISTRY, "--containers-auth", REGISTRY_AUTH_FILE="~/auth.json")
    assert json.loads((program.home / "auth.json").read_text()) == {"credHelpers": OURS}


def test_json_is_for_machines(program: Program) -> None:
    outcome = json.loads(program.init(DOMAIN, REGISTRY, "--json"))
    assert (outcome["domain"], outcome["registry"]) == (DOMAIN, REGISTRY)
    assert {change["file"] for change in outcome["changes"]} == {
        str(program.custom_json),
        str(program.docker_config),
    }
    assert "docker pull" in outcome["next"]
    refused = program.run("init", DOMAIN, "ghcr.io", "--json")
    assert refused.code == 1
    assert "'ghcr.io' is not a valid ECR registry host" in json.loads(refused.stdout)["error"]


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX's")
def test_a_terminal_is_asked(program: Program, domain: FakeDomain) -> None:
    typed = f"{domain.host}\n{REGISTRY.upper()}\n"
    with program.at_terminal("init", typed=typed) as running:
        stdout, stderr = (stream.decode() for stream in running.communicate(timeout=40))
    assert "Domain (such as ecr.example.com): " in stderr
    assert f"now {REGISTRY}]: " in stderr
    assert f"is mapped to {REGISTRY}" in stdout
    assert program.mappings == {domain.host: REGISTRY}
