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
from tests.standins.cloudfront.unknowns import Bodies, Unknowns
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


def run_live_ring(directory: Path, domain: Domain | None, *tests: str, name: str = "") -> LiveRun:
    """Run the ring in a process of its own, as `make live` does, with the user's files in `directory`. `name`
    is what DOMAIN holds without a domain."""
    path = directory / "report.json"
    variables = {"PATH": str(directory), "LIVE_REPORT": str(path), "HOME": str(directory), "DOMAIN": name}
    if domain is not None:
        authority_pem = str(domain.certificates.authority_pem)
        variables |= {"DOMAIN": domain.authority, "REPOSITORY": REPOSITORY, "SSL_CERT_FILE": authority_pem}
        variables |= {"LIVE_SLOW_SECONDS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *(tests or ["tests/live"])],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(path.read_text()) if path.exists() else {}
    return LiveRun(done.returncode, done.stdout + done.stderr, report)


def install_helper(directory: Path, domain: Domain) -> None:
    """The user's configuration, a credential helper for the domain, and the clients that keep no images of
    their own."""
    built = Path(os.environ.get("CLIENTS_CACHE") or ROOT / ".clients") / "bin"
    for program in ("skopeo", "crane"):
        found = shutil.which(program, path=f"{built}{os.pathsep}{os.environ['PATH']}")
        if found:
            (directory / program).symlink_to(found)
    name = domain.authority
    (directory / ".docker").mkdir()
    (directory / ".docker" / "config.json").write_text(json.dumps({"credHelpers": {name: "stand-in"}}))
    credentials = {"ServerURL": name, "Username": USER, "Secret": domain.ecr.token}
    (directory / "credentials").write_text(json.dumps(credentials))
    helper = directory / "docker-credential-stand-in"
    helper.write_text(
        f'#!/bin/sh\n[ "$(/bin/cat)" = "{name}" ] && [ "$1" = get ] && /bin/cat {directory}/credentials\n'
    )
    helper.chmod(0o755)


FACTS = {
    "relay": {
        "a layer of 6000000 bytes": 413,
        "a layer of 12000000 bytes": 413,
        "path /v2/a%5Fb/manifests/1": 307,
    },
    # A layer in chunks is how Docker's classic image store sends it.
    "edge": {
        "PATCH in chunks": 201,
        "PUT after chunks": 201,
        "a layer of 12000000 bytes": 201,
        "a slow upload": 201,
    },
}


@pytest.mark.parametrize(
    ("mode", "bodies"),
    [("relay", Bodies.STREAMED), ("edge", Bodies.STREAMED), ("edge", Bodies.BUFFERED)],
    ids=["relay", "edge, streamed", "edge, buffered"],
)
def test_the_ring_passes_and_tells_no_secret(
    mode: str, bodies: Bodies, service_package: Package, tmp_path: Path
) -> None:
    with running_domain(
        tmp_path,
        service_package,
        variables={"REDIRECT_MODE": mode},
        unknowns=Unknowns(bodies=bodies),
    ) as domain:
        install_helper(tmp_path, domain)
        run = run_live_ring(tmp_path, domain)
    assert run.status == 0, run.output
    assert run.report["mode"] == mode
    assert set(run.report["outcomes"].values()) == {"passed", "skipped"}
    facts = run.report["facts"]
    assert {name: facts[name]["status"] for name in FACTS[mode]} == FACTS[mode]
    assert facts["HEAD of a manifest"]["true length"] > 0
    text = json.dumps(run.report)
    token = domain.ecr.token
    for secret in (token, base64.b64encode(f"{USER}:{token}".encode()).decode()):
        assert secret not in run.output + text
    for own in (domain.authority, REPOSITORY, ACCOUNT):
        assert own not in text


def test_a_domain_in_mode_plain_is_asked_and_not_pushed_to(service_package: Package, tmp_path: Path) -> None:
    with running_domain(tmp_path, service_package, variables={"REDIRECT_MODE": "plain"}) as domain:
        run = run_live_ring(tmp_path, domain)
        assert domain.ecr.seen == []
    assert run.status == 0, run.output
    assert run.report["mode"] == "plain"


def test_without_a_domain_everything_is_skipped(tmp_path: Path) -> None:
    run = run_live_ring(tmp_path, None)
    assert run.status == 0
    assert " passed" not in run.output
    assert "DOMAIN is not set" in run.output
    assert run.report == {}


def test_without_a_credential_helper_one_line_says_what_to_do(domain: Domain, tmp_path: Path) -> None:
    run = run_live_ring(tmp_path, domain, "tests/live/test_uploads.py")
    assert run.status == 1
    assert f"run: docker-credential-ecr-custom init {domain.authority}" in run.output
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
    replaced = "https://DOMAIN/v2/REPOSITORY/blobs/uploads/SESSION?_state=VALUE (ACCOUNT)"
    assert report.text(location) == replaced


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("https://user:s3cr3t@ecr.example.com", "DOMAIN='https://***@ecr.example.com' is not a name"),
        ("ecr.example.com?token=s3cr3t", "DOMAIN='ecr.example.com?***' is not a name"),
        # RFC 6761: never a name.
        ("registry.invalid", "registry.invalid does not respond"),
    ],
)
def test_a_domain_that_cannot_be_asked_ends_the_ring_at_once(tmp_path: Path, name: str, line: str) -> None:
    run = run_live_ring(tmp_path, None, name=name)
    assert run.status == 2
    assert run.output.count(line) == 1
    assert "Traceback" not in run.output
    assert "s3cr3t" not in run.output
