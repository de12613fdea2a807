"""How hops are written."""

from __future__ import annotations

import pytest

from tests.demo.hop_table import HopTable
from tests.standins.registry_client import Hop

SERVICE = "http://127.0.0.1:8000"
BLOB = "/v2/demo/hello/blobs/sha256:0123456789abcdef0123456789abcdef"
CARRIED = "/_registry/127.0.0.1:5000"
HOPS = (
    Hop("GET", f"{SERVICE}{BLOB}", 307, f"{CARRIED}{BLOB}", authenticated=True, cached=True),
    Hop("GET", f"{SERVICE}{CARRIED}{BLOB}", 307, "http://bucket/x", authenticated=True),
    Hop("GET", "http://bucket/a/sha256-0123?X-Amz-Signature=secret", 200, received=12_600_000),
    Hop("PATCH", f"{SERVICE}{CARRIED}/v2/a/blobs/uploads/1", 201, "/v2/", True, sent=5),
)


def written(*, chained: bool) -> list[str]:
    pieces: list[str] = []
    table = HopTable(SERVICE, pieces.append, "/_registry/REGISTRY", chained=chained)
    for hop in HOPS:
        table.add(hop)
    return "".join(pieces).splitlines()


def test_a_redirect_and_what_follows_share_a_line() -> None:
    assert [line.split() for line in written(chained=True)] == [
        f"GET {BLOB[:41]}… 307 * cached -> 307 * -> 200 12.6 MB".split(),
        ["PATCH", "/v2/a/blobs/uploads/1", "201", "*"],
    ]


def test_each_hop_of_clients_that_talk_at_once_has_a_line() -> None:
    lines = written(chained=False)
    assert [line.split()[-1] for line in lines] == ["->", "->", "MB", "*"]
    assert lines[2].split()[1] == "sha256:0123"


@pytest.mark.parametrize("chained", [True, False])
def test_statuses_stand_below_their_places_and_nothing_is_wider_than_a_page(chained: bool) -> None:
    heads: list[str] = []
    HopTable(SERVICE, heads.append, "/_registry/REGISTRY").head("a client")
    head = "".join(heads).strip("\n")
    carried = head.index("/_registry")
    for line in written(chained=chained):
        assert len(line) <= 110
        assert "secret" not in line
    assert written(chained=chained)[-1].index("201") == carried
    assert written(chained=chained)[0].index("307") == head.index("ecr.example.com")
    assert written(chained=chained)[-2].index("200") == head.index("layer bucket")
