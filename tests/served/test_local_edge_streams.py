"""Large bodies through `chalice local` in mode `edge`, and exchanges that end before their time."""

from __future__ import annotations

import hashlib
import http.client
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.served.streaming_registry import StreamingRegistry
from tests.standins.chalice_local import ChaliceLocal
from tests.standins.http_client import connection_to
from tests.standins.wire import Truncated

MEGABYTE = 1 << 20
LARGE = 100 * MEGABYTE
PIECE = bytes(range(256)) * 4096
UPLOAD = "/v2/demo/large/blobs/uploads/1"
DOWNLOAD = "/v2/demo/large/blobs/sha256:0"


@dataclass
class Streaming:
    """The service, the registry behind it, and a connection to the service."""

    service: ChaliceLocal
    registry: StreamingRegistry
    connection: http.client.HTTPConnection

    def at_registry(self, path: str) -> str:
        return f"/_registry/{self.registry.authority}{path}"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ChaliceLocal, StreamingRegistry]]:
    log_file = tmp_path_factory.mktemp("streams") / "log"
    with (
        StreamingRegistry(LARGE) as registry,
        ChaliceLocal(f"http://{registry.authority}", log_file, mode="edge") as service,
    ):
        yield service, registry


@pytest.fixture
def edge(running: tuple[ChaliceLocal, StreamingRegistry]) -> Iterator[Streaming]:
    service, registry = running
    registry.heads.clear()
    registry.reached = lambda total: None
    connection = connection_to(service.authority, None)
    yield Streaming(service, registry, connection)
    connection.close()


def resident_megabytes(process: int) -> int:
    """What a process has in memory; from /proc where there is one, for not every Linux has `ps`."""
    pages = Path(f"/proc/{process}/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, check=True)
    return int(shown.stdout) >> 10


class MemoryWatch:
    """How much memory a process has, looked at as a body passes by."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._next = 0
        self.before = resident_megabytes(process)
        self.most = 0

    def __call__(self, total: int) -> None:
        if total >= self._next:
            self._next = total + 20 * MEGABYTE
            self.most = max(self.most, resident_megabytes(self._process))

    @property
    def is_little(self) -> bool:
        return 0 < self.most < self.before + 30


@pytest.mark.parametrize("chunked", [False, True])
def test_a_large_layer_is_pushed_in_little_memory(chunked: bool, edge: Streaming) -> None:
    watch = edge.registry.reached = MemoryWatch(edge.service.process)
    headers = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(LARGE)}
    body = (PIECE for _ in range(LARGE // len(PIECE)))
    edge.connection.request("PATCH", edge.at_registry(UPLOAD), body, headers, encode_chunked=chunked)
    response = edge.connection.getresponse()
    whole = hashlib.sha256(PIECE * (LARGE // len(PIECE))).hexdigest()
    assert (response.status, response.headers["X-Digest"]) == (201, whole)
    (head,) = edge.registry.heads
    framing = ("Content-Length", "Transfer-Encoding")
    assert {name: head.value(name) for name in framing if head.values(name)} == headers
    assert watch.is_little


def test_a_large_layer_is_pulled_in_little_memory(edge: Streaming) -> None:
    watch = edge.registry.reached = MemoryWatch(edge.service.process)
    edge.connection.request("GET", edge.at_registry(DOWNLOAD))
    response = edge.connection.getresponse()
    assert sum(len(piece) for piece in iter(lambda: response.read(MEGABYTE), b"")) == LARGE
    assert watch.is_little


def test_a_client_that_hangs_up_ends_the_upload_at_the_registry(edge: Streaming) -> None:
    some = threading.Event()
    edge.registry.reached = lambda total: some.set()
    edge.connection.putrequest("PATCH", edge.at_registry(UPLOAD))
    edge.connection.putheader("Content-Length", str(LARGE))
    edge.connection.endheaders()
    edge.connection.send(PIECE)
    assert some.wait(20)
    edge.connection.close()
    assert isinstance(edge.registry.broken.get(timeout=20), OSError | Truncated)
    assert "Traceback" not in edge.service.log


def test_a_client_that_hangs_up_ends_the_download_at_the_registry(edge: Streaming) -> None:
    edge.connection.request("GET", edge.at_registry(DOWNLOAD))
    edge.connection.getresponse().read(MEGABYTE)
    edge.connection.close()
    assert isinstance(edge.registry.broken.get(timeout=20), OSError)
    assert "Traceback" not in edge.service.log
