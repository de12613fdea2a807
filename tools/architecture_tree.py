"""Writes the tree of docs/architecture.md from the modules' docstrings: python -m tools.architecture_tree

Within a folder a file stands below those that it imports.
"""

from __future__ import annotations

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- tree: begin (written by `python -m tools.architecture_tree`) -->\n"
END = "<!-- tree: end -->"
FOLDERS = (
    "chalicelib",
    "chalicelib/relaying",
    "chalice_patches",
    "credhelper",
    "infra",
    "infra/commands",
    "tests/standins",
    "tests/standins/cloudfront",
    "tests/standins/cloudformation",
    "tools",
)


def first_sentence(path: Path) -> str:
    """The first sentence of a module's docstring."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return re.split(r"(?<=[.])\s", " ".join(docstring.split("\n\n")[0].split()) + " ", maxsplit=1)[0]


def imported_stems(path: Path, package: str) -> set[str]:
    """The modules of its own folder that a file imports, inside of functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            head, _, stem = node.module.rpartition(".")
            if head == package:
                found.add(stem)
            elif node.module == package:
                found |= {alias.name for alias in node.names}
    return found


def in_dependency_order(folder: str) -> list[Path]:
    """The files of a folder, each after those that it imports. Raises graphlib.CycleError."""
    files = {path.stem: path for path in sorted((ROOT / folder).glob("*.py")) if path.stem != "__init__"}
    package = folder.replace("/", ".")
    order = TopologicalSorter({stem: imported_stems(path, package) for stem, path in files.items()})
    order.prepare()
    found: list[Path] = []
    while order.is_active():
        ready = sorted(order.get_ready())
        order.done(*ready)
        found += [files[stem] for stem in ready if stem in files]
    return found


def tree() -> str:
    """A table for each folder."""
    parts = [f"| | |\n|---|---|\n| [`app.py`](../app.py) | {first_sentence(ROOT / 'app.py')} |\n"]
    for folder in FOLDERS:
        about = first_sentence(ROOT / folder / "__init__.py")
        rows = "".join(
            f"| [`{path.name}`](../{folder}/{path.name}) | {first_sentence(path)} |\n"
            for path in in_dependency_order(folder)
        )
        parts.append(f"### {folder}/\n\n{about}\n\n| | |\n|---|---|\n{rows}")
    return "\n".join(parts)


def with_tree(page: str) -> str:
    """The page with the tree as it is now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{tree()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_tree(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
