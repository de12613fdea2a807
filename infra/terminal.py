"""Where people read and answer: results go to `out`, progress and questions to `err`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TextIO

from infra.errors import NotConfirmed


@dataclass(frozen=True)
class Terminal:
    """`answers` is None where nobody is there to ask."""

    out: TextIO
    err: TextIO
    answers: TextIO | None

    def show(self, text: str) -> None:
        self.out.write(f"{text}\n")
        self.out.flush()

    def progress(self, text: str) -> None:
        self.err.write(f"{text}\n")
        self.err.flush()

    def ask(self, question: str, default: str = "") -> str:
        """The answer, or `default` for an empty one. Raises NotConfirmed where nobody answers."""
        if self.answers is None:
            raise NotConfirmed(f"nobody is there to answer {question!r}; pass it as a flag, or --yes")
        self.err.write(f"{question} [{default}] " if default else f"{question} ")
        self.err.flush()
        line = self.answers.readline()
        if not line:
            raise NotConfirmed(f"no answer to {question!r}")
        return line.strip() or default

    def confirm(self, question: str) -> None:
        """Raises NotConfirmed unless the answer is yes."""
        if self.ask(f"{question} (yes/no)", "no").lower() not in ("y", "yes"):
            raise NotConfirmed("nothing was changed")
