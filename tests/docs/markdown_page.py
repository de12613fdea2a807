"""A Markdown page as GitHub shows it: anchors of its headings, its links, its code blocks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: Every page that people are sent to: those at the root, and those in docs/.
PAGES = tuple(sorted((*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))))

_FENCED = re.compile(
    r"^(?P<fence> *```+)(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=fence) *$", re.M | re.S
)
_HEADING = re.compile(r"^#{1,6} +(?P<text>.*?) *$", re.M)
_LINK = re.compile(r"\]\((?P<inline>[^()\s]+)\)|^\[[^\]]+\]: +(?P<reference>\S+)", re.M)


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block."""

    #: What follows the opening fence: `yaml`, `json`, or nothing.
    language: str
    text: str
    #: The nearest heading above it.
    section: str


@dataclass(frozen=True)
class MarkdownPage:
    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> MarkdownPage:
        return cls(path, path.read_text(encoding="utf-8"))

    @property
    def prose(self) -> str:
        """The text without its fenced blocks, in which `#` and brackets mean something else."""
        return _FENCED.sub("", self.text)

    @property
    def anchors(self) -> set[str]:
        """What may follow `#` in a link to this page. A repeated heading has its number appended."""
        seen: Counter[str] = Counter()
        anchors = set()
        for heading in _HEADING.finditer(self.prose):
            anchor = _anchor(heading["text"])
            anchors.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
            seen[anchor] += 1
        return anchors

    @property
    def links(self) -> list[str]:
        """The target of every link, as it is written."""
        prose = re.sub(r"`[^`\n]*`", "", self.prose)
        return [link["inline"] or link["reference"] for link in _LINK.finditer(prose)]

    @property
    def blocks(self) -> list[CodeBlock]:
        headings = [(heading.start(), heading["text"]) for heading in _HEADING.finditer(self.text)]
        return [
            CodeBlock(
                block["language"],
                block["text"],
                next((text for start, text in reversed(headings) if start < block.start()), ""),
            )
            for block in _FENCED.finditer(self.text)
        ]


def _anchor(heading: str) -> str:
    """As GitHub makes it: lower case, spaces to hyphens, and only letters, digits, `-` and `_` kept."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
