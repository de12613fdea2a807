"""A mutant: a change that makes a claim false."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class Mutant(NamedTuple):
    """One text of one file, replaced."""

    #: What is not true any more.
    claim: str
    #: Relative to the project.
    file: str
    #: It is in the file once; in a JSON file, as json.dumps writes it.
    before: str
    after: str
    #: The test that must fail, as `file::test`.
    test: str

    def changed(self, project: Path) -> str:
        """The file as it becomes; raises ValueError where the text is not in it once."""
        text = (project / self.file).read_text(encoding="utf-8")
        if self.file.endswith(".json"):
            # In one layout, whatever the file's own is.
            text = json.dumps(json.loads(text))
        if text.count(self.before) != 1:
            raise ValueError(f"{self.file} has {self.before!r} {text.count(self.before)} times, not once")
        return text.replace(self.before, self.after)
