"""The package: what a `get` from the cache imports, and the file that the redirect service shares."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.standins.project import ROOT

PACKAGE = ROOT / "credhelper"
CACHED_PATH = ("settings.py", "server_url.py", "cached_get.py")


def imported_at_once(path: Path) -> Iterator[str]:
    """What importing the file imports: all but what stands in functions and under TYPE_CHECKING."""
    todo: list[ast.AST] = [ast.parse(path.read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            todo += ast.iter_child_nodes(node)


@pytest.mark.parametrize("name", CACHED_PATH)
def test_a_get_from_the_cache_imports_three_files_and_next_to_nothing(name: str) -> None:
    """`os` and `hashlib` stand in where the modules before them are not there; test_installed.py looks at a
    run."""
    ours = {f"credhelper.{each.removesuffix('.py')}" for each in CACHED_PATH}
    allowed = {"sys", "posix", "os", "_sha2", "_sha256", "hashlib"} | ours
    assert set(imported_at_once(PACKAGE / name)) <= allowed


def test_the_program_imports_nothing_else_before_it_has_looked() -> None:
    found = set(imported_at_once(PACKAGE / "__main__.py"))
    assert found == {"sys", "time", "credhelper.cached_get", "credhelper.server_url", "credhelper.settings"}


@pytest.mark.parametrize("name", ["helper.py", "protocol.py", "kubelet.py", "routing.py"])
def test_botocore_and_the_network_are_imported_by_the_runs_that_need_them(name: str) -> None:
    slow = {"credhelper.ecr_token", "botocore", "http.client", "ssl", "urllib.request", "urllib.error"}
    assert set(imported_at_once(PACKAGE / name)) & slow == set()


def test_the_grammar_of_registry_hosts_is_the_redirect_services_own() -> None:
    """A file of its own, for a link breaks a clone on Windows."""
    copy = PACKAGE / "registry_host.py"
    assert not copy.is_symlink()
    assert copy.read_bytes() == (ROOT / "chalicelib" / "registry_host.py").read_bytes()
