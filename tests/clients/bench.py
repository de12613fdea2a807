"""The bench that rows of the table run on: a client's sandbox, daemon, credentials and files."""

from __future__ import annotations

import itertools
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.clients.client import Client
from tests.clients.credential_helper import NAME_IN_CONFIG, InstalledHelper
from tests.clients.daemon import Daemon, DaemonKind
from tests.clients.operation import Job
from tests.clients.sandbox import Result, Sandbox


@dataclass(frozen=True)
class ClientCredentials:
    """What a client is given: the hosts that the credential helper answers for, and the token it gives.

    Without hosts there is no helper, and the token is for who types it in.
    """

    hosts: tuple[str, ...]
    token: str = field(repr=False)

    def docker_config(self) -> str:
        """Docker's config.json, which all clients read; it holds no credential."""
        return json.dumps({"auths": {}, "credHelpers": dict.fromkeys(self.hosts, NAME_IN_CONFIG)})


class Bench:
    """Daemons start when a client first needs them; `stop` ends them all."""

    def __init__(self, sandbox: Sandbox, work: Path, helper: InstalledHelper) -> None:
        self.sandbox = sandbox
        self._helper = helper
        self._work = work
        self._daemons: dict[DaemonKind, Daemon] = {}
        self._versions: dict[Client, str] = {}
        self._numbers = itertools.count(1)

    def job(self, domain: str, layer_sizes: tuple[int, ...]) -> Job:
        """A job with a directory and a repository of its own."""
        number = next(self._numbers)
        work = self._work / f"job{number}"
        work.mkdir()
        return Job(work, domain, f"team/app{number}", layer_sizes)

    def version(self, client: Client) -> str:
        if client not in self._versions:
            self._versions[client] = client.version(self.sandbox, self._environment(client, self._work))
        return self._versions[client]

    def run(
        self,
        client: Client,
        steps: Sequence[str],
        job: Job,
        account: ClientCredentials,
        *,
        digest: str = "",
        talkative: bool = False,
        enough: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Runs the steps, the last one `talkative` if asked, and gives the last one's result, which is ended
        when `enough` says so.

        Raises AssertionError where a step before it fails: that is the bench's fault, not the domain's.
        """
        (job.work / "config.json").write_text(account.docker_config())
        if account.hosts:
            self._helper.stand_for(account.hosts, account.token)
        environment = self._environment(client, job.work)
        token = account.token
        if client.by_hand and account.hosts:
            token = self._helper.get(job.domain)
        values = self._values(client, job, token, digest)
        for step in steps[:-1]:
            argv = _argv(client, step, values, talkative=False)
            result = self.sandbox.run(argv, client.debian, environment)
            if not result.ok:
                raise AssertionError(f"a step before the one that counts failed:\n{result}")
        argv = _argv(client, steps[-1], values, talkative=talkative)
        stdin = account.token if "--password-stdin" in argv else ""
        return self.sandbox.run(argv, client.debian, environment, stdin=stdin, enough=enough)

    def daemon_log(self, client: Client) -> str:
        """What the client's daemon wrote since it started; nothing where the client has none, or none yet."""
        daemon = self._daemons.get(client.daemon) if client.daemon else None
        return daemon.process.log if daemon else ""

    def stop(self) -> None:
        """Ends the daemons, all at a time: Docker's take their time."""
        for daemon in self._daemons.values():
            daemon.process.ask_to_end()
        for daemon in self._daemons.values():
            daemon.process.stop()

    def _values(self, client: Client, job: Job, token: str, digest: str) -> Mapping[str, str]:
        return {
            "domain": job.domain,
            "repository": job.repository,
            "name": f"{job.domain}/{job.repository}",
            "reference": job.reference(job.repository),
            "source": job.reference(job.source),
            "digest": digest,
            "token": token,
            "work": str(job.work),
            "state": str(self._work / f"{client.binary}-{client.debian.name.lower()}"),
        }

    def _environment(self, client: Client, work: Path) -> dict[str, str]:
        environment = {
            **self._helper.environment(client.debian),
            "DOCKER_CONFIG": str(work),
            "REGISTRY_AUTH_FILE": str(work / "config.json"),
            "COSIGN_PASSWORD": "of the signing key",
        }
        if client.daemon is not None:
            environment.update(self._daemon(client.daemon).environment)
        return environment

    def _daemon(self, kind: DaemonKind) -> Daemon:
        if kind not in self._daemons:
            self._daemons[kind] = kind.start(self.sandbox, self._work / kind.name)
        return self._daemons[kind]


def _argv(client: Client, step: str, values: Mapping[str, str], *, talkative: bool) -> tuple[str, ...]:
    binary, *arguments = shlex.split(step)
    options = client.options.split()
    if talkative and client.talks_last:
        arguments += client.talkative.split()
    elif talkative:
        options += client.talkative.split()
    return tuple(part.format_map(values) for part in (binary, *options, *arguments))


def last_words(result: Result) -> str:
    """The end of what a failed client wrote, on one line, for the matrix."""
    lines = [line.strip() for line in result.output.splitlines() if line.strip()]
    words = re.sub(r"sha256:[0-9a-f]{64}", "sha256:…", lines[-1]) if lines else f"exit {result.status}"
    return words if len(words) <= 90 else f"…{words[-90:]}"
