"""Draws docs/sequence-*.svg, one diagram per pull recorded in docs/trace.json.

    python -m docs.sequence

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

HERE = Path(__file__).parent
TRACES = HERE / "trace.json"
WIDTH = 1000
_ACTORS = {
    "client": (130, "client", ""),
    "domain": (420, "ecr.example.com", "API Gateway + Lambda"),
    "registry": (690, "private ECR", ""),
    "bucket": (900, "layer bucket", "S3, presigned URLs"),
}
_TITLES = {
    "docker-classic": ("Docker 26, classic image store", "plain"),
    "docker-containerd": ("Docker 26, containerd image store", "challenge and relay"),
    "skopeo": ("skopeo 1.18", "plain and carry"),
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
    """The trace's exchanges in drawing order: a relay's answer comes after the exchange inside of it."""
    drawn: list[Arrow] = []
    number = 0
    while number < len(trace):
        exchange = trace[number]
        inner = trace[number + 1] if number + 1 < len(trace) else {}
        drawn.append(_request(exchange))
        if exchange["sender"] != "domain" and inner.get("sender") == "domain":
            drawn += [_request(inner), _answer(inner)]
            number += 1
        drawn.append(_answer(exchange))
        number += 1
    return drawn


def _request(exchange: Mapping[str, Any]) -> Arrow:
    authorized = exchange["authorized"]
    words = f"{exchange['method']} {_short(exchange['path'])}{' + credentials' if authorized else ''}"
    return Arrow(
        exchange["sender"], exchange["receiver"], words, _CREDENTIALS if authorized else _MUTED, answer=False
    )


def _answer(exchange: Mapping[str, Any]) -> Arrow:
    words, color = _words_of_answer(exchange)
    return Arrow(exchange["receiver"], exchange["sender"], words, color, answer=True)


def _words_of_answer(exchange: Mapping[str, Any]) -> tuple[str, str]:
    status, leads_to, receiver = exchange["status"], exchange["leads_to"], exchange["receiver"]
    if receiver == "bucket":
        return f"{status} the bytes", _BYTES
    if receiver == "registry":
        return (f"{status} to the bucket" if leads_to else f"{status} {_asks(status)}").strip(), _MUTED
    if status == 401:
        return "401 from API Gateway itself", _INK
    if leads_to == "domain":
        return "challenge: 307 to /_challenge", _INK
    if exchange["user_info"]:
        return "carry: 307 to ECR, credentials in the URL", _CREDENTIALS
    if leads_to == "registry":
        return "plain: 307 to ECR", _INK
    return f"relay: {status}{' to the bucket' if leads_to else ''}", _INK


def _asks(status: int) -> str:
    return "asks for credentials" if status == 401 else ""


def _short(path: str) -> str:
    return path.replace("/v2/team/app/", "…/").replace("/_challenge…", "/_challenge/…")


def draw(name: str, trace: Sequence[Mapping[str, Any]]) -> str:
    """One diagram as an SVG document."""
    client, answer = _TITLES[name]
    listed = arrows(trace)
    bottom = _TOP + _STEP * len(listed) + 14
    title = f"{client}: a pull, answered with {answer}"
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
    for x, label, below in _ACTORS.values():
        parts.append(f'<path d="M{x} 98V{bottom}" stroke="#cbd5e1" stroke-width="1.5"/>')
        parts.append(
            f'<rect x="{x - 80}" y="46" width="160" height="50" rx="8" fill="#ffffff" stroke="{_MUTED}"/>'
        )
        middle = 68 if below else 75
        shown = client.partition(",")[0] if label == "client" else label
        parts.append(_text(x, middle, shown, _INK, 'font-size="13" font-weight="600"'))
        if below:
            parts.append(_text(x, 86, below, _MUTED))
    for number, arrow in enumerate(listed):
        parts += _lines(arrow, _TOP + _STEP * (number + 1) - 4)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lines(arrow: Arrow, y: int) -> list[str]:
    start, end = _ACTORS[arrow.start][0], _ACTORS[arrow.end][0]
    inset = 3 if end > start else -3
    dashes = ' stroke-dasharray="5 4"' if arrow.answer else ""
    heavy = 3 if arrow.color == _BYTES else 1.3
    # Beside the nearest of the two lifelines, or long arrows would have their words amid the others' lines.
    left = min(start, end)
    middle = left + 145 if abs(end - start) > 300 else (start + end) // 2
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
