"""The page of the architecture names every file as it is today."""

from __future__ import annotations

from tools.architecture_tree import PAGE, with_tree


def test_the_tree_is_that_of_the_modules() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_tree(page) == page, "run `python -m tools.architecture_tree`"
