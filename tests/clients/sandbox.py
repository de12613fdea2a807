"""Where clients and daemons run: one mount namespace with its own /etc/hosts and /run, and newer Debians.

The machine's files stay untouched: what the sandbox changes, it mounts over in a namespace that ends
with it (containers/image's blob cache in /var/lib, podman's locks in /dev/shm). A client finds the
domain's name in the namespace's /etc/hosts, trusts the test authority through SSL_CERT_FILE (which all
Go programs read), and sees no daemon of the machine's, since /run is empty.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.standins.running import Running

DOMAIN_NAME = "ecr.example.test"
REGISTRY_NAME = "registry.example.test"
"""The registry's, for clients that go straight to it: to localhost some of them speak no TLS."""

# The holder ends when its standard input does, so at the latest with the test run.
# Its arguments are the root directories.
_HOLD = """
mount --bind "$WORK/hosts" /etc/hosts
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /var/lib
mkdir -p /run/lock
for root do
    mount --bind "$root" "$root"
    mount --rbind /proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount --rbind /run "$root/run"
    mount -t tmpfs tmpfs "$root/var/lib"
    mount -t tmpfs tmpfs "$root/tmp"
    mkdir -p "$root$WORK"
    mount --bind "$WORK" "$root$WORK"
    mount --bind "$WORK/hosts" "$root/etc/hosts"
done
echo ready
exec cat >/dev/null
"""
STEP_TIMEOUT = 120.0
_STOP_TIMEOUT = 5.0
"""Docker would rather end a push first that it tries again and again."""


class Debian(Enum):
    """Where a client comes from."""

    #: The machine itself.
    BOOKWORM = "Debian 12"
    #: A root directory in the cache, as is TESTING.
    TRIXIE = "Debian 13"
    TESTING = "Debian testing"
    #: A file of this package, run by the Python that runs the tests.
    PYPI = "PyPI"

    @property
    def root(self) -> str | None:
        """The name of its root directory in the cache; None for what runs on the machine."""
        return self.name.lower() if self in (Debian.TRIXIE, Debian.TESTING) else None


@dataclass(frozen=True)
class Result:
    """How a program ended, and all it wrote, standard error included."""

    argv: tuple[str, ...]
    status: int
    output: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    def __str__(self) -> str:
        return f"$ {' '.join(self.argv)}\n{self.output}[exit {self.status}]"


class NoNamespace(Exception):
    """No mount namespace could be made: that takes root, and a Linux that grants it."""


class Sandbox(Running):
    """Runs programs inside, within `with`. `work` is at the same path inside and outside.

    Entering raises NoNamespace, or FileNotFoundError where there is no `unshare`.
    """

    def __init__(self, work: Path, cache: Path, authority: bytes) -> None:
        self.work = work
        self._authority = authority
        self._roots = {debian: cache / debian.root for debian in Debian if debian.root}
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(work),
            "LC_ALL": "C.UTF-8",
            "SSL_CERT_FILE": str(work / "authority.pem"),
            "SSL_CERT_DIR": str(work / "no-other-authorities"),
            "CURL_CA_BUNDLE": str(work / "authority.pem"),
            "REQUESTS_CA_BUNDLE": str(work / "authority.pem"),
        }
        self._holder: subprocess.Popen[str] | None = None

    def start(self) -> None:
        (self.work / "authority.pem").write_bytes(self._authority)
        (self.work / "hosts").write_text(f"127.0.0.1 localhost {DOMAIN_NAME} {REGISTRY_NAME}\n")
        roots = [str(root) for root in self._roots.values() if root.is_dir()]
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-eu", "-c", _HOLD, "sh", *roots],
            env=os.environ | {"WORK": str(self.work)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout is not None
        if self._holder.stdout.readline() != "ready\n":
            self.stop()
            raise NoNamespace

    def stop(self) -> None:
        if self._holder is not None:
            self._holder.communicate()

    def has(self, binary: str, debian: Debian) -> bool:
        """Whether a binary can be run here."""
        return self._path_of(binary, debian) is not None

    def python_of(self, debian: Debian) -> str | None:
        """The `python3.N` of a root directory; None where the root, or its Python, is missing."""
        found = sorted(path.name for path in (self._roots[debian] / "usr" / "bin").glob("python3.*[0-9]"))
        return found[0] if found else None

    def package_version(self, package: str, debian: Debian) -> str:
        """The upstream version of a root's package. Raises LookupError where it is not installed."""
        # Not inside: there the package database is out of sight.
        packages = (self._roots[debian] / "var" / "lib" / "dpkg" / "status").read_text("utf-8").split("\n\n")
        about = next((each for each in packages if each.startswith(f"Package: {package}\n")), "")
        version = re.search(r"^Version: (?:\d+:)?(\d[\d.]*)", about, re.MULTILINE)
        if version is None:
            raise LookupError(package)
        return version[1]

    def run(
        self,
        argv: tuple[str, ...],
        debian: Debian,
        environment: Mapping[str, str],
        *,
        stdin: str = "",
        timeout: float = STEP_TIMEOUT,
        enough: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Runs a program to its end. One that takes longer than `timeout` seconds has failed, as has one that
        is ended because `enough`, which is called several times a second, says so."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as written:
            given.write(stdin.encode())
            given.seek(0)
            child = subprocess.Popen(
                self._inside(argv, debian),
                env={**self._environment, **environment},
                stdin=given,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
            started = time.monotonic()
            while not (late := time.monotonic() > started + timeout) and not enough():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(0.1)
                    break
            else:
                child.kill()
                child.wait()
            written.seek(0)
            output = written.read().decode("utf-8", "replace")
        return Result(argv, child.returncode, f"{output}\nnot done after {timeout:g} s\n" if late else output)

    def spawn(
        self, argv: tuple[str, ...], debian: Debian, environment: Mapping[str, str], log: Path
    ) -> Process:
        """Starts a program that stays, with its output in `log`."""
        with log.open("wb") as output:
            child = subprocess.Popen(
                self._inside(argv, debian),
                env={**self._environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return Process(child, log)

    def _inside(self, argv: tuple[str, ...], debian: Debian) -> list[str]:
        assert self._holder is not None
        path = self._path_of(argv[0], debian)
        if path is None:
            raise FileNotFoundError(argv[0])
        enter = ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", f"--wd={self.work}"]
        root = ["chroot", str(self._roots[debian])] if debian in self._roots else []
        interpreter = [sys.executable] if debian is Debian.PYPI else []
        return [*enter, *root, *interpreter, path, *argv[1:]]

    def _path_of(self, binary: str, debian: Debian) -> str | None:
        if debian in self._roots:
            places = [f"/usr/{place}/{binary}" for place in ("bin", "sbin")]
            return next((place for place in places if Path(f"{self._roots[debian]}{place}").exists()), None)
        if debian is Debian.PYPI:
            return str(Path(__file__).with_name(binary))
        found = (Path(directory) / binary for directory in os.get_exec_path())
        return next((str(path) for path in found if os.access(path, os.X_OK)), None)


class Process:
    """A daemon's process and its log. `nsenter` and `chroot` exec, so the pid is the daemon's own."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self._child = child
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Returns when `ready()`. Raises RuntimeError, with the log's end, when it ends first or is late."""
        deadline = time.monotonic() + 30.0
        while not ready():
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._child.args!r} did not start:\n{self.log[-3000:]}")
            time.sleep(0.05)

    def ask_to_end(self) -> None:
        self._child.terminate()

    def stop(self) -> None:
        """Asks it to end, and ends it when it does not listen."""
        self.ask_to_end()
        try:
            self._child.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
