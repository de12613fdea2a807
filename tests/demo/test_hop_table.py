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


def written(*, chained: bool) -> tuple[str, list[str]]:
    """The heading, and the lines below it."""
    pieces: list[str] = []
    table = HopTable(SERVICE, pieces.append, "ecr.example.com", "/_registry/REGISTRY", chained=chained)
    table.head("a client")
    for hop in HOPS:
        table.add(hop)
    head, *lines = "".join(pieces).strip("\n").splitlines()
    return head, lines


def test_a_redirect_and_what_follows_share_a_line() -> None:
    _, lines = written(chained=True)
    assert [line.split() for line in lines] == [
        f"GET {BLOB[:41]}… 307 cached +token -> 307 +token -> 200 12.6 MB".split(),
        ["PATCH", "/v2/a/blobs/uploads/1", "201", "+token"],
    ]


def test_each_hop_of_clients_that_talk_at_once_has_a_line() -> None:
    _, lines = written(chained=False)
    assert [line.split()[-1] for line in lines] == ["->", "->", "MB", "+token"]
    assert lines[2].split()[1] == "sha256:0123"


@pytest.mark.parametrize("chained", [True, False])
def test_statuses_stand_below_their_places_and_nothing_is_wider_than_a_page(chained: bool) -> None:
    head, lines = written(chained=chained)
    for line in lines:
        assert len(line) <= 110
        assert "secret" not in line
    assert lines[0].index("307") == head.index("ecr.example.com")
    assert lines[-2].index("200") == head.index("layer bucket")
    assert lines[-1].index("201") == head.index("/_registry")
