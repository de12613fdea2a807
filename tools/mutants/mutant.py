"""A mutant: a change that makes a claim false."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Mutant(NamedTuple):
    """One text of one file, replaced."""

    #: What is not true any more.
    claim: str
    #: Relative to the project.
    file: str
    #: It is in the file once.
    before: str
    after: str
    #: The test that must fail, as `file::test`.
    test: str

    def apply(self, project: Path) -> str:
        """Change the file in a project; returns what it was. Raises ValueError where it does not apply."""
        path = project / self.file
        original = path.read_text(encoding="utf-8")
        if original.count(self.before) != 1:
            raise ValueError(f"{self.file} has {self.before!r} {original.count(self.before)} times, not once")
        path.write_text(original.replace(self.before, self.after), encoding="utf-8")
        return original
