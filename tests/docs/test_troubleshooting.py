"""What docs/troubleshooting.md quotes is what the programs say."""

from __future__ import annotations

import re

import pytest

from chalicelib.location import MAX_EDGE_LOCATION, MAX_LOCATION
from tests.docs.markdown_page import ROOT, MarkdownPage
from tests.standins.gateway import BODY_LIMIT

PAGE = MarkdownPage.read(ROOT / "docs" / "troubleshooting.md")
TEXT = re.sub(r"\s+", " ", PAGE.text)
#: Where our own words come from.
SOURCES = [
    path.read_text(encoding="utf-8")
    for pattern in ("chalicelib/**/*.py", "chalice_patches/*.py", "infra/templates/functions/*.js")
    for path in ROOT.glob(pattern)
]
OURS = (
    "this path is not part of the registry API",
    "no registry of this name is at this path",
    "more bytes than a Lambda response can hold",
    "a URL that cannot be passed on",
    "SIZE_INVALID",
    "UNAVAILABLE",
)


@pytest.mark.parametrize("words", OURS)
def test_words_of_ours_are_quoted_as_they_are(words: str) -> None:
    assert words in TEXT
    assert any(words in source for source in SOURCES)


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{MAX_LOCATION:,} bytes at API Gateway and {MAX_EDGE_LOCATION:,} at CloudFront" in TEXT
    assert f"HTTP content length exceeded {BODY_LIMIT} bytes." in TEXT


def test_every_symptom_in_the_list_has_its_section() -> None:
    listed = re.findall(r"\]\((#[\w-]+)\)", PAGE.text.partition("\n## ")[0])
    sections = re.findall(r"^## (.+)$", PAGE.text, re.M)
    assert len(listed) == len(sections)
