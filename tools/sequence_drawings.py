"""Draws docs/sequence-*.svg, one diagram per pull recorded in docs/trace.json.

    python -m tools.sequence_drawings

A request is a full arrow and its response a broken one; a request that carries credentials is amber, layer
bytes are green. tests/clients/test_trace.py records the pulls, `make matrix` stores them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

HERE = Path(__file__).parents[1] / "docs"
TRACES = HERE / "trace.json"
_WIDTH, _BOX = 1070, 160
_REGISTRY, _BUCKET = ("private ECR", ""), ("layer bucket", "S3, presigned URLs")
# Where the lifelines are, and the two lines in their boxes.
_AT_EDGE = {
    "client": (100, "client", ""),
    "edge": (430, "ecr.example.com", "CloudFront"),
    "gateway": (630, "API Gateway", "+ Lambda"),
    "registry": (800, *_REGISTRY),
    "bucket": (970, *_BUCKET),
}
_WITHOUT_EDGE = {
    "client": (130, "client", ""),
    "gateway": (430, "ecr.example.com", "API Gateway + Lambda"),
    "registry": (710, *_REGISTRY),
    "bucket": (945, *_BUCKET),
}
_TITLES = {
    "edge": "Docker, containerd image store: a pull in mode edge",
    "relay": "Docker, containerd image store: a pull in mode relay",
    "relay-docker-classic": "Docker, classic image store: a pull in mode relay",
}
# Where a Location leads, by the host in it.
_REDIRECTS = {
    "edge": " to /_registry",
    "gateway": " to /_challenge",
    "registry": " to ECR",
    "bucket": " to the bucket",
    "": "",
}
_PAPER, _INK, _MUTED, _CREDENTIALS, _BYTES = "#f8fafc", "#0f172a", "#475569", "#b45309", "#0f766e"
_TOP, _STEP = 118, 25


class Arrow(NamedTuple):
    """From one lifeline to another, with its words above it."""

    start: str
    end: str
    words: str
    color: str
    is_response: bool


def arrows(trace: Sequence[Mapping[str, Any]]) -> list[Arrow]:
    """The trace's exchanges in drawing order: a response comes after the exchange inside of it."""
    drawn: list[Arrow] = []
    waiting: list[Arrow] = []
    for exchange, following in zip(trace, (*trace[1:], {}), strict=True):
        drawn.append(_request(exchange))
        is_passed_on = following.get("sender") == exchange["receiver"]
        waiting.insert(0, _response(exchange, is_passed_on))
        if not is_passed_on:
            drawn += waiting
            waiting = []
    return drawn


def _request(exchange: Mapping[str, Any]) -> Arrow:
    words, color = f"{exchange['method']} {_short(exchange['path'])}", _MUTED
    if exchange["authorized"]:
        words, color = f"{words} + credentials", _CREDENTIALS
    return Arrow(exchange["sender"], exchange["receiver"], words, color, is_response=False)


def _response(exchange: Mapping[str, Any], is_passed_on: bool) -> Arrow:
    sender, receiver, status = exchange["sender"], exchange["receiver"], exchange["status"]
    color = _MUTED if receiver == "registry" or sender == "edge" else _INK
    if receiver == "bucket":
        words, color = f"{status} the bytes", _BYTES
    elif status == 401:
        words = "401 from API Gateway itself" if receiver == "gateway" else "401 asks for credentials"
    else:
        words = f"{status}{_REDIRECTS[exchange['leads_to']]}"
    if receiver == "edge" and not is_passed_on:
        words += ", from the cache"
    return Arrow(receiver, sender, words, color, is_response=True)


def _short(path: str) -> str:
    return (
        path.replace("/v2/team/app/", "…/").replace("/_challenge…", "/_challenge/…").replace("REGISTRY…", "…")
    )


def draw(name: str, trace: Sequence[Mapping[str, Any]]) -> str:
    """One diagram as an SVG document."""
    title = _TITLES[name]
    actors = _AT_EDGE if any(each["receiver"] == "edge" for each in trace) else _WITHOUT_EDGE
    listed = arrows(trace)
    bottom = _TOP + _STEP * len(listed) + 14
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 16}" width="{_WIDTH}"'
        f' height="{bottom + 16}" font-family="system-ui, -apple-system, \'Segoe UI\', Helvetica, Arial,'
        ' sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        "<defs>",
        *(_marker(color) for color in (_INK, _MUTED, _CREDENTIALS, _BYTES)),
        "</defs>",
        f'<rect x="1" y="1" width="{_WIDTH - 2}" height="{bottom + 14}" rx="10" fill="{_PAPER}"'
        ' stroke="#cbd5e1"/>',
        f'<text x="24" y="30" font-size="15" font-weight="600" fill="{_INK}">{escape(title)}</text>',
    ]
    for x, label, below in actors.values():
        parts += [
            f'<path d="M{x} 98V{bottom}" stroke="#cbd5e1" stroke-width="1.5"/>',
            f'<rect x="{x - _BOX // 2}" y="46" width="{_BOX}" height="50" rx="8" fill="#ffffff"'
            f' stroke="{_MUTED}"/>',
            f'<text x="{x}" y="{68 if below else 75}" text-anchor="middle" font-size="13" font-weight="600"'
            f' fill="{_INK}">{escape(label)}</text>',
            f'<text x="{x}" y="86" text-anchor="middle" fill="{_MUTED}">{escape(below)}</text>',
        ]
    for number, arrow in enumerate(listed, 1):
        start, end = actors[arrow.start][0], actors[arrow.end][0]
        parts += _lines(arrow, start, end, _TOP + _STEP * number - 4)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lines(arrow: Arrow, start: int, end: int, y: int) -> list[str]:
    inset = 3 if end > start else -3
    dashes = ' stroke-dasharray="5 4"' if arrow.is_response else ""
    width = 3 if arrow.color == _BYTES else 1.3
    # Beside the nearest of the two lifelines, or long arrows would have their words amid the others' lines.
    left = min(start, end)
    middle = left + 145 if abs(end - start) > 340 else (start + end) // 2
    # The words have a rim of the paper's colour, so that no lifeline strikes them through.
    return [
        f'<text x="{middle}" y="{y - 5}" text-anchor="middle" fill="{arrow.color}" stroke="{_PAPER}"'
        f' stroke-width="4" paint-order="stroke">{escape(arrow.words)}</text>',
        f'<path d="M{start + inset} {y}H{end - inset}" stroke="{arrow.color}" stroke-width="{width}"'
        f' fill="none"{dashes} marker-end="url(#{_identifier(arrow.color)})"/>',
    ]


def _identifier(color: str) -> str:
    return f"arrow{color[1:]}"


def _marker(color: str) -> str:
    return (
        f'<marker id="{_identifier(color)}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8"'
        f' markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 10 5 0 10z"'
        f' fill="{color}"/></marker>'
    )


def diagrams() -> dict[Path, str]:
    """Every diagram by its file."""
    traces = json.loads(TRACES.read_text())
    return {HERE / f"sequence-{name}.svg": draw(name, trace) for name, trace in traces.items()}


if __name__ == "__main__":
    for path, svg in diagrams().items():
        path.write_text(svg)
