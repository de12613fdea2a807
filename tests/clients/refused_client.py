"""A client at the registry that refuses: what it does there, and one run of it."""

from __future__ import annotations

import dataclasses
import shutil
import time

from chalicelib.settings import RedirectMode
from tests.clients.bench import Bench
from tests.clients.client import DOCKER_CLASSIC, Client
from tests.clients.operation import BASE_IMAGE, BUILD, INSPECT, LOGIN, PULL, PUSH, SIGN
from tests.clients.refusal_plan import Kinds
from tests.clients.refusing_registry import PlannedRefusal, RefusedConversation, RefusingRegistry
from tests.clients.row import SMALL, Row
from tests.clients.sandbox import Result
from tests.clients.table import ROWS

_OPERATIONS = (LOGIN, PULL, PUSH, BUILD, BASE_IMAGE, SIGN)
_PATIENCE = 5.0
"""Seconds after the first refusal. Docker pushes again after 5, 10 and more, and says the same each time."""


def refused_rows(client: Client, mode: RedirectMode) -> list[Row]:
    """One row per operation, with a small layer."""
    rows: dict[str, Row] = {}
    for row in ROWS:
        # Docker's command line, not its daemon, asks when it inspects; curl does nothing else.
        wanted = row.operation in _OPERATIONS or (
            row.operation is INSPECT and client.binary in ("docker", "curl")
        )
        asks = row.operation is not LOGIN or not row.from_helper
        if row.client is client and wanted and asks and row.works_in(mode):
            remark = row.remark if row.both_hosts else ""
            rows.setdefault(row.operation.name, dataclasses.replace(row, layer_sizes=SMALL, remark=remark))
    return list(rows.values())


def location_kinds(client: Client, mode: RedirectMode) -> Kinds:
    """The kinds of Location with which a client can push.

    Docker's classic store looks for a relative Location at our name, also where it was redirected to the
    registry, as in `relay`. There it is redirected again, and cannot send its body a second time.
    """
    absolute_alone = mode is RedirectMode.RELAY and client in DOCKER_CLASSIC.values()
    return (False,) if absolute_alone else (False, True)


def run_refused(
    row: Row,
    front: str,
    refusing: RefusingRegistry,
    bench: Bench,
    refusal: PlannedRefusal | None,
    relative: bool,
) -> tuple[Result, RefusedConversation]:
    """Runs the row, into the refusal if there is one; what the client printed, and its requests."""
    job = bench.job(row, front, refusing)
    content = row.operation.prepare(job, refusing.put)
    conversation = RefusedConversation(front, refusal, relative)
    refusing.conversations[job.repository] = refusing.pinging = conversation

    def enough() -> bool:
        since = conversation.refused_since
        return since is not None and time.monotonic() > since + _PATIENCE

    try:
        result = bench.run(row, job, digest=content.top.digest, talkative=True, enough=enough)
    finally:
        conversation.ended.set()
        shutil.rmtree(job.work, ignore_errors=True)
    return result, conversation
