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
    #: Docker's daemon.json, or containerd's config.toml.
    configuration: str = ""

    def start(self, sandbox: Sandbox, work: Path) -> Daemon:
        """Starts one and waits for its socket."""
        work.mkdir(parents=True)
        (work / "configuration").write_text(self.configuration)
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
    "--config-file={work}/configuration",
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
# From containerd 2.1 on the daemon pulls for ctr, and unpacks what it was configured for.
_NATIVE_SNAPSHOTS = """
version = 3
[[plugins."io.containerd.transfer.v1.local".unpack_config]]
platform = "linux"
snapshotter = "native"
"""


def _docker(debian: Debian, *, containerd: bool = False) -> DaemonKind:
    """Docker with its classic image store, or with containerd's."""
    features = {"features": {"containerd-snapshotter": containerd}} if debian is not Debian.BOOKWORM else {}
    return DaemonKind(
        f"docker-{debian.name.lower()}-{'containerd' if containerd else 'classic'}",
        debian,
        "dockerd",
        (*_DOCKERD, f"--storage-driver={'native' if containerd else 'vfs'}"),
        "DOCKER_HOST",
        "unix://{socket}",
        json.dumps({**_ONE_ATTEMPT, **features}),
    )


def _containerd(debian: Debian) -> DaemonKind:
    return DaemonKind(
        f"containerd-{debian.name.lower()}",
        debian,
        "containerd",
        (
            "--log-level=debug",
            "--config={work}/configuration",
            "--root={work}/root",
            "--state={work}/state",
            "--address={work}/socket",
        ),
        "CONTAINERD_ADDRESS",
        "{socket}",
        _NATIVE_SNAPSHOTS if debian is Debian.TESTING else "",
    )


DOCKER_CLASSIC = {debian: _docker(debian) for debian in (Debian.BOOKWORM, Debian.TRIXIE, Debian.TESTING)}
DOCKER_CONTAINERD = {debian: _docker(debian, containerd=True) for debian in (Debian.TRIXIE, Debian.TESTING)}
CONTAINERD = {debian: _containerd(debian) for debian in (Debian.BOOKWORM, Debian.TESTING)}
