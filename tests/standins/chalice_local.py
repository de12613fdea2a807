"""`chalice local`, started as its users start it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.standins.project import make_project
from tests.standins.running import Running

_START_SECONDS = 30.0


class ChaliceLocal(Running):
    """A running `chalice local` in front of `registry`, from `start()` (or `with`) to `stop()`.

    `log_file` takes all that it prints; `variables` are further settings of the service. With `reload`,
    Chalice's default, it starts anew whenever a file of the project changes, which test runs do to each
    other.
    """

    def __init__(
        self,
        registry: str,
        log_file: Path,
        *,
        mode: str = "relay",
        variables: Mapping[str, str] | None = None,
        reload: bool = False,
    ) -> None:
        self._log_file = log_file
        self._reload = "--autoreload" if reload else "--no-autoreload"
        self._environment = {
            **os.environ,
            "ECR_REGISTRY": registry,
            "REDIRECT_MODE": mode,
            **(variables or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        #: The exit status of a start that failed.
        self.ended_with: int | None = None
        self.port = _free_port()
        self.authority = f"127.0.0.1:{self.port}"
        self.origin = f"http://{self.authority}"

    @property
    def log(self) -> str:
        return self._log_file.read_text(encoding="utf-8")

    @property
    def process(self) -> int:
        """The number of the process that was started; with `reload`, the one that takes requests is its
        child."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns once requests are taken. Raises RuntimeError, with what was printed, where it ended."""
        command = [str(Path(sys.executable).with_name("chalice")), "local"]
        project = self._log_file.with_suffix(".project")
        if not project.exists():
            make_project(project, {"dev": {}})
        with self._log_file.open("wb") as log:
            # A session of its own: the reloader's worker outlives a signal to its parent alone.
            self._process = subprocess.Popen(
                [*command, "--port", str(self.port), self._reload],
                cwd=project,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.ended_with = self._process.poll()
        self.stop()
        raise RuntimeError(f"chalice local did not start: {self.log}")

    def stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()
            self._process = None


def _free_port() -> int:
    # Chalice prints the port it was asked for, so 0 would leave nobody knowing the real one.
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
