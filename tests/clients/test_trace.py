"""What is drawn in docs/how-it-works.md happens: pulls are recorded, and compared with the stored traces."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.clients import client as c
from tests.clients.bench import Account, Bench
from tests.clients.conftest import RECORDING, Start, require
from tests.clients.image import Image
from tests.clients.operation import PULL, TAG
from tests.clients.row import SMALL, Row
from tests.clients.sandbox import Debian
from tests.clients.stored_image import store_image
from tests.clients.table import ROWS
from tests.clients.trace import BUCKET, DOMAIN, REGISTRY, Exchange, Recorder

STORED = Path(__file__).parents[2] / "docs" / "trace.json"
TRACED = {
    "docker-classic": c.DOCKER_CLASSIC[Debian.TESTING],
    "docker-containerd": c.DOCKER_CONTAINERD[Debian.TESTING],
    "skopeo": c.SKOPEO[Debian.TESTING],
}
LAYERS = SMALL * 2


@pytest.mark.parametrize("name", TRACED)
def test_a_pull_goes_as_it_is_drawn(name: str, start_domain: Start, bench: Bench) -> None:
    client = TRACED[name]
    require(client, bench.sandbox)
    row = next(row for row in ROWS if row.client is client and row.operation is PULL)
    trace = _recorded(name, row, start_domain, bench)
    if RECORDING:
        stored = json.loads(STORED.read_text()) if STORED.exists() else {}
        stored[name] = [asdict(exchange) for exchange in trace]
        STORED.write_text(json.dumps(stored, indent=1) + "\n")
    drawn = {Exchange(**each) for each in json.loads(STORED.read_text())[name]}
    # As a set: Docker repeats what it did in parallel before it knew that credentials are wanted.
    assert set(trace) == drawn


def _recorded(name: str, row: Row, start_domain: Start, bench: Bench) -> list[Exchange]:
    recorder = Recorder()
    with start_domain(
        f"trace-{name}", observe=recorder.at(DOMAIN), observe_registry=recorder.at(REGISTRY)
    ) as domain:
        domain.ecr.bucket.observe = recorder.at(BUCKET)
        job = bench.job(domain.authority, LAYERS)
        image = Image.fresh(*LAYERS)
        store_image(domain.ecr.store, image, job.repository, TAG)
        result = bench.run(row.client, row.steps, job, Account((job.domain,), domain.ecr.token))
        assert result.ok, result
        names = {job.repository: "team/app", image.manifest.digest: "MANIFEST", image.config.digest: "CONFIG"}
        names |= {layer.digest: f"LAYER-{number}" for number, layer in enumerate(image.layers, 1)}
        return recorder.exchanges(domain, names)
