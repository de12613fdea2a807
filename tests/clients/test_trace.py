"""What is drawn in docs/how-it-works.md happens: pulls are recorded, and compared with the stored traces."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from chalicelib.settings import RedirectMode
from tests.clients import client as c
from tests.clients.bench import Bench
from tests.clients.conftest import RECORDING, DomainStarter
from tests.clients.image import Image, store_image
from tests.clients.operation import PULL, TAG
from tests.clients.row import SMALL, Row
from tests.clients.sandbox import Debian
from tests.clients.table import ROWS
from tests.clients.trace import BUCKET, GATEWAY, REGISTRY, Exchange, Recorder

STORED = Path(__file__).parents[2] / "docs" / "trace.json"
TRACED = {
    "edge": (RedirectMode.EDGE, c.DOCKER_CONTAINERD[Debian.TESTING]),
    "relay": (RedirectMode.RELAY, c.DOCKER_CONTAINERD[Debian.TESTING]),
    "relay-docker-classic": (RedirectMode.RELAY, c.DOCKER_CLASSIC[Debian.TESTING]),
}
LAYERS = SMALL * 2


@pytest.mark.parametrize("name", TRACED)
def test_a_pull_goes_as_it_is_drawn(name: str, start_domain: DomainStarter, bench: Bench) -> None:
    mode, client = TRACED[name]
    row = next(row for row in ROWS if row.client is client and row.operation is PULL)
    trace = _recorded(name, mode, row, start_domain, bench)
    if RECORDING:
        stored = json.loads(STORED.read_text()) if STORED.exists() else {}
        stored[name] = [asdict(exchange) for exchange in trace]
        STORED.write_text(
            json.dumps({each: stored[each] for each in TRACED if each in stored}, indent=1) + "\n"
        )
    drawn = {Exchange(**each) for each in json.loads(STORED.read_text())[name]}
    # As a set: Docker repeats what it did in parallel before it knew that credentials are wanted.
    assert set(trace) == drawn


def _recorded(
    name: str, mode: RedirectMode, row: Row, start_domain: DomainStarter, bench: Bench
) -> list[Exchange]:
    recorder = Recorder()
    at_edge = mode is RedirectMode.EDGE
    with start_domain(
        f"trace-{name}",
        mode,
        observe=None if at_edge else recorder.at(GATEWAY),
        observe_registry=None if at_edge else recorder.at(REGISTRY),
        observe_edge=recorder.at_edge if at_edge else None,
    ) as domain:
        domain.ecr.bucket.observe = recorder.at(BUCKET)
        job = bench.job(row, domain.authority, domain.ecr)
        image = Image.fresh(*LAYERS)
        store_image(domain.ecr.store, image, job.repository, TAG)
        result = bench.run(row, job)
        assert result.ok, result
        names = {
            domain.ecr.authority: "REGISTRY",
            job.repository: "team/app",
            image.manifest.digest: "MANIFEST",
            image.config.digest: "CONFIG",
        }
        names |= {layer.digest: f"LAYER-{number}" for number, layer in enumerate(image.layers, 1)}
        return recorder.exchanges(domain, names)
