"""The redirect service beside the least that could do its work, in one run.

    python -m benchmarks.redirect_service

Handler: one redirect in mode `edge`, against the smallest Chalice view and a bare function, by the same
event. Relay: one manifest, against the same request by a bare kept-alive http.client. Import: a fresh
interpreter with app.py in either mode, against one with what that mode cannot do without. Memory: the peak
of a fresh interpreter after each kind of request, from which the function's memory size was chosen.
"""

from __future__ import annotations

import base64
import http.client
import importlib.util
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from benchmarks.paired import Subject, in_turn, table, timed
from chalicelib.settings import ECR_REGISTRY, REDIRECT_MODE, RedirectMode
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr
from tests.standins.package import package
from tests.standins.project import make_project
from tests.standins.registry_client import MANIFEST_TYPE
from tests.standins.registry_store import Manifest
from tests.unit.service.gateway_events import event

PROJECT = Path(__file__).parents[1]
MANIFEST = json.dumps({"schemaVersion": 2, "layers": [{"digest": "sha256:" + "a" * 64}] * 10}).encode()
TARGET = "/v2/team/app/manifests/latest"
DOCKER = r"docker/26.1.5 go/go1.24.4 os/linux arch/amd64 UpstreamClient(Docker-Client/26.1.5 \(linux\))"
CONTEXT = SimpleNamespace(aws_request_id="id", invoked_function_arn="")

# By mode: what it cannot do without, its name, and how much longer the import of app.py may take.
NEEDED = {
    RedirectMode.EDGE: ("import chalice", "chalice", "1.15x"),
    RedirectMode.RELAY: (
        "import chalice, http.client, ssl; ssl.create_default_context()",
        "chalice, http.client, ssl, one TLS context",
        "1.25x",
    ),
}
LARGEST_UPLOAD = 4_600_000


def registry_process(directory: str, pipe: Connection) -> None:
    """A fake ECR with one manifest, in a process of its own, until the pipe says that it ends."""
    certificates = Certificates(Path(directory))
    with FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")) as ecr:
        ecr.store.repository("team/app").put_manifest(Manifest(MANIFEST_TYPE, MANIFEST), "latest")
        pipe.send((ecr.origin, ecr.authorization))
        pipe.recv()


@contextmanager
def registry() -> Iterator[tuple[str, str]]:
    """Origin and Authorization of a running registry, whose authority this process trusts."""
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=registry_process, args=(directory, theirs)
        )
        process.start()
        origin, authorization = ours.recv()
        os.environ["SSL_CERT_FILE"] = str(Path(directory, "authority.pem"))
        yield origin, authorization
        ours.send(None)
        process.join()


Handler = Callable[[dict[str, Any], object], Any]


def service(mode: RedirectMode, registry: str) -> Handler:
    """app.py as Lambda starts it in a mode."""
    os.environ.update({REDIRECT_MODE: mode.value, ECR_REGISTRY: registry})
    spec = importlib.util.spec_from_file_location(f"app_{mode.value}", PROJECT / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.app
    return handler


def smallest_view() -> Callable[[dict[str, Any], object], object]:
    from chalice.app import Chalice, Response

    app = Chalice(app_name="smallest")
    url = "https://registry.example.com/v2/"
    app.route("/{proxy+}", methods=["GET"])(lambda: Response("", {"Location": url}, 307))
    return app


def bare_function(_event: dict[str, Any], _context: object) -> dict[str, object]:
    return {"statusCode": 307, "headers": {"Location": "https://registry.example.com/v2/"}, "body": ""}


def handler_times(handler: Handler) -> str:
    view = smallest_view()
    docker = event("GET", TARGET, headers={"User-Agent": [DOCKER], "Accept": ["a/b", "c/d"]})
    base = "smallest Chalice view"
    seconds = in_turn(
        {
            "redirect": timed(lambda: handler(docker, CONTEXT), 200),
            "bare function": timed(lambda: bare_function(docker, CONTEXT), 200),
            base: timed(lambda: view(docker, CONTEXT), 200),
        },
        rounds=60,
    )
    return table("Handler, one redirect", seconds, base, "1.4x")


def relay_times(handler: Handler, origin: str, authorization: str) -> str:
    import ssl

    context = ssl.create_default_context()
    bare = http.client.HTTPSConnection(urlsplit(origin).netloc, context=context)
    headers = {"Authorization": authorization, "Accept": MANIFEST_TYPE, "User-Agent": "crane/v0.20.3"}
    request = event("GET", TARGET, headers={name: [value] for name, value in headers.items()})

    def relay() -> None:
        response = handler(request, CONTEXT)
        assert response["body"].encode() == MANIFEST

    def straight() -> None:
        bare.request("GET", TARGET, headers=headers)
        assert bare.getresponse().read() == MANIFEST

    base = "bare http.client"
    seconds = in_turn({"relay": timed(relay, 20), base: timed(straight, 20)}, rounds=60)
    bare.close()
    return table("Relay, one manifest over TLS", seconds, base, "1.3x")


def import_times(unpacked: Path, mode: RedirectMode) -> str:
    """Chalice's one file from the zip in both interpreters, so that neither has its commands at hand."""
    needed, name, target = NEEDED[mode]
    environment = {**os.environ, REDIRECT_MODE: mode.value}

    def interpreter(program: str) -> Subject:
        program = f"import sys; sys.path.insert(0, {str(unpacked)!r}); {program}"
        command = [sys.executable, "-I", "-S", "-c", program]
        return timed(lambda: subprocess.run(command, check=True, env=environment))

    # The round that does not count writes the bytecode, as Lambda's own cache has it.
    seconds = in_turn({"import app": interpreter("import app"), name: interpreter(needed)}, rounds=41)
    return table(f"Import in mode {mode.value}, a fresh interpreter", seconds, name, target)


PEAK = """
import json, resource, sys, time
sys.path.insert(0, {unpacked!r})
started = time.process_time()
import app
from types import SimpleNamespace
events = json.load(open({events!r}))
context = SimpleNamespace(aws_request_id="id", invoked_function_arn="")
sys.stdout = open("/dev/null", "w")
for event in events:
    app.app(event, context)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{{peak:.0f}} MiB peak, {{time.process_time() - started:.2f}} s of processor", file=sys.stderr)
"""


def memory(unpacked: Path, directory: Path, authorization: str) -> str:
    client = {"User-Agent": ["crane/v0.20.3"]}
    authorized = {**client, "Authorization": [authorization]}
    layer = base64.b64encode(os.urandom(LARGEST_UPLOAD)).decode()
    upload = event(
        "PATCH",
        "/v2/team/app/blobs/uploads/1",
        headers={**authorized, "Content-Type": ["application/octet-stream"]},
        body=layer,
        is_base64=True,
    )
    lines = ["Memory and start, a fresh interpreter"]
    for name, events in [
        ("one redirect", [event("GET", TARGET, headers=client)]),
        ("one relayed manifest", [event("GET", TARGET, headers=authorized)]),
        (f"a relayed upload of {LARGEST_UPLOAD / 1e6:.1f} MB", [upload]),
    ]:
        file = directory / "events.json"
        file.write_text(json.dumps(events))
        program = PEAK.format(unpacked=str(unpacked), events=str(file))
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", program], check=True, capture_output=True, text=True
        )
        lines.append(f"  {name:<46} {done.stderr.strip()}")
    return "\n".join(lines)


def main() -> int:
    with tempfile.TemporaryDirectory() as name, registry() as (origin, authorization):
        directory = Path(name)
        os.environ[ECR_REGISTRY] = origin
        packaged = package(make_project(directory / "project", {"dev": {}}), "dev", directory / "package")
        unpacked = directory / "unpacked"
        subprocess.run([sys.executable, "-m", "zipfile", "-e", packaged.archive, unpacked], check=True)
        handlers = {mode: service(mode, origin) for mode in NEEDED}
        own_output, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: PTH123,SIM115  the log's place
        reports = [
            handler_times(handlers[RedirectMode.EDGE]),
            relay_times(handlers[RedirectMode.RELAY], origin, authorization),
        ]
        sys.stdout.close()
        sys.stdout = own_output
        reports += [import_times(unpacked, mode) for mode in NEEDED]
        reports += [memory(unpacked, directory, authorization)]
        reports.append(f"Zip\n  {packaged.archive.stat().st_size} bytes  target 40 KB (40960)")
        print("\n\n".join(reports))
    return 0


if __name__ == "__main__":
    sys.exit(main())
