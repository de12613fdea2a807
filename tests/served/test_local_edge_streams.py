"""Large bodies through `chalice local` in mode `edge`, and exchanges that end before their time."""

from __future__ import annotations

import hashlib
import http.client
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.served.streaming_registry import StreamingRegistry
from tests.standins.chalice_local import ChaliceLocal

MEGABYTE = 1 << 20
LARGE = 200 * MEGABYTE
PIECE = bytes(range(256)) * 4096
UPLOAD = "/v2/demo/large/blobs/uploads/1"


@contextmanager
def edge(registry: str, directory: Path) -> Iterator[tuple[ChaliceLocal, http.client.HTTPConnection, str]]:
    """The service, a connection to it, and what stands before the registry's paths."""
    with ChaliceLocal(registry, directory / "log", mode="edge") as service:
        connection = http.client.HTTPConnection(service.authority, timeout=60)
        yield service, connection, "/_registry/" + registry.removeprefix("http://")
        connection.close()


def resident_megabytes(process: int) -> int:
    """What a process has in memory; from /proc where there is one, for not every Linux has `ps`."""
    pages = Path(f"/proc/{process}/statm")
    if pages.exists():
        return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, check=True)
    return int(shown.stdout) >> 10


class MemoryWatch:
    """The most memory that a process was seen to have, looked at as a body passes by."""

    def __init__(self) -> None:
        self.process: int | None = None
        self.most = 0
        self._next = 0

    def __call__(self, total: int) -> None:
        if self.process is not None and total >= self._next:
            self._next = total + 20 * MEGABYTE
            self.most = max(self.most, resident_megabytes(self.process))


@pytest.mark.parametrize("chunked", [False, True])
def test_a_layer_of_200_mb_is_pushed_in_little_memory(chunked: bool, tmp_path: Path) -> None:
    watch = MemoryWatch()
    with (
        StreamingRegistry(reached=watch) as registry,
        edge(registry.origin, tmp_path) as (
            service,
            connection,
            prefix,
        ),
    ):
        watch.process = service.process
        before = resident_megabytes(service.process)
        headers = {} if chunked else {"Content-Length": str(LARGE)}
        body = (PIECE for _ in range(LARGE // len(PIECE)))
        connection.request("PATCH", prefix + UPLOAD, body, headers, encode_chunked=chunked)
        response = connection.getresponse()
        whole = hashlib.sha256(PIECE * (LARGE // len(PIECE))).hexdigest()
        assert (response.status, response.headers["X-Digest"]) == (201, whole)
    sent = {name: value for name, value in registry.heads[0].headers if name in FRAMING}
    assert sent == ({FRAMING[1]: b"chunked"} if chunked else {FRAMING[0]: b"%d" % LARGE})
    assert 0 < watch.most < before + 30


FRAMING = (b"content-length", b"transfer-encoding")


def test_a_layer_of_200_mb_is_pulled_in_little_memory(tmp_path: Path) -> None:
    watch = MemoryWatch()
    with (
        StreamingRegistry(LARGE, watch) as registry,
        edge(registry.origin, tmp_path) as (
            service,
            connection,
            prefix,
        ),
    ):
        watch.process = service.process
        before = resident_megabytes(service.process)
        connection.request("GET", f"{prefix}/v2/demo/large/blobs/sha256:0")
        response = connection.getresponse()
        total = 0
        while piece := response.read(MEGABYTE):
            total += len(piece)
        assert total == LARGE
    assert 0 < watch.most < before + 30


def test_a_client_that_hangs_up_ends_the_upload_at_the_registry(tmp_path: Path) -> None:
    some = threading.Event()
    with (
        StreamingRegistry(reached=lambda total: some.set()) as registry,
        edge(registry.origin, tmp_path) as (
            service,
            connection,
            prefix,
        ),
    ):
        connection.putrequest("PATCH", prefix + UPLOAD)
        connection.putheader("Content-Length", str(LARGE))
        connection.endheaders()
        connection.send(PIECE)
        assert some.wait(20)
        connection.close()
        next_one = http.client.HTTPConnection(service.authority, timeout=20)
        # The registry takes one connection after the other: that it answers shows the first at its end.
        next_one.request("PATCH", prefix + UPLOAD, b"x")
        assert next_one.getresponse().status == 201
        next_one.close()
    (broken,) = registry.broken
    assert "Receiver" in str(broken) or "peer" in str(broken)
    assert "Traceback" not in service.log


def test_a_client_that_hangs_up_ends_the_download_at_the_registry(tmp_path: Path) -> None:
    with (
        StreamingRegistry(LARGE) as registry,
        edge(registry.origin, tmp_path) as (
            service,
            connection,
            prefix,
        ),
    ):
        connection.request("GET", f"{prefix}/v2/demo/large/blobs/sha256:0")
        connection.getresponse().read(MEGABYTE)
        connection.close()
        next_one = http.client.HTTPConnection(service.authority, timeout=20)
        next_one.request("PATCH", prefix + UPLOAD, b"x")
        assert next_one.getresponse().status == 201
        next_one.close()
    (broken,) = registry.broken
    assert isinstance(broken, OSError)
    assert "Traceback" not in service.log
