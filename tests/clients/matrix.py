"""The client matrix: what every client did, printed at the end of the run and written as JSON.

CLIENTS_MATRIX names the JSON file; README's table is made from it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

MATRIX_VARIABLE = "CLIENTS_MATRIX"


@dataclass(frozen=True)
class Outcome:
    """One cell: what happened, in a word or in the client's own."""

    client: str
    version: str
    operation: str
    mode: str
    """The service's REDIRECT_MODE."""
    result: str
    expected: bool
    """Whether it is what the table says."""


@dataclass
class Matrix:
    """Outcomes in the order of the run."""

    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def lines(self) -> list[str]:
        """One line per client and operation, the modes side by side."""
        cells: dict[tuple[str, str], dict[str, str]] = {}
        for outcome in self.outcomes:
            mark = outcome.result if outcome.expected else f"{outcome.result} (UNEXPECTED)"
            row = cells.setdefault((f"{outcome.client} {outcome.version}", outcome.operation), {})
            row[outcome.mode] = mark
        table = [("client", "operation", "auto", "plain 307")]
        table += [(*key, row.get("auto", ""), row.get("plain", "")) for key, row in cells.items()]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        return [
            "  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)).rstrip()
            for row in table
        ]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps([asdict(outcome) for outcome in self.outcomes], indent=1) + "\n")
