"""Registry and service kept up for a client of the user's own, whose requests are shown as they come."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import threading
from collections import defaultdict
from pathlib import Path
from typing import TextIO

from chalicelib.registry_path import split_edge_path
from tests.clients.image import store_image
from tests.demo.helper import DemoHelper, demo_helper
from tests.demo.hop_table import LEGEND, HopTable
from tests.demo.image import demo_image
from tests.demo.program import architecture_of
from tests.standins.chalice_local import ChaliceLocal
from tests.standins.ecr import FakeEcr
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.registry_client import Hop

REPOSITORY = "demo/hello"
_SECONDS = 0.1


def serve(directory: Path, out: TextIO) -> int:
    """Returns at Ctrl-C."""
    # Another name for the bucket: clients drop their credentials where the name changes.
    notes = RegistryNotes()
    with (
        FakeEcr(None, bucket_name="localhost", bucket_address="127.0.0.1", observe=notes.add) as ecr,
        ChaliceLocal(ecr.origin, directory / "log", mode="edge") as service,
        demo_helper(directory, service.authority, ecr.token) as helper,
    ):
        greeting = "Hello from a custom name for ECR!"
        store_image(
            ecr.store, demo_image(greeting, architecture_of(platform.machine())), REPOSITORY, "latest"
        )
        out.write(_directions(service.authority, helper))
        watch = ServeWatch(service, ecr, notes, out)
        watch.table.head("Requests, as they come")
        out.flush()
        try:
            watch.run()
        except KeyboardInterrupt:
            out.write("\nEnded. Close the other terminal: its variables lead to what is gone now.\n")
    return 0


class RegistryNotes:
    """What the service's log does not say of requests that were carried to the registry."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hops: dict[tuple[str, str], list[Hop]] = defaultdict(list)

    def add(self, request: HttpRequest, response: HttpResponse) -> None:
        authenticated = bool(request.values("Authorization"))
        hop = Hop("", "", 0, None, authenticated, len(request.body), len(response.body))
        with self._lock:
            self._hops[request.method, request.path].append(hop)

    def take(self, method: str, path: str) -> Hop:
        with self._lock:
            hops = self._hops.pop((method, path), [])
            if len(hops) > 1:
                self._hops[method, path] = hops[1:]
            return hops[0] if hops else Hop("", "", 0)


class ServeWatch:
    """Shows the hops of all clients in the order in which they happened."""

    def __init__(self, service: ChaliceLocal, ecr: FakeEcr, notes: RegistryNotes, out: TextIO) -> None:
        self._service = service
        self._notes = notes
        self._out = out
        self._bucket_origin = ecr.bucket.origin
        self._shown = 0
        self._lock = threading.Lock()
        self.table = HopTable(
            service.origin, out.write, service.authority, "/_registry/REGISTRY", chained=False
        )
        ecr.bucket.observe = self._bucket

    def run(self) -> None:
        """Until KeyboardInterrupt."""
        while True:
            with self._lock:
                self._show_log()
            threading.Event().wait(_SECONDS)

    def _bucket(self, request: HttpRequest, response: HttpResponse) -> None:
        with self._lock:
            # The redirect that led here is in the log by now.
            self._show_log()
            url = self._bucket_origin + request.path
            self.table.add(Hop(request.method, url, response.status, None, False, 0, len(response.body)))
            self._out.flush()

    def _show_log(self) -> None:
        whole_lines, _, _ = self._service.log[self._shown :].rpartition("\n")
        self._shown += len(whole_lines)
        for line in whole_lines.splitlines():
            if line.startswith("{"):
                self._show(json.loads(line))
        self._out.flush()

    def _show(self, line: dict[str, str | int]) -> None:
        method, path, status = str(line["method"]), str(line["path"]), int(line["status"])
        edge = split_edge_path(path)
        more = self._notes.take(method, edge[1]) if edge else Hop("", "", 0)
        location = "" if status == 307 else None
        url = self._service.origin + path
        self.table.add(Hop(method, url, status, location, more.authenticated, more.sent, more.received))


def _directions(authority: str, helper: DemoHelper) -> str:
    image = f"{authority}/{REPOSITORY}"
    host = _docker_host()
    docker_host = f" DOCKER_HOST={host}" if host else ""
    return f"""\
The custom name is {authority} here, with the image {REPOSITORY} in a stand-in for ECR behind it.
In another terminal, first paste this. The credential helper logs in; your own configuration stays as it is.

  export PATH="{helper.binaries}:$PATH"
  export DOCKER_CONFIG={helper.docker}{docker_host}
  export REGISTRY_AUTH_FILE={helper.configuration}

Then take what you like of these:

  docker pull {image}
  docker run --rm {image}
  docker tag {image} {authority}/demo/mine
  docker push {authority}/demo/mine

  podman pull --tls-verify=false {image}
  podman push --tls-verify=false {image} {authority}/demo/mine

  skopeo inspect --tls-verify=false docker://{image}
  skopeo copy --src-tls-verify=false docker://{image} oci:hello

Ctrl-C ends it.

{LEGEND}             (not in the first column: the service reads no credentials, so its log cannot tell)
"""


def _docker_host() -> str:
    """Where the user's own Docker configuration finds the daemon, if it says so: the demo has another one."""
    if shutil.which("docker") is None:
        return ""
    command = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    host = shown.stdout.strip()
    return "" if host == "unix:///var/run/docker.sock" else host
