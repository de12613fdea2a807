"""The live ring, tried against the stand-ins: it passes, writes its report, and tells no secret."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.live_report import LiveReport, SecretFound
from tests.standins.domain import Domain, running_domain
from tests.standins.ecr import ACCOUNT, USER
from tests.standins.package import Package

ROOT = Path(__file__).parents[2]
REPOSITORY = "team/live"


@dataclass(frozen=True)
class LiveRun:
    status: int
    output: str
    report: dict[str, Any]


def run_live_ring(directory: Path, *tests: str, **variables: str) -> LiveRun:
    """Run the ring in a process of its own, as `make live` does, with the user's files in `directory`."""
    path = directory / "report.json"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *(tests or ["tests/live"])],
        cwd=ROOT,
        env={
            "PATH": str(directory),
            "LIVE_REPORT": str(path),
            "HOME": str(directory),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(path.read_text()) if path.exists() else {}
    return LiveRun(done.returncode, done.stdout + done.stderr, report)


def helper_for(directory: Path, domain: str, user: str, password: str) -> None:
    """The user's configuration, a credential helper that answers for the domain, and the clients that keep
    no images of their own."""
    built = Path(os.environ.get("CLIENTS_CACHE") or ROOT / ".clients") / "bin"
    for program in ("skopeo", "crane"):
        found = shutil.which(program, path=f"{built}{os.pathsep}{os.environ['PATH']}")
        if found:
            (directory / program).symlink_to(found)
    (directory / ".docker").mkdir()
    (directory / ".docker" / "config.json").write_text(json.dumps({"credHelpers": {domain: "stand-in"}}))
    answer = json.dumps({"ServerURL": domain, "Username": user, "Secret": password})
    (directory / "answer").write_text(answer)
    helper = directory / "docker-credential-stand-in"
    helper.write_text(
        f'#!/bin/sh\n[ "$(/bin/cat)" = "{domain}" ] && [ "$1" = get ] && /bin/cat {directory}/answer\n'
    )
    helper.chmod(0o755)


@pytest.fixture(scope="module")
def relay_run(domain: Domain, tmp_path_factory: pytest.TempPathFactory) -> LiveRun:
    """Everything, against the domain in mode `relay`."""
    directory, authority = tmp_path_factory.mktemp("live"), domain.gateway.authority
    helper_for(directory, authority, USER, domain.ecr.token)
    return run_live_ring(
        directory,
        DOMAIN=authority,
        REPOSITORY=REPOSITORY,
        SSL_CERT_FILE=str(domain.certificates.authority_pem),
    )


def test_the_ring_passes_in_mode_relay(relay_run: LiveRun) -> None:
    assert relay_run.status == 0, relay_run.output
    assert relay_run.report["mode"] == "relay"
    assert set(relay_run.report["outcomes"].values()) == {"passed", "skipped"}


def test_what_is_unknown_is_in_the_report(relay_run: LiveRun) -> None:
    facts = relay_run.report["facts"]
    assert facts["a layer of 6000000 bytes"]["status"] == 413
    assert facts["a layer of 12000000 bytes"]["status"] == 413
    assert facts["path /v2/a%5Fb/manifests/1"]["status"] == 307
    assert facts["HEAD of a manifest"]["true length"] > 0


def test_neither_output_nor_report_names_the_user(domain: Domain, relay_run: LiveRun) -> None:
    token = domain.ecr.token
    encoded = base64.b64encode(f"{USER}:{token}".encode()).decode()
    text = json.dumps(relay_run.report)
    for secret in (token, encoded):
        assert secret not in relay_run.output + text
    for own in (domain.gateway.authority, REPOSITORY, ACCOUNT):
        assert own not in text


def test_a_domain_in_mode_plain_is_asked_and_not_pushed_to(service_package: Package, tmp_path: Path) -> None:
    with running_domain(tmp_path, service_package, variables={"REDIRECT_MODE": "plain"}) as domain:
        run = run_live_ring(
            tmp_path,
            DOMAIN=domain.gateway.authority,
            REPOSITORY=REPOSITORY,
            SSL_CERT_FILE=str(domain.certificates.authority_pem),
        )
        assert domain.ecr.seen == []
    assert run.status == 0, run.output
    assert run.report["mode"] == "plain"


def test_without_a_domain_everything_is_skipped(tmp_path: Path) -> None:
    run = run_live_ring(tmp_path)
    assert run.status == 0
    assert " passed" not in run.output
    assert "DOMAIN is not set" in run.output
    assert run.report == {}


def test_without_a_credential_helper_one_line_says_what_to_do(domain: Domain, tmp_path: Path) -> None:
    run = run_live_ring(
        tmp_path,
        "tests/live/test_uploads.py",
        DOMAIN=domain.gateway.authority,
        REPOSITORY=REPOSITORY,
        SSL_CERT_FILE=str(domain.certificates.authority_pem),
    )
    assert run.status == 1
    assert f"run: docker-credential-ecr-custom init {domain.gateway.authority}" in run.output
    assert "Traceback" not in run.output


def test_a_report_with_a_secret_is_not_written(tmp_path: Path) -> None:
    report = LiveReport("ecr.example.com", REPOSITORY, secrets=["hunter2"])
    report.record("a mistake", "the password is hunter2")
    with pytest.raises(SecretFound):
        report.write(tmp_path / "report.json", {})
    assert not (tmp_path / "report.json").exists()


@pytest.mark.parametrize("place", [0, 1, 290, 384])
def test_a_report_with_a_piece_of_a_secret_is_not_written(tmp_path: Path, place: int) -> None:
    """As a body has it that repeats the token and is cut off."""
    token = "".join(f"{number:04x}" for number in range(100))
    report = LiveReport("ecr.example.com", REPOSITORY, secrets=["another", token])
    report.record("a body", f"you sent {token[place : place + 15]}")
    report.write(tmp_path / "harmless.json", {})
    report.record("a body", f"you sent {token[place : place + 16]}")
    with pytest.raises(SecretFound):
        report.write(tmp_path / "report.json", {})
    assert not (tmp_path / "report.json").exists()


def test_names_numbers_and_query_values_are_replaced() -> None:
    report = LiveReport("ecr.example.com", "team/live")
    location = f"https://ecr.example.com/v2/team/live/blobs/uploads/5f1c?_state=abc ({ACCOUNT})"
    assert (
        report.text(location) == "https://DOMAIN/v2/REPOSITORY/blobs/uploads/SESSION?_state=VALUE (ACCOUNT)"
    )
