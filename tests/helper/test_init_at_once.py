"""Several runs of `init` at once, and clients that write their files meanwhile: nobody's entry is lost."""

from __future__ import annotations

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.helper.fake_domain import FakeDomain
from tests.helper.program import REGISTRY, Program

DOMAIN = "ecr.example.com"


def finished(running: subprocess.Popen[bytes]) -> str:
    """The output of a run that succeeds."""
    stdout, stderr = running.communicate(timeout=40)
    assert (running.returncode, stderr) == (0, b"")
    return stdout.decode()


@pytest.fixture
def slow(domain: FakeDomain) -> FakeDomain:
    """A domain that takes its time when it is asked for its registry, after the files were read."""
    domain.delay = 1.5
    return domain


def wait_until_asked(domain: FakeDomain) -> None:
    while not domain.seen:
        time.sleep(0.01)


def test_what_was_written_while_a_domain_was_asked_stays(program: Program, slow: FakeDomain) -> None:
    program.have_profiles("p")
    running = program.start("init", slow.host, "--profile", "p", "--containers-auth")
    wait_until_asked(slow)
    program.configure_docker({"auths": {"ghcr.io": {}}})
    program.init(DOMAIN, REGISTRY, "--containers-auth")
    output = finished(running)
    assert f"{slow.host} is mapped to" in output
    assert f"{slow.host} uses ecr-custom" in output
    helpers = dict.fromkeys((DOMAIN, REGISTRY, slow.host), "ecr-custom")
    assert json.loads(program.docker_config.read_text()) == {"auths": {"ghcr.io": {}}, "credHelpers": helpers}
    assert json.loads(program.podman_auth.read_text()) == {"credHelpers": helpers}
    assert program.mappings == {DOMAIN: REGISTRY, slow.host: {"profile": "p"}, REGISTRY: {"profile": "p"}}


def test_what_was_written_while_another_domain_was_removed_stays(program: Program, slow: FakeDomain) -> None:
    program.init(slow.host)
    slow.seen.clear()
    running = program.start("init", "--remove", slow.host)
    wait_until_asked(slow)
    program.init(DOMAIN, REGISTRY)
    assert f"{REGISTRY} stays set up, for {DOMAIN}" in finished(running)
    assert program.cred_helpers == {DOMAIN: "ecr-custom", REGISTRY: "ecr-custom"}
    assert program.mappings == {DOMAIN: REGISTRY}


def test_many_at_once_lose_nothing_and_leave_nothing_behind(program: Program) -> None:
    domains = [f"ecr{number}.example.com" for number in range(8)]
    with ThreadPoolExecutor(len(domains)) as pool:
        list(pool.map(lambda domain: program.init(domain, REGISTRY), domains))
    assert program.mappings == dict.fromkeys(domains, REGISTRY)
    assert program.cred_helpers == dict.fromkeys([*domains, REGISTRY], "ecr-custom")
    names = {path.name for path in program.docker_config.parent.iterdir()}
    assert names == {"config.json", "config.json.backup-ecr-custom"}


@pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX's")
def test_a_terminal_is_not_asked_again(program: Program, slow: FakeDomain) -> None:
    typed = f"{slow.host}\n{REGISTRY}\n\n\n"
    with program.at_terminal("init", typed=typed) as running:
        wait_until_asked(slow)
        program.init(DOMAIN, REGISTRY)
        stdout, stderr = running.communicate(timeout=40)
    assert f"{slow.host} uses ecr-custom" in stdout.decode()
    assert stderr.count(b"Domain (") == stderr.count(b"Registry [") == 1
    assert set(program.cred_helpers) == {DOMAIN, REGISTRY, slow.host}
