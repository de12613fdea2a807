"""The daemons behind clients: Docker with either image store, and containerd for ctr.

Each has its state, its socket and its log under a directory of its own and makes no network: no
bridge, no iptables rule. They run in the sandbox's mount namespace, so what they mount ends with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.clients.sandbox import Debian, Process, Sandbox


@dataclass(frozen=True)
class DaemonKind:
    """One row: a daemon binary, its options, and the variable by which its clients find its socket."""

    name: str
    debian: Debian
    binary: str
    options: tuple[str, ...]
    socket_variable: str
    socket_format: str
    configuration: str = "{}"
    """Docker's daemon.json."""

    def start(self, sandbox: Sandbox, work: Path) -> Daemon:
        """Starts one and waits for its socket."""
        work.mkdir(parents=True)
        (work / "daemon.json").write_text(self.configuration)
        options = tuple(option.format(work=work) for option in self.options)
        process = sandbox.spawn((self.binary, *options), self.debian, {}, work / "daemon.log")
        socket = work / "socket"
        daemon = Daemon(process, {self.socket_variable: self.socket_format.format(socket=socket)})
        try:
            process.wait_until(socket.exists)
        except RuntimeError:
            process.stop()
            raise
        return daemon


@dataclass(frozen=True)
class Daemon:
    """A running daemon, and what its clients need in their environment."""

    process: Process
    environment: Mapping[str, str]


_DOCKERD = (
    "--debug",
    "--config-file={work}/daemon.json",
    "--host=unix://{work}/socket",
    "--data-root={work}/data",
    "--exec-root={work}/exec",
    "--pidfile={work}/pid",
    "--bridge=none",
    "--iptables=false",
    "--ip6tables=false",
)
# One attempt: the default of five, with pauses, says the same five times.
_ONE_ATTEMPT: dict[str, object] = {"max-download-attempts": 1}

DOCKER_20 = DaemonKind(
    "docker-20.10-classic",
    Debian.BOOKWORM,
    "dockerd",
    (*_DOCKERD, "--storage-driver=vfs"),
    "DOCKER_HOST",
    "unix://{socket}",
    json.dumps(_ONE_ATTEMPT),
)
DOCKER_26 = DaemonKind(
    "docker-26-classic",
    Debian.TRIXIE,
    "dockerd",
    (*_DOCKERD, "--storage-driver=vfs"),
    "DOCKER_HOST",
    "unix://{socket}",
    json.dumps(_ONE_ATTEMPT),
)
DOCKER_26_CONTAINERD = DaemonKind(
    "docker-26-containerd",
    Debian.TRIXIE,
    "dockerd",
    (*_DOCKERD, "--storage-driver=native"),
    "DOCKER_HOST",
    "unix://{socket}",
    json.dumps({**_ONE_ATTEMPT, "features": {"containerd-snapshotter": True}}),
)
CONTAINERD = DaemonKind(
    "containerd-1.6",
    Debian.BOOKWORM,
    "containerd",
    (
        "--log-level=debug",
        "--config=/dev/null",
        "--root={work}/root",
        "--state={work}/state",
        "--address={work}/socket",
    ),
    "CONTAINERD_ADDRESS",
    "{socket}",
)
