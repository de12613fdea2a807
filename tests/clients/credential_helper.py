"""The credential helper, installed where the clients run, with an ECR API that gives the registries' tokens.

Clients on the machine find it in a virtual environment, those in a root of a newer Debian in a directory laid
out as pip does it, under that root's own Python and botocore. The mapping gives each token an ECR account of
its own, so that what the helper remembers for one registry is never given for another.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.clients.sandbox import Debian, Sandbox
from tests.helper.fake_aws import FakeAws
from tests.helper.program import NAME, ROOT, install

NAME_IN_CONFIG = NAME.removeprefix("docker-credential-")


class InstalledHelper:
    """`home` is the HOME of the clients; `aws` runs."""

    def __init__(self, sandbox: Sandbox, directory: Path, home: Path, aws: FakeAws) -> None:
        self._sandbox = sandbox
        self._home = home
        self._aws = aws
        self._mapping: dict[str, str] = {}
        self._lock = threading.Lock()
        machine = install(directory / "machine").parent
        self._bin = dict.fromkeys(Debian, machine)
        for debian in Debian:
            if debian.root and (python := sandbox.python_of(debian)) is not None:
                self._bin[debian] = _lay_out(directory / debian.root, python)
        (home / ".ecr").mkdir(exist_ok=True)

    def stand_for(self, hosts: Sequence[str], token: str) -> None:
        """From now on `token` is what the helper gets from AWS for `hosts`. Clients may be running."""
        account = str(int(hashlib.sha256(token.encode()).hexdigest(), 16))[:12]
        self._aws.secrets[account] = token
        registry = f"{account}.dkr.ecr.us-west-2.amazonaws.com"
        with self._lock:
            if all(self._mapping.get(host) == registry for host in hosts):
                return
            self._mapping.update(dict.fromkeys(hosts, registry))
            written = self._home / ".ecr" / "new.json"
            written.write_text(json.dumps(self._mapping))
            written.replace(written.with_name("custom.json"))

    def environment(self, debian: Debian) -> Mapping[str, str]:
        """How clients find it, and it finds AWS."""
        return {
            "PATH": f"{self._bin[debian]}:{os.environ['PATH']}",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "stand-in",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self._aws.url,
        }

    def get(self, host: str) -> str:
        """The token, as clients get it; for those that take it on their command line alone."""
        debian = Debian.BOOKWORM
        program = str(self._bin[debian] / NAME)
        result = self._sandbox.run((program, "get"), debian, self.environment(debian), stdin=host)
        assert result.ok, result
        return str(json.loads(result.output)["Secret"])


def _lay_out(directory: Path, python: str) -> Path:
    """The package and its script below `directory`; the script's directory."""
    packages = directory / "lib" / python / "site-packages"
    shutil.copytree(
        ROOT / "credhelper", packages / "credhelper", ignore=shutil.ignore_patterns("__pycache__")
    )
    binaries = directory / "bin"
    binaries.mkdir()
    shutil.copy(ROOT / "credhelper" / NAME, binaries / NAME)
    (binaries / NAME).chmod(0o755)
    return binaries
