"""Hops as people read them: a line for each request of a client, a column for each place it comes to."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from chalicelib.registry_path import split_edge_path, without_challenge
from tests.standins.registry_client import Hop

_PATH = 44
_COLUMN = 21
_LARGE = 1_000_000
LEGEND = """\
How to read a line: first the request, then, under each place that it reaches, the HTTP status of the
response there. Where nothing stands under the first place, the client went straight to the second.

  307 ->     a redirect, which leads the client to the next place on the right
  12.6 MB    the size of a large layer that passed there
  +token     the request was sent with credentials, which hold the registry's token
"""
CACHED_LEGEND = "  cached     CloudFront had the redirect already, and did not ask the service for it\n"


class HopTable:
    """Writes to `write` as hops come. `origin` is the service's, `places` are the headings of the columns:
    the name, its paths that lead to the registry, and the layer bucket. With `chained`, a redirect and what
    follows it share a line."""

    def __init__(
        self, origin: str, write: Callable[[str], object], name: str, second_place: str, *, chained: bool
    ) -> None:
        self._origin = origin
        self._write = write
        self._places = (name, second_place, "layer bucket")
        self._chained = chained
        #: The place at which the line stands.
        self._column = 0

    def head(self, title: str) -> None:
        """A title, and the names of the places beside it."""
        first, second, third = self._places
        self._write(f"\n{title:<{_PATH + 11}}{first:<{_COLUMN}}{second:<{_COLUMN}}{third}\n")

    def add(self, hop: Hop) -> None:
        path = urlsplit(hop.url).path
        own_path = without_challenge(path) or (split_edge_path(path) or ("", path))[1]
        place = int(own_path != path) if hop.url.startswith(f"{self._origin}/") else 2
        if place == 2:
            # The bucket's paths end with the digest.
            own_path = path.rpartition("/")[2].replace("-", ":", 1)
        if self._column == 0:
            self._write(f"    {hop.method:<6} {_short(own_path):<{_PATH}}")
        marks = ((hop.cached, " cached"), (hop.authenticated, " +token"), (hop.redirected, " ->"))
        cell = f"{hop.status}{''.join(mark for applies, mark in marks if applies)}"
        before = " " * _COLUMN * (place - self._column)
        if hop.redirected and self._chained:
            self._write(f"{before}{cell:<{_COLUMN}}")
            self._column = place + 1
        else:
            self._write(f"{before}{cell}{_size(hop)}\n")
            self._column = 0


def _size(hop: Hop) -> str:
    size = max(hop.sent, hop.received)
    return f"  {size / 1e6:.1f} MB" if size >= _LARGE else ""


def _short(path: str) -> str:
    """Digests and upload numbers are cut."""
    return path if len(path) < _PATH else f"{path[: _PATH - 3]}…"
