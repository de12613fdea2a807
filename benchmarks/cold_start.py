"""A cold start: a fresh process, the function's import, and its first request, beside two others.

    python -m benchmarks.cold_start [--rounds N]

They take turns: the deployed zip, redirecting in mode `edge` and relaying; an empty view in the same zip's
Chalice, which is what the redirect is compared with (target 1.3x); a Python function that does nothing; a
Node.js function that answers a plain 307, which is all that other redirectors do. Python runs under AWS's
own `awslambdaric`. AWS's Node.js client is compiled when it is installed, so the few lines of
cold_start.mjs stand for it; what they leave out makes Node.js look faster than it is.

One local processor is not Lambda's: only the ratios say something.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr
from tests.standins.lambda_function import LambdaFunction
from tests.standins.package import FunctionSource, package
from tests.standins.project import make_project
from tests.standins.registry_client import MANIFEST_TYPE
from tests.standins.registry_store import Manifest
from tests.unit.service.gateway_events import event

TARGET = "/v2/team/app/manifests/latest"
EMPTY = "def handler(event, context):\n    return {'statusCode': 307, 'headers': {'Location': '/'}}\n"
EMPTY_VIEW = """from chalice import Chalice, Response
app = Chalice(app_name="empty")
app.route("/{proxy+}")(lambda: Response("", {"Location": "/"}, 307))
"""
NODE = Path(__file__).with_name("cold_start.mjs")
_ARN = "arn:aws:lambda:us-west-2:123456789012:function:"


@dataclass(frozen=True)
class Contender:
    """`first` is the event that the fresh environment gets, `status` what it must answer."""

    name: str
    function: LambdaFunction
    first: bytes
    status: int


def cold_seconds(contender: Contender) -> float:
    """From nothing to the first answer."""
    contender.function.recycle()
    started = time.perf_counter()
    outcome = contender.function.invoke(contender.first)
    elapsed = time.perf_counter() - started
    answer = json.loads(outcome.payload)
    if outcome.failed or answer["statusCode"] != contender.status:
        raise SystemExit(f"{contender.name}: {answer}")
    return elapsed


def measure(contenders: Sequence[Contender], rounds: int) -> dict[str, list[float]]:
    """Seconds of each, in turn. The first round, which warms the file cache, does not count."""
    seconds: dict[str, list[float]] = {each.name: [] for each in contenders}
    for number in range(rounds + 1):
        for each in contenders:
            elapsed = cold_seconds(each)
            if number:
                seconds[each.name].append(elapsed)
    return seconds


def report(seconds: Mapping[str, Sequence[float]]) -> str:
    """Median, and the ratio to the empty view."""
    base = statistics.median(seconds["empty Chalice view"])
    lines = [f"{'from nothing to the first answer':<44} {'median':>9} {'slowest':>9}"]
    for name, values in seconds.items():
        median = statistics.median(values)
        lines.append(
            f"  {name:<42} {median * 1000:6.0f} ms {max(values) * 1000:6.0f} ms  {median / base:5.2f}x"
        )
    return "\n".join(lines)


def contenders(stack: ExitStack, directory: Path) -> list[Contender]:
    certificates = Certificates(directory)
    ecr = stack.enter_context(FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")))
    ecr.store.repository("team/app").put_manifest(Manifest(MANIFEST_TYPE, b'{"schemaVersion":2}'), "latest")
    deployed = package(make_project(directory / "project", {"dev": {}}), "dev", directory / "package")
    service = next(each for each in deployed.functions.values() if each.handler == "app.app")
    variables = {"ECR_REGISTRY": ecr.authority, "SSL_CERT_FILE": str(certificates.authority_pem)}

    def started(
        source: FunctionSource, name: str, command: Sequence[str] = (), mode: str = "relay"
    ) -> LambdaFunction:
        given = {**variables, "REDIRECT_MODE": mode}
        function = LambdaFunction(source, directory / name, limit=1, variables=given, command=command)
        return stack.enter_context(function)

    def asked(**headers: str) -> bytes:
        return json.dumps(
            event("GET", TARGET, headers={key: [text] for key, text in headers.items()})
        ).encode()

    anonymous = asked(**{"User-Agent": "docker/26.1.5"})
    authorized = asked(**{"User-Agent": "crane/v0.20.3", "Authorization": ecr.authorization})
    edge = started(service, "edge", mode="edge")
    relay = started(service, "relay")
    view = started(_with_chalice(directory, service), "view")
    empty = started(_source(directory, "empty.py", EMPTY), "empty")
    found = [
        Contender("this service, a redirect of mode edge", edge, anonymous, 307),
        Contender("this service, a relayed manifest", relay, authorized, 200),
        Contender("empty Chalice view", view, anonymous, 307),
        Contender("empty Python function", empty, anonymous, 307),
    ]
    if (node := shutil.which("node")) is not None:
        source = _source(directory, "index.mjs", NODE.read_text())
        found.append(
            Contender(
                "Node.js, a plain redirect", started(source, "node", (node, "index.mjs")), anonymous, 307
            )
        )
    return found


def _with_chalice(directory: Path, service: FunctionSource) -> FunctionSource:
    """The empty view beside the Chalice that is in the service's zip."""
    source = _source(directory, "app.py", EMPTY_VIEW)
    with zipfile.ZipFile(service.archive) as shipped, zipfile.ZipFile(source.archive, "a") as zipped:
        for name in shipped.namelist():
            if name.startswith("chalice/"):
                zipped.writestr(name, shipped.read(name))
    return dataclasses.replace(source, handler="app.app")


def _source(directory: Path, file: str, code: str) -> FunctionSource:
    name = file.partition(".")[0]
    archive = directory / f"{name}.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr(file, code)
    return FunctionSource(name, _ARN + name, f"{name}.handler", archive)


def main(arguments: Sequence[str], write: Callable[[str], object]) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args(arguments).rounds
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        found = contenders(stack, Path(name))
        write(report(measure(found, rounds)) + "\n")
        if len(found) < 5:
            write("not compared: node is not installed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout.write))
