"""Every link between the pages leads somewhere, every page is linked, and every line fits a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.markdown_page import PAGES, ROOT, MarkdownPage

COLUMNS = 110


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _broken(page: MarkdownPage) -> list[str]:
    """The relative links of a page that lead to no file, or to no heading of one."""
    broken = []
    for link in page.links:
        target, _, anchor = link.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        path = (page.path.parent / target).resolve() if target else page.path
        if not path.exists() or (anchor and anchor not in MarkdownPage.read(path).anchors):
            broken.append(link)
    return broken


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_every_relative_link_and_anchor_leads_somewhere(path: Path) -> None:
    assert _broken(MarkdownPage.read(path)) == []


def test_a_link_to_nowhere_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `title`, twice\n## Same\n## Same\n")
    links = "[a](#a-title-twice) [b](#same-1) [c](page.md#same) [d](#same-2) [e](gone.md) [f](page.md#x)\n"
    page.write_text(page.read_text() + links + "[g]: missing.md\n")
    assert _broken(MarkdownPage.read(page)) == ["#same-2", "gone.md", "page.md#x", "missing.md"]


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_no_line_is_wider_than_a_terminal(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    wide = [(number, line) for number, line in enumerate(lines, 1) if len(line) > COLUMNS]
    # A row of a table cannot be broken, and a reference is one URL.
    assert [pair for pair in wide if not pair[1].startswith(("|", "["))] == []


def test_every_page_is_linked_from_the_readme() -> None:
    readme = MarkdownPage.read(ROOT / "README.md")
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in readme.links if "://" not in link}
    assert [_name(path) for path in PAGES if path not in linked and path != readme.path] == []
