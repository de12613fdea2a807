"""How long the helper takes, side by side with the Go helper and with bare Python, in one run.

    python -m benchmarks.credential_helper [--rounds N]

The package is installed by pip and by pipx into a temporary directory, as users do, and run as
clients do: a process for every token. All commands take turns, and what is compared is the median of the
ratios within each turn, so a busy moment hits both sides. The limits are the project's; the exit code is 1 if
one is missed.
The Go helper is Debian's amazon-ecr-credential-helper (docker-credential-ecr-login); without it its
limit is not checked, and the output says so. Needs a package index.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from benchmarks.paired import in_turn, timed
from tests.helper.fake_aws import SECRET, FakeAws, fake_aws

ROOT = Path(__file__).parents[1]
NAME = "docker-credential-ecr-custom"
GO_HELPER = "docker-credential-ecr-login"
GO_GET = "cached get (Go helper)"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DOMAIN = "ecr.example.com"
PARALLEL = 100

_ASK = f"""\
import botocore.session
client = botocore.session.Session().create_client("ecr", region_name="us-east-1")
client.get_authorization_token(registryIds=["{REGISTRY.partition(".")[0]}"])
"""


class TimedCommand(NamedTuple):
    """Something to time: its arguments, its environment and its standard input."""

    arguments: tuple[str, ...]
    environ: dict[str, str]
    stdin: str = ""

    def run(self) -> str:
        """Run it once; its standard output."""
        done = subprocess.run(
            self.arguments, env=self.environ, input=self.stdin, capture_output=True, text=True, check=True
        )
        return done.stdout

    def require_secret(self) -> None:
        if json.loads(self.run())["Secret"] != SECRET:
            raise SystemExit(f"{self.arguments} gives another secret")


class Comparison(NamedTuple):
    """How much longer one thing takes than another."""

    what: str
    against: str
    ratio: float
    #: What the ratio may be at most.
    limit: float


class CommandTimes(NamedTuple):
    #: The median seconds of each command.
    medians: dict[str, float]
    comparisons: list[Comparison]


def compared(
    commands: Mapping[str, TimedCommand], rounds: int, *pairs: tuple[str, str, float]
) -> CommandTimes:
    """The commands, run in turn, and the median of the ratios of the first of each pair to the second in the
    same round, beside its limit. A pair whose second command is not there is left out."""
    seconds = in_turn({name: timed(command.run) for name, command in commands.items()}, rounds)
    comparisons = []
    for what, against, limit in pairs:
        if against in seconds:
            ratios = [mine / other for mine, other in zip(seconds[what], seconds[against], strict=True)]
            comparisons.append(Comparison(what, against, statistics.median(ratios), limit))
    return CommandTimes({name: statistics.median(values) for name, values in seconds.items()}, comparisons)


def installations(directory: Path) -> dict[str, tuple[str, str]]:
    """Installer -> the script that it made, and the Python that runs it."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "check": True}
    source = directory / "source"
    source.mkdir()
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    for name in ("credhelper", "chalicelib"):
        shutil.copytree(ROOT / name, source / name, symlinks=True)
    pip = directory / "pip"
    subprocess.run([sys.executable, "-m", "venv", pip], **quiet)  # type: ignore[call-overload]
    subprocess.run([pip / "bin" / "pip", "install", source], **quiet)  # type: ignore[call-overload]
    environ = os.environ | {"PIPX_HOME": str(directory / "pipx"), "PIPX_BIN_DIR": str(directory / "bin")}
    subprocess.run([sys.executable, "-m", "pipx", "install", source], env=environ, **quiet)  # type: ignore[call-overload]
    linked = directory / "bin" / NAME
    return {
        "pip": (str(pip / "bin" / NAME), str(pip / "bin" / "python")),
        "pipx": (str(linked), str(linked.resolve().with_name("python"))),
    }


def environment(home: Path, aws: FakeAws) -> dict[str, str]:
    """What the timed commands see: a home of their own, keys, and AWS on loopback."""
    home.mkdir()
    (home / ".ecr").mkdir()
    (home / ".ecr" / "custom.json").write_text(json.dumps({DOMAIN: REGISTRY}))
    return {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": aws.url,
    }


def keep_for_go(home: Path, access_key: str) -> None:
    """Put the token into the Go helper's own cache: Debian's release cannot be pointed at another endpoint.

    Its key is meant to hold an MD5 sum of the access key id, but holds the id and the sum of nothing
    (cache/build.go, `md5Checksum`, up to 0.11).
    """
    key = base64.b64encode(access_key.encode() + hashlib.md5(b"", usedforsecurity=False).digest()).decode()
    now = datetime.now(timezone.utc)
    entry = {
        "AuthorizationToken": base64.b64encode(f"AWS:{SECRET}".encode()).decode(),
        "RequestedAt": now.isoformat(),
        "ExpiresAt": (now + timedelta(hours=12)).isoformat(),
        "ProxyEndpoint": f"https://{REGISTRY}",
        "Service": "ecr",
    }
    registries = {f"us-east-1-{key}-{REGISTRY.partition('.')[0]}": entry}
    (home / ".ecr" / "cache.json").write_text(json.dumps({"Registries": registries, "Version": "1.0"}))


def cached(scripts: dict[str, tuple[str, str]], environ: dict[str, str], rounds: int) -> CommandTimes:
    """A `get` from the cache: against bare Python, and against the Go helper's."""
    gets = {
        f"cached get ({name})": TimedCommand((script, "get"), environ, DOMAIN)
        for name, (script, _) in scripts.items()
    }
    if (go := shutil.which(GO_HELPER)) is not None:
        keep_for_go(Path(environ["HOME"]), environ["AWS_ACCESS_KEY_ID"])
        gets[GO_GET] = TimedCommand((go, "get"), environ, REGISTRY)
    for command in gets.values():
        command.require_secret()
    bare = {
        f"bare python ({name})": TimedCommand((python, "-I", "-S", "-c", "pass"), environ)
        for name, (_, python) in scripts.items()
    }
    limits = [(f"cached get ({name})", f"bare python ({name})", 1.15) for name in scripts]
    limits += [(f"cached get ({name})", GO_GET, 2.0) for name in scripts]
    return compared({**bare, **gets}, rounds, *limits)


def uncached(scripts: dict[str, tuple[str, str]], environ: dict[str, str], rounds: int) -> CommandTimes:
    """A `get` that asks AWS on loopback: against botocore alone, which asks the same."""
    script, python = scripts["pip"]
    get = TimedCommand((script, "get"), environ | {"AWS_ECR_DISABLE_CACHE": "1"}, DOMAIN)
    commands = {"what botocore needs": TimedCommand((python, "-c", _ASK), environ), "uncached get (pip)": get}
    return compared(commands, rounds, ("uncached get (pip)", "what botocore needs", 1.15))


def parallel(script: str, environ: dict[str, str], aws: FakeAws) -> CommandTimes:
    """Many at once on an empty cache: the time of all, and the requests to AWS."""
    command = TimedCommand((script, "get"), environ | {"AWS_ECR_CUSTOM_TIMEOUT": "120"}, DOMAIN)
    aws.calls.clear()
    started = time.perf_counter()
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(lambda _: command.require_secret(), range(PARALLEL)))
    elapsed = time.perf_counter() - started
    requests = Comparison(f"{PARALLEL} gets at once: requests", "one", aws.tokens_asked, 1)
    return CommandTimes({f"{PARALLEL} gets at once, cold": elapsed}, [requests])


def report(medians: dict[str, float], comparisons: Sequence[Comparison]) -> str:
    """Two tables for a person."""
    lines = [f"{name:<32} {value * 1000:9.2f} ms" for name, value in medians.items()]
    lines.append("")
    for each in comparisons:
        mark = "ok  " if each.ratio <= each.limit else "FAIL"
        lines.append(f"{mark} {each.what:<28} / {each.against:<26} {each.ratio:5.2f} (limit {each.limit:g})")
    if GO_GET in medians:
        floor = medians["bare python (pip)"] / medians[GO_GET]
        lines.append(f"     (bare Python, doing nothing, takes {floor:.2f} of the Go helper's cached get)")
    else:
        lines.append(f"not compared: {GO_HELPER} is not installed")
    return "\n".join(lines)


def main() -> int:
    """Install, time, report; 0 where all limits are kept."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument(
        "--rounds", type=int, default=100, help="of the cached commands; a tenth of the others"
    )
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name, fake_aws() as aws:
        directory = Path(name)
        scripts = installations(directory)
        found = (
            cached(scripts, environment(directory / "cached", aws), rounds),
            uncached(scripts, environment(directory / "uncached", aws), max(rounds // 10, 5)),
            parallel(scripts["pip"][0], environment(directory / "parallel", aws), aws),
        )
    medians = {name: median for each in found for name, median in each.medians.items()}
    comparisons = [comparison for each in found for comparison in each.comparisons]
    print(report(medians, comparisons))
    return 0 if all(each.ratio <= each.limit for each in comparisons) else 1


if __name__ == "__main__":
    sys.exit(main())
