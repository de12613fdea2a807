"""Draws docs/sequence-*.svg, one diagram per pull recorded in docs/trace.json.

    python -m tools.sequence_drawings

A request is a full arrow and its answer a broken one; a request that carries credentials is amber, layer
bytes are green. tests/clients/test_trace.py records the pulls, `make matrix` stores them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

HERE = Path(__file__).parents[1] / "docs"
TRACES = HERE / "trace.json"
WIDTH = 1000
_CLIENT = ("client", "")
_GATEWAY = ("API Gateway", "+ Lambda")
_REGISTRY = ("private ECR", "")
_BUCKET = ("layer bucket", "S3, presigned URLs")
# Where the lifelines are, and the two lines in their boxes.
_AT_EDGE = {
    "client": (90, *_CLIENT),
    "edge": (420, "ecr.example.com", "CloudFront"),
    "gateway": (625, *_GATEWAY),
    "registry": (780, *_REGISTRY),
    "bucket": (926, *_BUCKET),
}
_WITHOUT_EDGE = {
    "client": (130, *_CLIENT),
    "gateway": (420, "ecr.example.com", "API Gateway + Lambda"),
    "registry": (690, *_REGISTRY),
    "bucket": (900, *_BUCKET),
}
_TITLES = {
    "edge": "Docker, containerd image store: a pull in mode edge",
    "relay": "Docker, containerd image store: a pull in mode relay",
    "relay-docker-classic": "Docker, classic image store: a pull in mode relay",
}
_INK, _MUTED, _CREDENTIALS, _BYTES = "#0f172a", "#475569", "#b45309", "#0f766e"
_TOP, _STEP = 118, 25


@dataclass(frozen=True)
class Arrow:
    """From one lifeline to another, with its words above it."""

    start: str
    end: str
    words: str
    color: str
    answer: bool


def arrows(trace: Sequence[Mapping[str, Any]]) -> list[Arrow]:
    """The trace's exchanges in drawing order: a response comes after the exchange inside of it."""
    drawn: list[Arrow] = []
    number = 0
    while number < len(trace):
        exchange = trace[number]
        inner = trace[number + 1] if number + 1 < len(trace) else {}
        is_passed_on = inner.get("sender") == exchange["receiver"]
        drawn.append(_request(exchange))
        if is_passed_on:
            drawn += [_request(inner), _response(inner, is_passed_on=False)]
            number += 1
        drawn.append(_response(exchange, is_passed_on=is_passed_on))
        number += 1
    return drawn


def _request(exchange: Mapping[str, Any]) -> Arrow:
    authorized = exchange["authorized"]
    words = f"{exchange['method']} {_short(exchange['path'])}{' + credentials' if authorized else ''}"
    return Arrow(
        exchange["sender"], exchange["receiver"], words, _CREDENTIALS if authorized else _MUTED, answer=False
    )


def _response(exchange: Mapping[str, Any], *, is_passed_on: bool) -> Arrow:
    words, color = _words_of_response(exchange, is_passed_on)
    return Arrow(exchange["receiver"], exchange["sender"], words, color, answer=True)


def _words_of_response(exchange: Mapping[str, Any], is_passed_on: bool) -> tuple[str, str]:
    status, leads_to, receiver = exchange["status"], exchange["leads_to"], exchange["receiver"]
    if receiver == "bucket":
        return f"{status} the bytes", _BYTES
    said = f"{status}{_meaning(status, leads_to)}"
    if receiver == "edge":
        return (said if is_passed_on else f"{said}, from the cache"), _INK
    if receiver == "registry" or exchange["sender"] == "edge":
        return said, _MUTED
    if status == 401:
        return "401 from API Gateway itself", _INK
    if leads_to == "gateway":
        return "challenge: 307 to /_challenge", _INK
    return f"{'plain' if leads_to == 'registry' else 'relay'}: {said}", _INK


def _meaning(status: int, leads_to: str) -> str:
    if status == 401:
        return " asks for credentials"
    return {"edge": " to /_registry", "registry": " to ECR", "bucket": " to the bucket"}.get(leads_to, "")


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
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 16}" width="{WIDTH}"'
        f' height="{bottom + 16}" font-family="system-ui, -apple-system, \'Segoe UI\', Helvetica, Arial,'
        ' sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        "<defs>",
        *(_marker(color) for color in (_INK, _MUTED, _CREDENTIALS, _BYTES)),
        "</defs>",
        f'<rect x="1" y="1" width="{WIDTH - 2}" height="{bottom + 14}" rx="10" fill="#f8fafc"'
        ' stroke="#cbd5e1"/>',
        f'<text x="24" y="30" font-size="15" font-weight="600" fill="{_INK}">{escape(title)}</text>',
    ]
    for x, label, below in actors.values():
        parts.append(f'<path d="M{x} 98V{bottom}" stroke="#cbd5e1" stroke-width="1.5"/>')
        parts.append(
            f'<rect x="{x - 70}" y="46" width="140" height="50" rx="8" fill="#ffffff" stroke="{_MUTED}"/>'
        )
        parts.append(_text(x, 68 if below else 75, label, _INK, 'font-size="13" font-weight="600"'))
        if below:
            parts.append(_text(x, 86, below, _MUTED))
    for number, arrow in enumerate(listed):
        ends = actors[arrow.start][0], actors[arrow.end][0]
        parts += _lines(arrow, *ends, _TOP + _STEP * (number + 1) - 4)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lines(arrow: Arrow, start: int, end: int, y: int) -> list[str]:
    inset = 3 if end > start else -3
    dashes = ' stroke-dasharray="5 4"' if arrow.answer else ""
    heavy = 3 if arrow.color == _BYTES else 1.3
    # Beside the nearest of the two lifelines, or long arrows would have their words amid the others' lines.
    left = min(start, end)
    middle = left + 145 if abs(end - start) > 340 else (start + end) // 2
    return [
        f'<path d="M{start + inset} {y}H{end - inset}" stroke="{arrow.color}" stroke-width="{heavy}"'
        f' fill="none"{dashes} marker-end="url(#{_identifier(arrow.color)})"/>',
        _text(middle, y - 5, arrow.words, arrow.color),
    ]


def _text(x: int, y: int, words: str, color: str, attributes: str = "") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle" fill="{color}" {attributes}>{escape(words)}</text>'


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
