"""In `relay` it does not matter which length API Gateway gives the response to a HEAD request.

What a REST API does there is not known, so the gateway responds in each of the ways that are possible.
containerd takes the Content-Length of a manifest's HEAD for the manifest's size and would ask for so many
bytes; containers/image takes that of a blob's HEAD for the size that it writes into a manifest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chalicelib.settings import RedirectMode
from tests.clients import client as c
from tests.clients.bench import Bench
from tests.clients.image import KB, Image
from tests.clients.operation import BASE_IMAGE, INSPECT, PULL, PULL_INDEX, PUSH, TAG, write_image
from tests.clients.registry import Registry
from tests.clients.row import SMALL, Row
from tests.clients.table import ROWS
from tests.standins.domain import Domain
from tests.standins.gateway import HeadLength

_RELAYED = [
    dataclasses.replace(row, layer_sizes=SMALL)
    for row in ROWS
    if row.client in c.ONE_PER_FAMILY and row.works_in(RedirectMode.RELAY)
]
_PULLS = [row for row in _RELAYED if row.operation in (PULL, PULL_INDEX, BASE_IMAGE, INSPECT)]
_PUSHES = [row for row in _RELAYED if row.operation is PUSH]
_lengths = pytest.mark.parametrize("length", HeadLength, ids=lambda each: each.name.lower())


@pytest.fixture
def mode() -> RedirectMode:
    return RedirectMode.RELAY


@_lengths
@pytest.mark.parametrize("row", _PULLS, ids=lambda row: row.id)
def test_pulls_work(row: Row, length: HeadLength, domain: Domain, registry: Registry, bench: Bench) -> None:
    with _head_length(domain, length):
        bench.must_work(row, domain.authority, registry)


# At the fake ECR, which responds to a blob's HEAD itself; docker-registry redirects it.
@_lengths
@pytest.mark.parametrize("row", _PUSHES, ids=lambda row: row.id)
def test_sizes_in_manifests_are_right(row: Row, length: HeadLength, ecr_domain: Domain, bench: Bench) -> None:
    """An image is pushed twice, and then one that has a layer more."""
    job = bench.job(row, ecr_domain.authority, ecr_domain.ecr)
    first, more = Image.fresh(3 * KB, 5 * KB), Image.fresh(4 * KB)
    changed = Image((*first.layers, *more.layers), (*first.diff_ids, *more.diff_ids))
    for number, image in enumerate((first, first, changed)):
        again = dataclasses.replace(job, work=job.work / str(number))
        again.work.mkdir()
        write_image(image, again)
        with _head_length(ecr_domain, length):
            result = bench.run(row, again)
        assert result.ok, result
        repository = ecr_domain.ecr.store.repositories[job.repository]
        manifest = repository.manifest(TAG)
        assert manifest is not None
        layers = manifest.document()["layers"]
        assert len(layers) == len(image.layers)
        for described in (manifest.document()["config"], *layers):
            assert described["size"] == len(repository.blobs[described["digest"]])


@contextmanager
def _head_length(domain: Domain, length: HeadLength) -> Iterator[None]:
    usual = domain.gateway.head_length
    domain.gateway.head_length = length
    try:
        yield
    finally:
        domain.gateway.head_length = usual
