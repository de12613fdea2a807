"""The clients: one table of releases per program, by the Debian that ships them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

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
    #: It does not know credential helpers: it is given the helper's token on the command line.
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


def _releases(
    debians: tuple[Debian, ...],
    name: str,
    version_step: str,
    talkative: str,
    *,
    options: str = "",
    talks_last: bool = False,
    daemons: Mapping[Debian, d.DaemonKind] = MappingProxyType({}),
    by_hand: bool = False,
) -> dict[Debian, Client]:
    """The client in each Debian that ships it; the first word of its name is its binary's."""
    binary = name.partition(" ")[0]
    return {
        debian: Client(
            name,
            binary,
            debian,
            version_step,
            options,
            talkative,
            talks_last,
            daemons.get(debian),
            by_hand=by_hand,
        )
        for debian in debians
    }


SKOPEO = _releases(_ALL, "skopeo", "skopeo --version", "--debug")
PODMAN = _releases(_ALL, "podman", "podman --version", "--log-level=trace", options=_PODMAN)
BUILDAH = _releases(_ALL, "buildah", "buildah --version", "--log-level=trace", options=_STORAGE)
DOCKER_CLASSIC = _releases(
    _ALL, "docker (classic image store)", _DOCKER_VERSION, "--debug", daemons=d.DOCKER_CLASSIC
)
DOCKER_CONTAINERD = _releases(
    _NEWER, "docker (containerd image store)", _DOCKER_VERSION, "--debug", daemons=d.DOCKER_CONTAINERD
)
BUILDX = _releases(_NEWER, "docker buildx", "docker buildx version", "--debug", daemons=d.DOCKER_CONTAINERD)
CTR = _releases(
    (Debian.BOOKWORM, Debian.TESTING),
    "ctr",
    "containerd --version",
    "--debug",
    daemons=d.CONTAINERD,
    by_hand=True,
)
ORAS = {
    # 1.3 knows one of the two options alone.
    **_releases((Debian.TRIXIE,), "oras", "oras version", "--debug --verbose", talks_last=True),
    **_releases((Debian.TESTING,), "oras", "oras version", "--debug", talks_last=True),
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
