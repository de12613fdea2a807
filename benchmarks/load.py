"""Many clients at once, pushing and pulling, in each mode: no response may be wrong, no credential astray.

    python -m benchmarks.load [--clients 64] [--requests 10000] [--faults]

In `edge` the clients come through CloudFront, API Gateway and Lambda, in `relay` through the last two; every
response is held to what the service may say (load_operations.py), every request that reaches the registry to
the credentials of its own sender, and the function in `edge`, the layer bucket and every log to none at all.
With --faults environments die and the registry fails meanwhile. The exit status is 1 if anything was wrong.
All of it, clients included, shares this machine's processors, so the rates are no measure of AWS.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.load_client import Findings, LoadClient, basic
from benchmarks.load_operations import LAYER, MANIFEST, OPERATIONS
from chalicelib.settings import REDIRECT_MODE, RedirectMode
from tests.standins import faults
from tests.standins.cloudfront.passage import Passage
from tests.standins.domain import Domain, running_domain
from tests.standins.http_message import HttpRequest, HttpResponse
from tests.standins.package import Package, package
from tests.standins.project import make_project
from tests.standins.registry_client import MANIFEST_TYPE
from tests.standins.registry_store import Manifest

ENVIRONMENTS = 8


class LoadWatch:
    """Looks at every request to the registry, to the bucket and, in `edge`, to the gateway."""

    def __init__(self, findings: Findings, mode: RedirectMode) -> None:
        self._findings = findings
        self._mode = mode
        #: The Authorization that the registry accepts.
        self.right = ""
        #: Responses from CloudFront's cache.
        self.cached = 0

    def registry(self, request: HttpRequest, _response: HttpResponse) -> None:
        number = request.path.partition("/client-")[2].partition("/")[0]
        if request.values("Authorization") not in ([], [self.right], [basic(f"token-of-client-{number}")]):
            self._note(f"registry: {request.path} with another's credentials")

    def bucket(self, request: HttpRequest, _response: HttpResponse) -> None:
        if request.values("Authorization"):
            self._note("bucket: a request with credentials")

    def gateway(self, request: HttpRequest, _response: HttpResponse) -> None:
        if self._mode is RedirectMode.EDGE and request.values("Authorization"):
            self._note("gateway: a request with credentials")

    def edge(self, passage: Passage) -> None:
        self.cached += passage.from_cache
        if any("token-of-client" in value or "@" in value for _, value in passage.viewer_response.headers):
            self._note("edge: a response with credentials")

    def _note(self, what: str) -> None:
        with self._findings.lock:
            self._findings.astray.append(what)


def run(
    mode: RedirectMode,
    packaged: Package,
    directory: Path,
    *,
    clients: int,
    requests: int,
    with_faults: bool = False,
) -> tuple[Findings, str]:
    """The whole run in one mode; what was found, and a report."""
    findings = Findings()
    watch = LoadWatch(findings, mode)
    with running_domain(
        directory,
        packaged,
        limit=ENVIRONMENTS,
        variables={REDIRECT_MODE: mode.value},
        observe=watch.gateway,
        observe_registry=watch.registry,
        observe_edge=watch.edge,
    ) as domain:
        watch.right = domain.ecr.authorization
        domain.ecr.bucket.observe = watch.bucket
        tls = domain.certificates.client_context()
        senders = [LoadClient(number, domain, findings, tls, with_faults) for number in range(clients)]
        for sender in senders:
            repository = domain.ecr.store.repository(sender.repository)
            repository.put_manifest(Manifest(MANIFEST_TYPE, MANIFEST), "latest")
            repository.put_blob(LAYER)
        started = time.monotonic()
        threads = [
            threading.Thread(target=sender.run, args=(requests, OPERATIONS[mode])) for sender in senders
        ]
        for thread in threads:
            thread.start()
        if with_faults:
            _disturb(domain, threads)
        for thread in threads:
            thread.join()
        elapsed = time.monotonic() - started
        logged = "\n".join(domain.log)
        secrets = [domain.ecr.token, *(sender.token for sender in senders)]
        findings.astray += [
            f"log: a token of {len(secret)} characters" for secret in secrets if secret in logged
        ]
    return findings, _report(mode, findings, watch, elapsed)


def _disturb(domain: Domain, threads: list[threading.Thread]) -> None:
    """A fault every 200 ms, in turn, and now and then an environment that dies."""
    planned = (
        faults.status(500),
        faults.status(429, ("Retry-After", "1")),
        faults.Fault(delay=0.2),
    )
    number = 0
    while any(thread.is_alive() for thread in threads):
        domain.ecr.faults.plan(planned[number % 3])
        if number % 10 == 0:
            for function in domain.functions.values():
                function.kill_one()
        number += 1
        time.sleep(0.2)


def _report(mode: RedirectMode, findings: Findings, watch: LoadWatch, elapsed: float) -> str:
    cuts = statistics.quantiles(findings.seconds, n=100) if len(findings.seconds) > 1 else [0.0] * 99
    counted = "  ".join(f"{status}: {count}" for status, count in sorted(findings.statuses.items()))
    cached = f", {watch.cached} of them from CloudFront's cache" if mode is RedirectMode.EDGE else ""
    lines = [
        f"mode {mode.value}: {len(findings.seconds)} requests in {elapsed:.0f} s{cached}",
        f"  responses after {cuts[49]:.2f} s (median), {cuts[94]:.2f} s (95 %), {cuts[98]:.2f} s (99 %)",
        f"  {counted}",
        f"  {findings.uploaded / 1e6:.0f} MB uploaded",
        f"  wrong responses: {len(findings.wrong)}; credentials astray: {len(findings.astray)}",
    ]
    return "\n".join([*lines, *findings.wrong[:5], *findings.astray[:5]]) + "\n"


def main(arguments: Sequence[str], write: Callable[[str], object]) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--requests", type=int, default=10_000, help="in each mode")
    parser.add_argument("--faults", action="store_true", help="environments die and the registry fails")
    options = parser.parse_args(arguments)
    status = 0
    with tempfile.TemporaryDirectory() as name:
        packaged = package(make_project(Path(name, "project"), {"dev": {}}), "dev", Path(name, "package"))
        for mode in (RedirectMode.EDGE, RedirectMode.RELAY):
            directory = Path(name, mode.value)
            directory.mkdir()
            findings, report = run(
                mode,
                packaged,
                directory,
                clients=options.clients,
                requests=options.requests,
                with_faults=options.faults,
            )
            write(report)
            status |= bool(findings.wrong or findings.astray)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout.write))
