"""The clients, one row each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.clients.daemon import CONTAINERD, DOCKER_20, DOCKER_26, DOCKER_26_CONTAINERD, DaemonKind
from tests.clients.sandbox import Debian, Sandbox

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Client:
    """A program that people run. `options` follow its name in every step; so does `talkative` in the
    leak test, or it ends the step where the program takes its options there (`talks_last`)."""

    name: str
    binary: str
    debian: Debian
    version_step: str
    options: str = ""
    talkative: str = ""
    talks_last: bool = False
    daemon: DaemonKind | None = None
    by_hand: bool = False
    """It knows no credential helpers: the helper is asked, and the token given on the command line."""

    def version(self, sandbox: Sandbox, environment: dict[str, str]) -> str:
        """As the program, or its daemon, says itself."""
        result = sandbox.run(tuple(self.version_step.split()), self.debian, environment)
        match = _VERSION.search(result.output)
        if not result.ok or match is None:
            raise RuntimeError(f"{self.name} does not tell its version:\n{result}")
        return match[0]

    def missing(self, sandbox: Sandbox) -> str | None:
        """The binary that is not installed, if one is not."""
        needed = [(self.binary, self.debian)]
        if self.daemon is not None:
            needed.append((self.daemon.binary, self.daemon.debian))
        absent = (f"{name} ({debian.value})" for name, debian in needed if not sandbox.has(name, debian))
        return next(absent, None)


# podman and buildah without a kernel's overlay, in a storage of their own; cgroupfs since no systemd runs.
_STORAGE = "--root {state}/root --runroot {state}/run --storage-driver vfs"
_PODMAN = f"{_STORAGE} --cgroup-manager cgroupfs --events-backend file"
_DOCKER_VERSION = "docker version --format {{.Server.Version}}"

SKOPEO_1 = Client("skopeo", "skopeo", Debian.BOOKWORM, "skopeo --version", talkative="--debug")
SKOPEO_2 = Client("skopeo", "skopeo", Debian.TRIXIE, "skopeo --version", talkative="--debug")
PODMAN_4 = Client(
    "podman", "podman", Debian.BOOKWORM, "podman --version", _PODMAN, talkative="--log-level=trace"
)
PODMAN_5 = Client(
    "podman", "podman", Debian.TRIXIE, "podman --version", _PODMAN, talkative="--log-level=trace"
)
BUILDAH_1 = Client(
    "buildah", "buildah", Debian.BOOKWORM, "buildah --version", _STORAGE, talkative="--log-level=trace"
)
BUILDAH_2 = Client(
    "buildah", "buildah", Debian.TRIXIE, "buildah --version", _STORAGE, talkative="--log-level=trace"
)
DOCKER_CLASSIC_1 = Client(
    "docker (classic image store)",
    "docker",
    Debian.BOOKWORM,
    _DOCKER_VERSION,
    talkative="--debug",
    daemon=DOCKER_20,
)
DOCKER_CLASSIC_2 = Client(
    "docker (classic image store)",
    "docker",
    Debian.TRIXIE,
    _DOCKER_VERSION,
    talkative="--debug",
    daemon=DOCKER_26,
)
DOCKER_CONTAINERD = Client(
    "docker (containerd image store)",
    "docker",
    Debian.TRIXIE,
    _DOCKER_VERSION,
    talkative="--debug",
    daemon=DOCKER_26_CONTAINERD,
)
BUILDX = Client(
    "docker buildx",
    "docker",
    Debian.TRIXIE,
    "docker buildx version",
    talkative="--debug",
    daemon=DOCKER_26_CONTAINERD,
)
CTR = Client(
    "ctr",
    "ctr",
    Debian.BOOKWORM,
    "containerd --version",
    talkative="--debug",
    daemon=CONTAINERD,
    by_hand=True,
)
CRANE = Client("crane", "crane", Debian.BUILT, "crane version", talkative="--verbose")
ORAS = Client("oras", "oras", Debian.TRIXIE, "oras version", talkative="--debug --verbose", talks_last=True)
CURL = Client("curl", "curl", Debian.BOOKWORM, "curl --version", talkative="--verbose", by_hand=True)
ORAS_PY = Client(
    "oras (Python)", "oras_client.py", Debian.PYPI, "oras_client.py --version", talkative="--debug"
)

CLIENTS = (
    SKOPEO_1,
    SKOPEO_2,
    PODMAN_4,
    PODMAN_5,
    BUILDAH_1,
    BUILDAH_2,
    DOCKER_CLASSIC_1,
    DOCKER_CLASSIC_2,
    DOCKER_CONTAINERD,
    BUILDX,
    CTR,
    CRANE,
    ORAS,
    CURL,
    ORAS_PY,
)
