"""A cold start: a fresh process, the function's import, and its first request, beside two others.

    python -m benchmarks.cold_start [--rounds N]

They take turns: the deployed zip, redirecting in mode `edge` and relaying; an empty view in the same zip's
Chalice, which is what the redirect is compared with (target 1.3x); a Python function that does nothing; a
Node.js function that gives a plain 307, which is all that other redirectors do. Python runs under AWS's own
`awslambdaric`. AWS's Node.js client is compiled when it is installed, so the few lines of cold_start.mjs
stand for it; what they leave out makes Node.js look faster than it is.

One local processor is not Lambda's: only the ratios say something.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.paired import Subject, in_turn, table
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
BASE = "empty Chalice view"
NODE = Path(__file__).with_name("cold_start.mjs")
_ARN = "arn:aws:lambda:us-west-2:123456789012:function:"


def cold_start(function: LambdaFunction, first: bytes, status: int) -> Subject:
    """From nothing to the response to the event `first`, whose status must be `status`."""

    def seconds() -> float:
        function.recycle()
        started = time.perf_counter()
        outcome = function.invoke(first)
        elapsed = time.perf_counter() - started
        response = json.loads(outcome.payload)
        if outcome.failed or response["statusCode"] != status:
            raise SystemExit(f"{function.source.name}: {response}")
        return elapsed

    return seconds


def contenders(stack: ExitStack, directory: Path) -> dict[str, Subject]:
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

    def first_event(**headers: str) -> bytes:
        given = {"User-Agent": ["docker/26.1.5"], **{name: [value] for name, value in headers.items()}}
        return json.dumps(event("GET", TARGET, headers=given)).encode()

    anonymous = first_event()
    authorized = first_event(**{"User-Agent": "crane/v0.20.3", "Authorization": ecr.authorization})
    view = started(_with_chalice(directory, service), "view")
    empty = started(_source(directory, "empty.py", EMPTY), "empty")
    found = {
        "this service, a redirect of mode edge": cold_start(
            started(service, "edge", mode="edge"), anonymous, 307
        ),
        "this service, a relayed manifest": cold_start(started(service, "relay"), authorized, 200),
        BASE: cold_start(view, anonymous, 307),
        "empty Python function": cold_start(empty, anonymous, 307),
    }
    if (node := shutil.which("node")) is not None:
        redirector = started(_source(directory, "index.mjs", NODE.read_text()), "node", (node, "index.mjs"))
        found["Node.js, a plain redirect"] = cold_start(redirector, anonymous, 307)
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
        write(table("From nothing to the first response", in_turn(found, rounds), BASE, "1.3x") + "\n")
        if len(found) < 5:
            write("not compared: node is not installed\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout.write))
