"""Writes the table of settings into docs/deployment.md: python -m tools.settings_table"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from infra.settings import SETTINGS, DeploymentSettings

PAGE = Path(__file__).parents[1] / "docs" / "deployment.md"
BEGIN = "<!-- settings: begin (written by `python -m tools.settings_table`) -->\n"
END = "<!-- settings: end -->"


def table() -> str:
    """A row for each setting: its key, its default, what it is, and the values that are accepted."""
    rows = ["| Key | Default | |", "|---|---|---|"]
    for each in fields(DeploymentSettings):
        setting = SETTINGS[each.name]
        default = "" if each.default == "" else f"`{each.default}`"
        choices = ", ".join(f"`{value}`" for value in setting.choices)
        text = f"{setting.help}: {choices}" if choices else setting.help
        rows.append(f"| `{setting.variable or each.name}` | {default} | {text} |")
    return "\n".join(rows) + "\n"


def with_table(page: str) -> str:
    """The page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + table() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
