"""The clients: one table of releases per program, by the Debian that ships them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.clients import daemon as d
from tests.clients.sandbox import Debian, Sandbox

_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Client:
    """A program that people run."""

    name: str
    binary: str
    debian: Debian
    #: The command that prints its version; empty where it does not know it, and its package does.
    version_step: str = ""
    #: They follow its name in every step.
    options: str = ""
    #: The options with which it prints most, for the leak test. They follow its name, or end the step.
    talkative: str = ""
    talks_last: bool = False
    daemon: d.DaemonKind | None = None
    #: It prints the credentials that it was given, in lines that begin so, which the leak test leaves out.
    own_credentials: tuple[str, ...] = ()
    #: It does not know credential helpers: the helper is asked, and the token given on the command line.
    by_hand: bool = False

    @property
    def newest(self) -> bool:
        """Whether it is the newest release that Debian has."""
        return self.debian is Debian.TESTING

    def version(self, sandbox: Sandbox, environment: dict[str, str]) -> str:
        """As the program, its daemon or its package says itself."""
        if not self.version_step:
            return sandbox.package_version(self.binary, self.debian)
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

_NEWER = (Debian.TRIXIE, Debian.TESTING)
_ALL = (Debian.BOOKWORM, *_NEWER)

SKOPEO = {
    debian: Client("skopeo", "skopeo", debian, "skopeo --version", talkative="--debug") for debian in _ALL
}
PODMAN = {
    debian: Client("podman", "podman", debian, "podman --version", _PODMAN, talkative="--log-level=trace")
    for debian in _ALL
}
BUILDAH = {
    debian: Client("buildah", "buildah", debian, "buildah --version", _STORAGE, talkative="--log-level=trace")
    for debian in _ALL
}
DOCKER_CLASSIC = {
    debian: Client(
        "docker (classic image store)",
        "docker",
        debian,
        _DOCKER_VERSION,
        talkative="--debug",
        daemon=d.DOCKER_CLASSIC[debian],
    )
    for debian in _ALL
}
DOCKER_CONTAINERD = {
    debian: Client(
        "docker (containerd image store)",
        "docker",
        debian,
        _DOCKER_VERSION,
        talkative="--debug",
        daemon=d.DOCKER_CONTAINERD[debian],
    )
    for debian in _NEWER
}
BUILDX = {
    debian: Client(
        "docker buildx",
        "docker",
        debian,
        "docker buildx version",
        talkative="--debug",
        daemon=d.DOCKER_CONTAINERD[debian],
    )
    for debian in _NEWER
}
CTR = {
    debian: Client(
        "ctr",
        "ctr",
        debian,
        "containerd --version",
        talkative="--debug",
        daemon=d.CONTAINERD[debian],
        by_hand=True,
    )
    for debian in (Debian.BOOKWORM, Debian.TESTING)
}
ORAS = {
    debian: Client(
        "oras",
        "oras",
        debian,
        "oras version",
        # 1.3 knows one of the two alone.
        talkative="--debug" if debian is Debian.TESTING else "--debug --verbose",
        talks_last=True,
    )
    for debian in _NEWER
}
CRANE = Client("crane", "crane", Debian.TESTING, talkative="--verbose")
COSIGN = Client("cosign", "cosign", Debian.TESTING, talkative="--verbose")
CURL = Client(
    "curl",
    "curl",
    Debian.BOOKWORM,
    "curl --version",
    talkative="--verbose",
    # The second is where a relative Location leads, with the credentials of the URL before. The Location
    # itself stands in a line of its own.
    own_credentials=("> Authorization: ", "* Issue another request to this URL: "),
    by_hand=True,
)
ORAS_PY = Client(
    "oras (Python)", "oras_client.py", Debian.PYPI, "oras_client.py --version", talkative="--debug"
)

#: The newest release of each code base. podman and buildah have skopeo's.
ONE_PER_FAMILY = (
    SKOPEO[Debian.TESTING],
    DOCKER_CLASSIC[Debian.TESTING],
    DOCKER_CONTAINERD[Debian.TESTING],
    BUILDX[Debian.TESTING],
    CTR[Debian.TESTING],
    CRANE,
    ORAS[Debian.TESTING],
    ORAS_PY,
)
