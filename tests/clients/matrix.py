"""The client matrix: what every client did, and how that compares with what is stored under docs/.

A run fails where a row that worked when the matrix was written works no more. CLIENTS_MATRIX=1, which
`make matrix` sets, writes the matrix anew instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

MATRIX_VARIABLE = "CLIENTS_MATRIX"
STORED = Path(__file__).parents[2] / "docs" / "client-matrix.json"
WORKS = "works"
MODES = ("edge", "relay", "plain")

Key = tuple[str, str, str]


@dataclass(frozen=True)
class MatrixRow:
    """One client and operation, and what happened in each mode: WORKS, what was found, or `fails: …` in the
    client's words; empty where it was not tried. `why` and `workaround` go with a failure in `relay`."""

    client: str
    source: str
    """Where the client comes from, which tells two versions of it apart."""
    version: str
    operation: str
    credentials: str
    edge: str = ""
    relay: str = ""
    #: With REDIRECT_MODE=plain, which is what other redirectors do.
    plain: str = ""
    why: str = ""
    workaround: str = ""

    @property
    def key(self) -> Key:
        return self.client, self.source, self.operation

    def result(self, mode: str) -> str:
        """What happened in one of MODES."""
        return {"edge": self.edge, "relay": self.relay, "plain": self.plain}[mode]


def markdown_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, ("---",) * len(head), *rows))


def fails(result: str) -> bool:
    """Whether a cell tells of a failure."""
    return result.startswith("fails")


def read_rows() -> list[MatrixRow]:
    """The stored matrix; empty where there is none yet."""
    return [MatrixRow(**row) for row in json.loads(STORED.read_text())] if STORED.exists() else []


def write_rows(rows: Iterable[MatrixRow]) -> None:
    ordered = sorted(rows, key=lambda row: (row.client, row.source))  # operations as they ran
    lines = ",\n".join(" " + json.dumps(asdict(row), ensure_ascii=False) for row in ordered)
    STORED.write_text(f"[\n{lines}\n]\n")


def regression(stored: MatrixRow | None, now: MatrixRow) -> str | None:
    """What got worse, in a sentence; None if nothing did. Cells that were not tried now do not count."""
    if stored is None:
        return None
    for mode in MODES:
        before, after = stored.result(mode), now.result(mode)
        if before and not fails(before) and fails(after):
            return f"{now.client} {now.version}, {now.operation}, {mode}: it was {before!r}, now {after!r}"
    return None


class Matrix:
    """The rows of a run, in its order."""

    def __init__(self, stored: Sequence[MatrixRow]) -> None:
        self._rows: dict[Key, MatrixRow] = {}
        self._stored = {row.key: row for row in stored}

    @property
    def rows(self) -> list[MatrixRow]:
        return list(self._rows.values())

    def add(self, row: MatrixRow) -> str | None:
        """Takes in one or more cells of a row. Returns what is worse than it was stored, if something is."""
        worse = regression(self._stored.get(row.key), row)
        before = self._rows.get(row.key)
        if before is not None:
            row = replace(
                row,
                edge=row.edge or before.edge,
                relay=row.relay or before.relay,
                plain=row.plain or before.plain,
                why=row.why or before.why,
                workaround=row.workaround or before.workaround,
            )
        self._rows[row.key] = row
        return worse

    def lines(self) -> list[str]:
        """One line per client and operation."""
        table: list[tuple[str, ...]] = [("client", "operation", *MODES)]
        table += [
            (f"{row.client} {row.version}", row.operation, *map(row.result, MODES)) for row in self.rows
        ]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]) - 1)]
        return [
            "  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)).rstrip()
            for row in table
        ]
