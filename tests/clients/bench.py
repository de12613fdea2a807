"""The bench that rows of the table run on: a client's sandbox, daemon, credentials and files."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn, Protocol

import pytest

from tests.clients.client import Client
from tests.clients.credential_helper import NAME_IN_CONFIG, InstalledHelper
from tests.clients.daemon import Daemon, DaemonKind
from tests.clients.operation import Job
from tests.clients.registry import Registry
from tests.clients.row import Row
from tests.clients.sandbox import Result, Sandbox

_REQUIRED = os.environ.get("REQUIRE_CLIENTS") == "1"


def end(reason: str) -> NoReturn:
    """Ends the test: a skip, or a failure where clients are required."""
    if _REQUIRED:
        pytest.fail(f"{reason} (tests/clients/install installs what this ring needs)", pytrace=False)
    pytest.skip(reason)


class BehindDomain(Protocol):
    """The registry behind a domain: its HOST:PORT, and the token that it accepts."""

    @property
    def authority(self) -> str: ...

    @property
    def token(self) -> str: ...


class Bench:
    """Daemons start when a client first needs them; `stop` ends them all."""

    def __init__(self, sandbox: Sandbox, work: Path, helper: InstalledHelper) -> None:
        self._sandbox = sandbox
        self._helper = helper
        self._work = work
        self._daemons: dict[DaemonKind, Daemon] = {}
        self._versions: dict[Client, str] = {}
        self._numbers = itertools.count(1)

    def require(self, client: Client) -> None:
        """Ends the test where the client, or its daemon, is missing."""
        if binary := client.missing(self._sandbox):
            end(f"{binary} is not installed")

    def job(self, row: Row, domain: str, registry: BehindDomain) -> Job:
        """A job for the row, with a directory and a repository of its own."""
        self.require(row.client)
        number = next(self._numbers)
        work = self._work / f"job{number}"
        work.mkdir()
        return Job(work, domain, f"team/app{number}", row.layer_sizes, registry.authority, registry.token)

    def version(self, client: Client) -> str:
        if client not in self._versions:
            self._versions[client] = client.version(self._sandbox, self._environment(client, self._work))
        return self._versions[client]

    def must_work(self, row: Row, domain: str, registry: Registry) -> None:
        """Does a job of the row at the domain, and looks at what the registry has of it."""
        job = self.job(row, domain, registry)
        content = row.operation.prepare(job, registry.put)
        result = self.run(row, job, digest=content.top.digest)
        assert result.ok, result
        row.operation.verify(job, content, registry, result)

    def run(
        self,
        row: Row,
        job: Job,
        *,
        digest: str = "",
        talkative: bool = False,
        enough: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Runs the steps, the last one `talkative` if it is to be, and gives the last one's result, which is
        ended when `enough` says so.

        Raises AssertionError where a step before it fails: that is the bench's fault, not the domain's.
        """
        client, token = row.client, job.token
        hosts = self._hosts_of_helper(row, job)
        # Docker's config.json, which all clients read; it holds no credential.
        config = {"auths": {}, "credHelpers": dict.fromkeys(hosts, NAME_IN_CONFIG)}
        (job.work / "config.json").write_text(json.dumps(config))
        environment = self._environment(client, job.work)
        if client.by_hand and hosts:
            token = self._helper.get(job.domain)
        values = self._values(client, job, token, digest)
        *before, last = row.steps
        for step in before:
            argv = _argv(client, step, values, talkative=False)
            result = self._sandbox.run(argv, client.debian, environment)
            assert result.ok, f"a step before the one that counts failed:\n{result}"
        argv = _argv(client, last, values, talkative=talkative)
        stdin = job.token if "--password-stdin" in argv else ""
        return self._sandbox.run(argv, client.debian, environment, stdin=stdin, enough=enough)

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

    def _hosts_of_helper(self, row: Row, job: Job) -> tuple[str, ...]:
        """The hosts for which the helper gives the token; none where it is typed in."""
        if not row.from_helper:
            return ()
        hosts = (job.domain, job.registry) if row.both_hosts else (job.domain,)
        self._helper.stand_for(hosts, job.token)
        return hosts

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
            self._daemons[kind] = kind.start(self._sandbox, self._work / kind.name)
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
