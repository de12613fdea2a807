"""Real clients of the protocol: docker-py, the Docker CLI and skopeo ask this helper, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest
from docker.credentials import CredentialsNotFound, Store

from tests.helper.fake_aws import SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import REGISTRY, Program


def required(name: str) -> str:
    """The client's path; skips where it is not installed, unless REQUIRE_CLIENTS says that it must be."""
    path = shutil.which(name)
    if path is None:
        message = f"{name} is not installed"
        if os.environ.get("REQUIRE_CLIENTS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return path


@pytest.fixture
def set_up(program: Program, domain: FakeDomain) -> Program:
    """The program, with Docker and podman set up by `init` for a domain that challenges."""
    domain.password, domain.challenges = SECRET, True
    program.init(domain.host, REGISTRY, "--containers-auth")
    return program


@pytest.fixture
def store(set_up: Program, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("PATH", set_up.environ["PATH"])  # docker-py looks the program up in its own PATH
    return Store("ecr-custom", environment=set_up.environ)


def client(program: Program, name: str, *arguments: str, stdin: str = "") -> str:
    """Run a client to its end; its standard output. Its exit code is 0, and it shows no secret."""
    done = subprocess.run(
        [required(name), *arguments],
        env=program.environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.stdout


def test_docker_py_gets_lists_stores_and_erases(store: Store, domain: FakeDomain, aws: FakeAws) -> None:
    credentials = {"ServerURL": domain.host, "Username": "AWS", "Secret": SECRET}
    assert store.get(domain.host) == credentials
    assert store.list() == {f"https://{domain.host}": "AWS"}
    for url in store.list():
        assert store.get(url) == credentials | {"ServerURL": url}
    store.store(domain.host, "somebody", "else")
    assert store.get(domain.host) == credentials
    assert aws.tokens_asked == 1
    store.erase(domain.host)
    assert store.get(domain.host) == credentials
    assert aws.tokens_asked == 2


def test_docker_py_takes_not_found_for_what_it_is(store: Store, aws: FakeAws) -> None:
    with pytest.raises(CredentialsNotFound):
        store.get("docker.io")
    aws.error = (400, "AccessDeniedException", "no")
    with pytest.raises(CredentialsNotFound):
        store.get(REGISTRY)


def test_docker_reads_a_manifest_with_it(set_up: Program, domain: FakeDomain) -> None:
    manifest = client(set_up, "docker", "manifest", "inspect", f"{domain.host}/app:1.0")
    assert json.loads(manifest)["schemaVersion"] == 2
    assert any(seen.path == "/v2/app/manifests/1.0" and seen.authorization for seen in domain.seen)


def test_docker_logs_in_and_out(set_up: Program, domain: FakeDomain, aws: FakeAws) -> None:
    """`login` stores, `logout` erases under four spellings; both used to fail with ECR helpers."""
    output = client(set_up, "docker", "login", "-u", "AWS", "--password-stdin", domain.host, stdin=SECRET)
    assert "Login Succeeded" in output
    set_up.get(domain.host)
    client(set_up, "docker", "logout", domain.host)
    set_up.get(domain.host)
    assert aws.tokens_asked == 2


def test_skopeo_lists_tags_with_it(set_up: Program, domain: FakeDomain) -> None:
    listed = client(set_up, "skopeo", "list-tags", f"docker://{domain.host}/app")
    assert json.loads(listed)["Tags"] == ["1.0"]


def test_skopeo_logs_in_and_out(set_up: Program, domain: FakeDomain) -> None:
    client(set_up, "skopeo", "login", "-u", "AWS", "--password-stdin", domain.host, stdin=SECRET)
    client(set_up, "skopeo", "logout", domain.host)
