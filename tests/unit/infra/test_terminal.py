"""What people see and are asked."""

from __future__ import annotations

import io

import pytest

from infra.errors import NotConfirmed
from infra.terminal import Terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal_with(typed: str | None, err: io.StringIO | None = None) -> Terminal:
    return Terminal(io.StringIO(), err or io.StringIO(), None if typed is None else io.StringIO(typed))


@pytest.mark.parametrize(("typed", "text"), [("name\n", "name"), ("  name \n", "name"), ("\n", "default")])
def test_a_question_has_what_was_typed_or_the_default(typed: str, text: str) -> None:
    assert terminal_with(typed).ask("which?", "--which", "default") == text


@pytest.mark.parametrize(
    ("typed", "line"),
    [(None, "nobody is there to ask 'which?'; pass --which"), ("", "nothing was typed at 'which?'")],
)
def test_a_question_that_nobody_replies_to_is_refused(typed: str | None, line: str) -> None:
    with pytest.raises(NotConfirmed, match=line.replace("?", r"\?")):
        terminal_with(typed).ask("which?", "--which")


@pytest.mark.parametrize("typed", ["y\n", "Yes\n"])
def test_a_yes_confirms(typed: str) -> None:
    terminal_with(typed).confirm("really?")


@pytest.mark.parametrize("typed", ["\n", "no\n", "yesterday\n"])
def test_anything_else_does_not(typed: str) -> None:
    with pytest.raises(NotConfirmed, match="nothing was changed"):
        terminal_with(typed).confirm("really?")


def test_on_a_terminal_a_status_is_one_line_that_the_next_text_replaces() -> None:
    err = Tty()
    terminal = terminal_with(None, err)
    terminal.status("a long subject", "1 s")
    terminal.status("short", "2 s")
    terminal.progress("done")
    blank = " " * len("  short; 2 s")
    lines = ["  a long subject; 1 s", "  short; 2 s".ljust(len("  a long subject; 1 s")), blank, "done\n"]
    assert err.getvalue() == "\r" + "\r".join(lines)


def test_elsewhere_a_status_is_written_when_its_subject_is_new() -> None:
    err = io.StringIO()
    terminal = terminal_with(None, err)
    for about, detail in (("one", "1 s"), ("one", "2 s"), ("two", "3 s")):
        terminal.status(about, detail)
    assert err.getvalue() == "  one\n  two\n"
