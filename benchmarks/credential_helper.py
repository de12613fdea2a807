"""How long the helper takes, side by side with the Go helper and with bare Python, in one run.

    python -m benchmarks.credential_helper [--rounds N] [--json]

The package is installed by pip and by pipx into a temporary directory, as users do, and run as
clients do: a process for every answer. All commands take turns, and what is compared is the median of the
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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from tests.helper.fake_aws import SECRET, FakeAws, fake_aws

ROOT = Path(__file__).parents[1]
NAME = "docker-credential-ecr-custom"
GO_HELPER = "docker-credential-ecr-login"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
DOMAIN = "ecr.example.com"
PARALLEL = 100

_ASK = f"""\
import botocore.session
client = botocore.session.Session().create_client("ecr", region_name="us-east-1")
client.get_authorization_token(registryIds=["{REGISTRY.partition(".")[0]}"])
"""


@dataclass(frozen=True)
class TimedCommand:
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

    def seconds(self) -> float:
        started = time.perf_counter()
        subprocess.run(
            self.arguments,
            env=self.environ,
            input=self.stdin.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - started


@dataclass(frozen=True)
class Comparison:
    """How much longer one thing takes than another."""

    what: str
    against: str
    ratio: float
    #: What the ratio may be at most.
    limit: float

    @property
    def kept(self) -> bool:
        return self.ratio <= self.limit


@dataclass(frozen=True)
class Times:
    """The milliseconds that commands took, in turns."""

    of: dict[str, list[float]]

    @classmethod
    def take(cls, commands: dict[str, TimedCommand], rounds: int) -> Times:
        """Run all commands in each round; one warming round goes before."""
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for name, command in commands.items():
                seconds = command.seconds()
                if number:
                    times[name].append(seconds * 1000)
        return cls(times)

    @property
    def medians(self) -> dict[str, float]:
        return {name: statistics.median(values) for name, values in self.of.items()}

    def compare(self, what: str, against: str, limit: float) -> Comparison:
        """The median of the ratios of `what` to `against` in the same round."""
        ratios = [mine / other for mine, other in zip(self.of[what], self.of[against], strict=True)]
        return Comparison(what, against, statistics.median(ratios), limit)


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
    owner = base64.b64encode(access_key.encode() + hashlib.md5(b"", usedforsecurity=False).digest()).decode()
    now = datetime.now(timezone.utc)
    entry = {
        "AuthorizationToken": base64.b64encode(f"AWS:{SECRET}".encode()).decode(),
        "RequestedAt": now.isoformat(),
        "ExpiresAt": (now + timedelta(hours=12)).isoformat(),
        "ProxyEndpoint": f"https://{REGISTRY}",
        "Service": "ecr",
    }
    registries = {f"us-east-1-{owner}-{REGISTRY.partition('.')[0]}": entry}
    (home / ".ecr" / "cache.json").write_text(json.dumps({"Registries": registries, "Version": "1.0"}))


def cached(
    scripts: dict[str, tuple[str, str]], environ: dict[str, str], rounds: int
) -> tuple[dict[str, float], list[Comparison]]:
    """A `get` from the cache: against bare Python, and against the Go helper's."""
    commands: dict[str, TimedCommand] = {}
    for installer, (script, python) in scripts.items():
        commands[f"bare python ({installer})"] = TimedCommand((python, "-I", "-S", "-c", "pass"), environ)
        commands[f"cached get ({installer})"] = TimedCommand((script, "get"), environ, DOMAIN)
    go = shutil.which(GO_HELPER)
    if go is not None:
        keep_for_go(Path(environ["HOME"]), environ["AWS_ACCESS_KEY_ID"])
        commands["cached get (Go helper)"] = TimedCommand((go, "get"), environ, REGISTRY)
    for name, command in commands.items():
        if "get" in name and json.loads(command.run())["Secret"] != SECRET:
            raise SystemExit(f"{name} gives another secret")
    times = Times.take(commands, rounds)
    comparisons = []
    for installer in scripts:
        mine = f"cached get ({installer})"
        others = {f"bare python ({installer})": 1.15, "cached get (Go helper)": 2.0}
        comparisons += [
            times.compare(mine, other, limit) for other, limit in others.items() if other in commands
        ]
    return times.medians, comparisons


def uncached(
    scripts: dict[str, tuple[str, str]], environ: dict[str, str], rounds: int
) -> tuple[dict[str, float], list[Comparison]]:
    """A `get` that asks AWS on loopback: against botocore alone, asked the same."""
    script, python = scripts["pip"]
    forgetful = environ | {"AWS_ECR_DISABLE_CACHE": "1"}
    commands = {
        "what botocore needs": TimedCommand((python, "-c", _ASK), environ),
        "uncached get (pip)": TimedCommand((script, "get"), forgetful, DOMAIN),
    }
    times = Times.take(commands, rounds)
    return times.medians, [times.compare("uncached get (pip)", "what botocore needs", 1.15)]


def parallel(script: str, environ: dict[str, str], aws: FakeAws) -> tuple[dict[str, float], list[Comparison]]:
    """Many at once on an empty cache: the time of all, and the requests to AWS."""
    command = TimedCommand((script, "get"), environ | {"AWS_ECR_CUSTOM_TIMEOUT": "120"}, DOMAIN)
    aws.calls.clear()
    started = time.perf_counter()
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda _: json.loads(command.run())["Secret"], range(PARALLEL)))
    elapsed = (time.perf_counter() - started) * 1000
    if set(answers) != {SECRET}:
        raise SystemExit("a parallel get gives another secret")
    requests = Comparison(f"{PARALLEL} gets at once: requests", "one", aws.tokens_asked, 1)
    return {f"{PARALLEL} gets at once, cold": elapsed}, [requests]


def report(medians: dict[str, float], comparisons: Sequence[Comparison]) -> str:
    """Two tables for a person."""
    lines = [f"{name:<32} {value:9.2f} ms" for name, value in medians.items()]
    lines.append("")
    for each in comparisons:
        mark = "ok  " if each.kept else "FAIL"
        lines.append(f"{mark} {each.what:<28} / {each.against:<26} {each.ratio:5.2f} (limit {each.limit:g})")
    go = medians.get("cached get (Go helper)")
    if go is not None:
        floor = medians["bare python (pip)"] / go
        lines.append(f"     (bare Python, doing nothing, takes {floor:.2f} of the Go helper's cached get)")
    else:
        lines.append(f"not compared: {GO_HELPER} is not installed")
    return "\n".join(lines)


def main() -> int:
    """Install, time, report; 0 where all limits are kept."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument(
        "--rounds", type=int, default=100, help="of the cached commands; a tenth of the others"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    medians: dict[str, float] = {}
    comparisons: list[Comparison] = []
    with tempfile.TemporaryDirectory() as name, fake_aws() as aws:
        directory = Path(name)
        scripts = installations(directory)
        steps: tuple[Callable[[], tuple[dict[str, float], list[Comparison]]], ...] = (
            lambda: cached(scripts, environment(directory / "cached", aws), options.rounds),
            lambda: uncached(scripts, environment(directory / "uncached", aws), max(options.rounds // 10, 5)),
            lambda: parallel(scripts["pip"][0], environment(directory / "parallel", aws), aws),
        )
        for step in steps:
            times, compared = step()
            medians |= times
            comparisons += compared
    if options.json:
        result = {
            "medians_ms": medians,
            "comparisons": [asdict(each) | {"kept": each.kept} for each in comparisons],
        }
        print(json.dumps(result, indent=2))
    else:
        print(report(medians, comparisons))
    return 0 if all(each.kept for each in comparisons) else 1


if __name__ == "__main__":
    sys.exit(main())
