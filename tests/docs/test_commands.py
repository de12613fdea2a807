"""Every command of our own programs, as a page writes it: the verb exists, and takes each flag."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.docs.markdown_page import PAGES, ROOT

#: The package that each program runs.
PROGRAMS = {"docker-credential-ecr-custom": "credhelper", "ecr-domain": "infra"}
#: Verbs of the credential helper protocol, which take no flags and have no help.
PROTOCOL = {"get", "store", "erase", "list", "version"}
_WRITTEN = re.compile(
    rf"(?P<program>{'|'.join(PROGRAMS)}) (?P<verb>[a-z]+)(?P<rest>(?:[^`\n]*\\\n)*[^`\n]*)(?=`|\n|$)"
)


@cache
def _help(program: str, *verb: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", PROGRAMS[program], *verb, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def _unknown(text: str) -> list[str]:
    """The commands of a text that the programs do not have."""
    unknown = []
    for command in _WRITTEN.finditer(text):
        program, verb = command["program"], command["verb"]
        if program == "docker-credential-ecr-custom" and verb in PROTOCOL:
            continue
        known = _help(program, verb)
        flags = re.findall(r"(?<=\s)--[a-z][a-z-]*", command["rest"].partition(" #")[0])
        if not known or any(not re.search(rf"{flag}(?![a-z-])", known) for flag in flags):
            unknown.append(command[0])
    return unknown


@pytest.mark.parametrize("path", PAGES, ids=lambda path: Path(path).relative_to(ROOT).as_posix())
def test_every_command_on_the_page_exists(path: Path) -> None:
    assert _unknown(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: Path(path).relative_to(ROOT).as_posix())
def test_every_target_of_make_on_the_page_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    page = path.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|^    |^\$ )make ([a-z-]+)", page, re.M)) <= targets


def test_a_verb_or_a_flag_that_does_not_exist_is_noticed() -> None:
    text = "`ecr-domain upp` and `docker-credential-ecr-custom init D --profil x` and `ecr-domain up --yes`\n"
    assert _unknown(text) == ["ecr-domain upp", "docker-credential-ecr-custom init D --profil x"]
