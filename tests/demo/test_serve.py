"""`make serve`: the lines that it prints, run as they are printed by the clients that are installed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.daemon import DOCKER_CLASSIC, DOCKER_CONTAINERD, DaemonKind
from tests.clients.sandbox import Debian, NoNamespace, Sandbox
from tests.standins.project import ROOT

LAST_OF_THE_START = "Requests, as they come"


@dataclass(frozen=True)
class Serving:
    """A running `make serve`."""

    process: subprocess.Popen[bytes]
    output: Path

    @property
    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def commands(self, tool: str) -> str:
        """What is printed for `tool`, with the lines that come first, as a script."""
        lines = [line.strip() for line in self.printed.splitlines() if line.startswith("  ")]
        chosen = [line for line in lines if line.startswith(("export ", f"{tool} "))]
        return "\n".join(["set -ex", *chosen])

    def wait_for(self, text: str, start: int = 0) -> None:
        """Returns once `text` is printed after the first `start` characters."""
        deadline = time.monotonic() + 30
        while text not in self.printed[start:]:
            assert self.process.poll() is None, self.printed
            assert time.monotonic() < deadline, self.printed
            time.sleep(0.05)


@contextmanager
def serving(directory: Path) -> Iterator[Serving]:
    output = directory / "output"
    with output.open("wb") as stream:
        command = [sys.executable, "-m", "tests.demo", "--serve"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT)
    running = Serving(process, output)
    try:
        running.wait_for(LAST_OF_THE_START)
        yield running
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("serve")) as running:
        yield running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """What clients keep, they keep in it: nothing of the user's is read or written."""
    with tempfile.TemporaryDirectory(prefix="ecr-", ignore_cleanup_errors=True) as name:
        work, cache = Path(name), Path(os.environ.get("CLIENTS_CACHE", ROOT / ".clients")).resolve()
        with ExitStack() as stack:
            try:
                yield stack.enter_context(Sandbox(work, cache, b""))
            except (NoNamespace, FileNotFoundError):
                pytest.skip("unshare is not installed, or makes no mount namespace here")


@contextmanager
def docker_host(kind: DaemonKind, sandbox: Sandbox) -> Iterator[dict[str, str]]:
    """What leads Docker's client to a daemon of its own."""
    if not sandbox.has(kind.binary, kind.debian):
        pytest.skip(f"{kind.binary} ({kind.debian.value}) is not installed")
    daemon = kind.start(sandbox, sandbox.work / kind.name)
    try:
        yield dict(daemon.environment)
    finally:
        daemon.process.stop()


def run_printed_lines(tool: str, serve: Serving, sandbox: Sandbox, environment: dict[str, str]) -> str:
    """Runs them, and looks for the client's requests in what is shown; all that the client wrote."""
    if not sandbox.has(tool, Debian.BOOKWORM):
        pytest.skip(f"{tool} is not installed")
    start = len(serve.printed)
    result = sandbox.run(("sh", "-c", serve.commands(tool)), Debian.BOOKWORM, environment)
    assert result.ok, result
    serve.wait_for("MB", start)
    shown = [line.split() for line in serve.printed[start:].splitlines()]
    # The challenge, a manifest and a layer.
    assert ["401"] in [line[2:] for line in shown]
    assert any(line[1].startswith("/v2/demo/hello/manifests/") and line[2] == "307" for line in shown if line)
    assert any(line[-2:] == ["12.6", "MB"] for line in shown)
    # In the order in which it happened: a download comes after both of its redirects.
    paths = [line[1] for line in shown if len(line) > 1]
    for place, path in enumerate(paths):
        if path.startswith("sha256:"):
            assert sum(path[:18] in before for before in paths[:place] if "/blobs/" in before) >= 2
    return result.output


@pytest.mark.parametrize(
    "kind", [DOCKER_CLASSIC[Debian.BOOKWORM], DOCKER_CONTAINERD[Debian.TESTING]], ids=lambda kind: kind.name
)
def test_the_lines_for_docker_work_as_printed(kind: DaemonKind, serve: Serving, sandbox: Sandbox) -> None:
    with docker_host(kind, sandbox) as environment:
        output = run_printed_lines("docker", serve, sandbox, environment)
    assert "Hello from a custom name for ECR!" in output


@pytest.mark.parametrize("tool", ["podman", "skopeo"])
def test_the_printed_lines_work_as_printed(tool: str, serve: Serving, sandbox: Sandbox) -> None:
    run_printed_lines(tool, serve, sandbox, {"STORAGE_DRIVER": "vfs"})


def test_what_is_printed_is_short_and_holds_no_credential(serve: Serving) -> None:
    assert max(map(len, serve.printed.splitlines())) <= 110
    assert "docker login" not in serve.printed
    assert "Authorization" not in serve.printed


def test_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        (path,) = [line for line in running.printed.splitlines() if "export PATH" in line]
        directory = Path(path.split('"')[1].partition(":")[0]).parent
        assert directory.exists()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(timeout=30) == 0
        assert running.printed.splitlines()[-1].startswith("Ended.")
    assert not directory.exists()
