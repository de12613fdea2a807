"""Where people read and type: results go to `out`, progress and questions to `err`."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TextIO

from infra.errors import NotConfirmed


@dataclass
class Terminal:
    """Two streams to write to, and one that people type on."""

    out: TextIO
    err: TextIO
    #: None where nobody is there to ask.
    stdin: TextIO | None
    #: The width of the status line that is shown now; 0: none is.
    _status: int = field(default=0, init=False)
    #: What the last status line was about.
    _about: str = field(default="", init=False)

    def show(self, text: str) -> None:
        self._clear()
        self.out.write(f"{text}\n")
        self.out.flush()

    def progress(self, text: str) -> None:
        self._clear()
        self.err.write(f"{text}\n")
        self.err.flush()

    def status(self, about: str, detail: str) -> None:
        """One line that changes: on a terminal it is written over the one before; elsewhere what it is
        `about` is written when it is new."""
        if self.err.isatty():
            text = f"  {about}; {detail}"[: shutil.get_terminal_size().columns - 1]
            self.err.write(f"\r{text.ljust(self._status)}")
            self.err.flush()
            self._status = len(text)
        elif about != self._about:
            self.progress(f"  {about}")
        self._about = about

    def ask(self, question: str, flag: str, default: str = "") -> str:
        """What is typed, or `default` for an empty line; with `flag` the question is not asked. Raises
        NotConfirmed where nobody is there."""
        if self.stdin is None:
            raise NotConfirmed(f"nobody is there to ask {question!r}; pass {flag}")
        self._clear()
        self.err.write(f"{question} [{default}] " if default else f"{question} ")
        self.err.flush()
        line = self.stdin.readline()
        if not line:
            raise NotConfirmed(f"nothing was typed at {question!r}")
        return line.strip() or default

    def confirm(self, question: str) -> None:
        """Raises NotConfirmed unless yes is typed."""
        if self.ask(f"{question} (yes/no)", "--yes", "no").lower() not in ("y", "yes"):
            raise NotConfirmed("nothing was changed")

    def _clear(self) -> None:
        if self._status:
            self.err.write("\r" + " " * self._status + "\r")
            self._status = 0
