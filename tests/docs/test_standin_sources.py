"""Each stand-in of AWS names the section that it plays, and each section is played or says why not."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.docs.markdown_page import ROOT, MarkdownPage

STANDINS = sorted((ROOT / "tests" / "standins").rglob("*.py"))
#: Sections that describe something other than AWS's behaviour towards a client.
NOT_PLAYED = {"docs/api-gateway.md": {"chalice"}, "docs/cloudfront.md": {"what-else-can-be-the-edge"}}
_LINKS = re.compile(r"(?P<page>docs/[\w-]+\.md)(?P<anchors>#[\w-]+(?:,\s#[\w-]+)*)?")


def _sections(path: Path) -> set[tuple[str, str]]:
    """The sections that a file's docstring links, as page and anchor; the anchor may be empty."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return {
        (link["page"], anchor.lstrip("# "))
        for link in _LINKS.finditer(docstring)
        for anchor in (link["anchors"] or "").split(",")
    }


@pytest.mark.parametrize("path", STANDINS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_section_that_a_stand_in_names_is_there(path: Path) -> None:
    for page, anchor in _sections(path):
        assert not anchor or anchor in MarkdownPage.read(ROOT / page).anchors


@pytest.mark.parametrize("page", NOT_PLAYED)
def test_every_section_is_played_by_a_stand_in(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    sections = {
        MarkdownPage(ROOT, f"# {title}").anchors.pop() for title in re.findall(r"^## (.+)$", text, re.M)
    }
    played = {anchor for path in STANDINS for linked, anchor in _sections(path) if linked == page}
    assert sections - played == NOT_PLAYED[page]
