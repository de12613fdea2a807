"""README's "Deploy", as printed: processes of their own, in a clone, and the stand-ins."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.aws_account import AwsAccount
from tests.deploy.checkout import clone
from tests.deploy.deployer_rights import give_rights
from tests.deploy.public_internet import PublicInternet
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.http_server import HttpServer
from tests.standins.project import ROOT

REGION, ZONE, DOMAIN = "us-west-2", "example.com", "ecr.example.com"
REGISTRY = f"123456789012.dkr.ecr.{REGION}.amazonaws.com"
PROGRAM = "ecr-domain"


def commands() -> list[str]:
    """Those of the section, without their comments."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Deploy\n")[1]
    block = re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL)[0]
    lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
    return [re.sub(r"\s+#.*", "", line) for line in lines]


@dataclass(frozen=True)
class Clone:
    """A clone after `make install`, and what its processes find in their environment."""

    directory: Path
    environment: dict[str, str]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """A command line, by someone who answers every question with yes."""
        ours, theirs = pty.openpty()
        try:
            os.write(ours, b"yes\nyes\n")
            return subprocess.run(
                ["/bin/sh", "-c", command],
                cwd=self.directory,
                env=self.environment,
                stdin=theirs,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
        finally:
            os.close(ours)
            os.close(theirs)


def installed(directory: Path) -> Path:
    """A clone, with a virtual environment that is this one's and the script that `make install` writes."""
    clone(directory)
    environment = directory / ".venv"
    (environment / "bin").mkdir(parents=True)
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", environment)
    (environment / "lib").symlink_to(Path(sys.prefix) / "lib")
    (environment / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    recipe = re.search(
        rf"^\t@(printf .*/{PROGRAM})$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert recipe is not None
    script = recipe.group(1).replace("$(BIN)", ".venv/bin").replace("$$", "$")
    subprocess.run(["/bin/sh", "-c", script], cwd=directory, check=True)
    (environment / "bin" / PROGRAM).chmod(0o755)
    return directory


@pytest.fixture
def fresh_clone(account: AwsAccount, tmp_path: Path, certificates: Certificates) -> Iterator[Clone]:
    account.reset()
    account.stacks.pace = 1000
    route53 = account.client("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name=ZONE, CallerReference="1")["HostedZone"]["Id"].rpartition("/")[2]
    give_rights(account, REGION, zone)
    (tmp_path / "functions").mkdir()
    ecr = FakeEcr(certificates.server_context(REGISTRY, "127.0.0.2"), name=REGISTRY)
    internet = PublicInternet(account, zone, certificates, tmp_path / "functions", lambda: 0.0)
    internet.hosts[REGISTRY] = ("127.0.0.1", ecr.port)

    def resolve(request: HttpRequest) -> HttpResponse:
        try:
            host, port = internet.address(request.target.lstrip("/"))
        except NotImplementedError:
            raise
        except Exception:  # noqa: BLE001 - the name does not resolve, for whatever reason
            return HttpResponse(404, (), b"")
        return HttpResponse(200, (), f"{host} {port}".encode())

    with ecr, internet, HttpServer(resolve) as resolver:
        environment = {
            **{key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")},
            "PYTHONPATH": str(Path(__file__).with_name("resolver")),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SSL_CERT_FILE": str(certificates.authority_pem),
            "TEST_RESOLVER": resolver.origin,
        }
        yield Clone(installed(tmp_path / "clone"), environment)


def test_the_commands_run_as_printed(fresh_clone: Clone, account: AwsAccount) -> None:
    cloning, installing, *rest = commands()
    assert (cloning.startswith("git clone "), installing) == (True, "make install")
    assert [command.split()[1] for command in rest] == ["init", "plan", "up", "doctor", "down"]
    before = [each.identifier for each in account.stacks.living()]
    for command in rest:
        done = fresh_clone.run(command)
        expected = 2 if command.endswith(" plan") else 0
        assert done.returncode == expected, f"{command}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        if command.endswith(" doctor"):
            assert f"ok   dns: {DOMAIN}" in done.stdout
            assert "FAIL" not in done.stdout
    assert [each.identifier for each in account.stacks.living()] == before
    assert account.client("s3", REGION).list_buckets()["Buckets"] == []
