"""The program under test, as a client runs it: installed, with an environment of the test's own."""

from __future__ import annotations

import json
import os
import pty
import shlex
import shutil
import site
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME = "docker-credential-ecr-custom"
ROOT = Path(__file__).parents[2]
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
NOT_FOUND = "credentials not found in native keychain\n"


@dataclass(frozen=True)
class ProgramResult:
    """What came of a run."""

    code: int
    stdout: str
    stderr: str

    @property
    def secret(self) -> str:
        return str(json.loads(self.stdout)["Secret"])


@dataclass(frozen=True)
class Program:
    """`path` is the installed script; `home` an empty home directory; `environ` all of the environment."""

    path: Path
    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.home / ".ecr" / "custom"

    @property
    def docker_config(self) -> Path:
        return self.home / ".docker" / "config.json"

    @property
    def podman_auth(self) -> Path:
        return self.home / ".config" / "containers" / "auth.json"

    @property
    def custom_json(self) -> Path:
        return self.home / ".ecr" / "custom.json"

    @property
    def mappings(self) -> dict[str, object]:
        """What custom.json holds."""
        return _object_in(self.custom_json)

    @property
    def cred_helpers(self) -> dict[str, object]:
        """The `credHelpers` of Docker's configuration."""
        return dict(_object_in(self.docker_config).get("credHelpers", {}))

    @property
    def files(self) -> dict[Path, tuple[int, bytes]]:
        """Path -> time of the last change, and content, of every file in the home."""
        found = (path for path in self.home.rglob("*") if path.is_file())
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in found}

    def map(self, mapping: Mapping[str, object] | str) -> None:
        """Write custom.json, as the mapping or as text."""
        _write(self.custom_json, mapping)

    def configure_docker(self, members: Mapping[str, object] | str) -> None:
        """Write Docker's configuration, as its members or as text."""
        _write(self.docker_config, members)

    def configure_podman(self, members: Mapping[str, object] | str) -> None:
        """Write podman's configuration, as its members or as text."""
        _write(self.podman_auth, members)

    def have_profiles(self, *names: str) -> None:
        """Write AWS profiles of these names, with an access key each: AKIA and the name in capitals."""
        path = self.home / ".aws" / "config"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            "".join(
                f"[profile {name}]\naws_access_key_id = AKIA{name.upper()}\naws_secret_access_key = s\n"
                for name in names
            )
        )

    def run(
        self,
        *arguments: str,
        stdin: str | bytes = "",
        environ: Mapping[str, str] | None = None,
        timeout: float = 40,
    ) -> ProgramResult:
        """Run it to its end; `environ` is added to the program's own."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [self.path, *arguments],
            input=data,
            capture_output=True,
            env=self.environ | dict(environ or {}),
            cwd=self.home,
            timeout=timeout,
            check=False,
        )
        return ProgramResult(done.returncode, done.stdout.decode(), done.stderr.decode())

    def get(self, server_url: str, **environ: str) -> ProgramResult:
        return self.run("get", stdin=server_url + "\n", environ=environ)

    def refused(self, server_url: str, **environ: str) -> str:
        """The line for a person of a `get` that finds nothing; the client gets the protocol's sentinel."""
        result = self.get(server_url, **environ)
        assert (result.code, result.stdout) == (1, NOT_FOUND)
        assert result.stderr.count("\n") == 1
        return result.stderr

    def init(self, *arguments: str, **environ: str) -> str:
        """The output of an `init` that succeeds."""
        result = self.run("init", *arguments, environ=environ)
        assert (result.code, result.stderr) == (0, "")
        return result.stdout

    @contextmanager
    def at_terminal(self, *arguments: str, typed: str) -> Iterator[subprocess.Popen[bytes]]:
        """Start it with a terminal for its standard input, on which `typed` is typed."""
        leader, follower = pty.openpty()
        try:
            with self.start(*arguments, stdin=follower) as running:
                os.write(leader, typed.encode())
                yield running
        finally:
            os.close(leader)
            os.close(follower)

    def start(self, *arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """Start it with pipes for its streams, but for a standard input that is given."""
        return subprocess.Popen(
            [self.path, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environ,
            cwd=self.home,
        )


def _object_in(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _write(path: Path, members: Mapping[str, object] | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(members if isinstance(members, str) else json.dumps(members))


def install(directory: Path) -> Path:
    """Lay the package out in `directory` as pip does in a virtual environment; the script's path.

    test_installed.py holds that pip and pipx put the same files in the same places. botocore comes
    from the environment that runs the tests, through a .pth file.
    """
    venv.create(directory, symlinks=True)
    library = directory / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    shutil.copytree(ROOT / "credhelper", library / "credhelper", ignore=shutil.ignore_patterns("__pycache__"))
    (library / "tests.pth").write_text("\n".join(site.getsitepackages()))
    script = directory / "bin" / NAME
    shutil.copy(ROOT / "credhelper" / NAME, script)
    script.chmod(0o755)
    return script


def measure(script: Path, coverage_config: str) -> None:
    """Have coverage measure the installation of `script`, as its `patch = subprocess` configured it.

    The package and the script stay what they are. The Python that the script finds becomes another, because
    none of what usually starts coverage is loaded with -I and -S.
    """
    python = script.with_name("python")
    unmeasured = python.rename(python.with_name("unmeasured-python"))
    starter = Path(__file__).with_name("measured_python.py")
    command = shlex.join(map(str, (unmeasured, "-I", "-S", starter, site.getsitepackages()[0])))
    python.write_text(f'#!/bin/sh\nexport COVERAGE_PROCESS_CONFIG={coverage_config}\nexec {command} "$@"\n')
    python.chmod(0o755)
