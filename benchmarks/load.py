"""Many requests in flight through gateway and function, while environments die and the registry fails.

    python -m benchmarks.load [--seconds 60] [--in-flight 200] [--environments 8]

Every answer is held to what the service may say (Expected), every request that reaches the registry to the
credentials that its own sender gave, and the layer bucket, which is slow, to none at all. Figures are
printed; the exit status is 1 if one answer was wrong or one credential went astray. All of it, clients
included, shares this machine's processors, so the rates are no measure of Lambda.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import random
import ssl
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.standins import faults
from tests.standins.domain import Domain, running_domain
from tests.standins.ecr import USER
from tests.standins.http_message import Request, Response
from tests.standins.package import package
from tests.standins.project import make_project
from tests.standins.registry_client import MANIFEST_TYPE
from tests.standins.registry_store import Manifest, digest_of

MANIFEST = b'{"schemaVersion":2,"layers":[]}'
LAYER = bytes(range(256)) * 400
LAYER_DIGEST = digest_of(LAYER)
FAULTY = frozenset({429, 500, 502, 503, 504})
"""What a fault may make of an answer: the registry's own status, or the gateway's for a dead environment."""
_CRANE = "crane/v0.20.3"
_TIMEOUT = 60.0


@dataclass
class Findings:
    """What was seen, by all threads."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    planned: Counter[str] = field(default_factory=Counter)
    """The statuses that the faults account for."""
    wrong: list[str] = field(default_factory=list)
    astray: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self, elapsed: float) -> str:
        cuts = statistics.quantiles(self.seconds, n=100) if len(self.seconds) > 1 else [0.0] * 99
        counted = "  ".join(f"{name}: {count}" for name, count in sorted(self.statuses.items()))
        lines = [
            f"{len(self.seconds)} requests in {elapsed:.0f} s, {len(self.seconds) / elapsed:.0f} per second",
            f"answer after {cuts[49]:.2f} s (median), {cuts[94]:.2f} s (95 %), {cuts[98]:.2f} s (99 %)",
            f"answers  {counted}",
            f"wrong answers: {len(self.wrong)}",
            f"credentials at the wrong place: {len(self.astray)}",
        ]
        return "\n".join([*lines, *self.wrong[:5], *self.astray[:5]]) + "\n"


@dataclass(frozen=True)
class Reply:
    status: int
    location: str
    body: bytes


@dataclass(frozen=True)
class Kind:
    """A request of one sort, and whether an answer to it is right."""

    name: str
    path: str
    user_agent: str
    credentials: str
    """`right`, `own` (which the registry refuses) or none."""
    right: Callable[[Reply, Sender], bool]


@dataclass(frozen=True)
class Sender:
    """One of those in flight; `token` is its own, which no registry knows."""

    number: int
    domain: Domain
    findings: Findings

    @property
    def repository(self) -> str:
        return f"load/sender-{self.number}"

    @property
    def token(self) -> str:
        return f"token-of-sender-{self.number}"

    def authorization(self, credentials: str) -> str | None:
        if not credentials:
            return None
        return self.domain.ecr.authorization if credentials == "right" else _basic(self.token)

    def run(self, until: float, tls: ssl.SSLContext) -> None:
        """Sends one request after the other, and checks each answer."""
        chance = random.Random(self.number)  # noqa: S311  any sequence will do
        connection = http.client.HTTPSConnection(self.domain.gateway.authority, timeout=_TIMEOUT, context=tls)
        while time.monotonic() < until:
            kind = chance.choice(KINDS)
            started = time.monotonic()
            reply = self._ask(connection, kind)
            elapsed = time.monotonic() - started
            fault = reply.status in FAULTY and bool(kind.credentials)
            dead = reply.status == 502
            right = fault or dead or kind.right(reply, self)
            if right and reply.status == 307 and kind is LAYER_DOWNLOAD:
                right = self._download(reply.location, tls)
            with self.findings.lock:
                self.findings.seconds.append(elapsed)
                self.findings.statuses[str(reply.status)] += 1
                if not right:
                    self.findings.wrong.append(f"{kind.name}: {reply.status} {reply.body[:200]!r}")
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, kind: Kind) -> Reply:
        headers = {"User-Agent": kind.user_agent, "Accept": MANIFEST_TYPE}
        if (authorization := self.authorization(kind.credentials)) is not None:
            headers["Authorization"] = authorization
        connection.request("GET", kind.path.format(repository=self.repository), headers=headers)
        response = connection.getresponse()
        return Reply(response.status, response.headers.get("Location", ""), response.read())

    def _download(self, location: str, tls: ssl.SSLContext) -> bool:
        """As clients do: no credentials, since the bucket is another host."""
        parts = urlsplit(location)
        bucket = http.client.HTTPSConnection(parts.netloc, timeout=_TIMEOUT, context=tls)
        bucket.request("GET", f"{parts.path}?{parts.query}")
        body = bucket.getresponse().read()
        bucket.close()
        return body == LAYER


def _plainly_redirected(reply: Reply, sender: Sender) -> bool:
    target = f"https://{sender.domain.ecr.authority}/v2/{sender.repository}/manifests/latest?n=1&n=2"
    return (reply.status, reply.location) == (307, target)


def _challenged(reply: Reply, sender: Sender) -> bool:
    return (reply.status, reply.location) == (307, f"/_challenge/v2/{sender.repository}/manifests/latest")


def _manifest(reply: Reply, sender: Sender) -> bool:
    return (reply.status, reply.body) == (200, MANIFEST)


def _at_the_bucket(reply: Reply, sender: Sender) -> bool:
    return (
        reply.status == 307 and urlsplit(reply.location).netloc == sender.domain.ecr.bucket.server.authority
    )


def _refused(reply: Reply, sender: Sender) -> bool:
    return reply.status == 400


_LATEST = "/v2/{repository}/manifests/latest"
LAYER_DOWNLOAD = Kind("a layer", f"/v2/{{repository}}/blobs/{LAYER_DIGEST}", _CRANE, "right", _at_the_bucket)
KINDS = (
    Kind("a plain redirect", f"{_LATEST}?n=1&n=2", "docker/26.1.5", "", _plainly_redirected),
    Kind("a challenge", _LATEST, "containerd/1.7.24", "", _challenged),
    Kind("a manifest", _LATEST, _CRANE, "right", _manifest),
    Kind("another's token", _LATEST, _CRANE, "own", _refused),
    LAYER_DOWNLOAD,
)


class Watch:
    """Looks at each request to registry and bucket."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.right = ""
        """The Authorization that the registry accepts."""

    def registry(self, request: Request, response: Response) -> None:
        number = request.path.partition("/sender-")[2].partition("/")[0]
        own = _basic(f"token-of-sender-{number}")
        if request.values("Authorization") not in ([self.right], [own]):
            self._note(f"registry: {request.path} with another's credentials")

    def bucket(self, request: Request, response: Response) -> None:
        if request.values("Authorization"):
            self._note("bucket: a request with credentials")

    def _note(self, what: str) -> None:
        with self._findings.lock:
            self._findings.astray.append(what)


def _disturb(domain: Domain, findings: Findings, until: float) -> None:
    """A fault every 200 ms, in turn, and now and then an environment that dies."""
    planned = (
        ("500", faults.status(500)),
        ("429", faults.status(429, ("Retry-After", "1"))),
        ("", faults.Fault(delay=0.2)),
    )
    number = 0
    while time.monotonic() < until:
        number += 1
        status, fault = planned[number % 3]
        domain.ecr.faults.plan(fault)
        findings.planned[status] += 1
        if number % 10 == 0:
            findings.planned["502"] += sum(function.kill_one() for function in domain.functions.values())
        time.sleep(0.2)


def run(seconds: float, in_flight: int, environments: int, directory: Path) -> tuple[Findings, float]:
    """The whole run; what was found, and the seconds it took."""
    findings = Findings()
    watch = Watch(findings)
    packaged = package(make_project(directory / "project", {"dev": {}}), "dev", directory / "package")
    with running_domain(directory, packaged, limit=environments, observe_registry=watch.registry) as domain:
        watch.right = domain.ecr.authorization
        domain.ecr.bucket.delay = 0.1
        domain.ecr.bucket.observe = watch.bucket
        senders = [Sender(number, domain, findings) for number in range(in_flight)]
        for sender in senders:
            repository = domain.ecr.store.repository(sender.repository)
            repository.put_manifest(Manifest(MANIFEST_TYPE, MANIFEST), "latest")
            repository.put_blob(LAYER)
        tls = domain.certificates.client_context()
        started = time.monotonic()
        until = started + seconds
        threads = [threading.Thread(target=sender.run, args=(until, tls)) for sender in senders]
        threads.append(threading.Thread(target=_disturb, args=(domain, findings, until)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.monotonic() - started
        for status in map(str, FAULTY):
            if findings.statuses[status] > findings.planned[status]:
                findings.wrong.append(f"{findings.statuses[status]} times {status}, {findings.planned}")
        logged = "\n".join(domain.log)
        secrets = [domain.ecr.token, *(sender.token for sender in senders)]
        findings.astray += [
            f"log: a token, {len(secret)} characters" for secret in secrets if secret in logged
        ]
    return findings, elapsed


def _basic(token: str) -> str:
    return "Basic " + base64.b64encode(f"{USER}:{token}".encode()).decode()


def main(arguments: Sequence[str], write: Callable[[str], object]) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--in-flight", type=int, default=200)
    parser.add_argument("--environments", type=int, default=8, help="of the function, at most")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        findings, elapsed = run(options.seconds, options.in_flight, options.environments, Path(name))
    write(findings.report(elapsed))
    return 1 if findings.wrong or findings.astray else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout.write))
