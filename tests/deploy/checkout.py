"""A clone of the project as it stands here: what git knows, with the changes that are not committed yet."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.standins.project import ROOT


def clone(directory: Path) -> Path:
    """Copies the files into a new `directory`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name, follow_symlinks=False)
    return directory
