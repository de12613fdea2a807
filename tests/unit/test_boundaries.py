"""The tree is the deploy boundary: who may import whom, and which names no file has."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.standins.project import ROOT

OURS = ("app", "chalicelib", "credhelper", "chalice_patches", "infra", "tests", "benchmarks", "tools")
CHALICELIB = ROOT / "chalicelib"
SHIPPED = sorted(CHALICELIB.rglob("*.py"))
# What asks registries; all else in chalicelib works on values alone.
TALKING = {"relaying/registry_connection.py", "relaying/relay_service.py"}


def imported(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, at whatever depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module).partition(".")[0])
    return names


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_what_is_shipped_imports_the_standard_library_alone(path: Path) -> None:
    assert imported(path) <= sys.stdlib_module_names | {"chalicelib"}


def test_app_imports_chalice_and_what_is_shipped() -> None:
    # `chalice_patches` under Chalice's own commands only: the served ring runs the zip without it.
    assert imported(ROOT / "app.py") - sys.stdlib_module_names == {
        "chalice",
        "chalice_patches",
        "chalicelib",
    }


@pytest.mark.parametrize(
    ("package", "others"),
    [
        ("credhelper", {"botocore"}),
        ("chalice_patches", {"chalice", "botocore", "chalicelib"}),
        ("infra", {"boto3", "botocore", "chalice_patches", "chalicelib"}),
    ],
)
def test_a_package_imports_what_the_page_of_the_architecture_says(package: str, others: set[str]) -> None:
    files = sorted((ROOT / package).rglob("*.py"))
    # CPython's own digest, which has another name since 3.12.
    ours = {package, "_sha2", "_sha256"}
    imports = set().union(*map(imported, files)) - sys.stdlib_module_names - ours
    assert {name for name in imports if not name.startswith("mypy_boto3_")} == others


def test_decisions_know_no_io() -> None:
    pure = {path.relative_to(CHALICELIB).as_posix() for path in SHIPPED} - TALKING
    talkers = {"socket", "ssl", "http", "select", "os", "subprocess", "threading", "time"}
    assert {name: imported(CHALICELIB / name) & talkers for name in pure} == {name: set() for name in pure}


def test_nothing_but_the_relay_imports_the_relay() -> None:
    """app.py does where a request is for it, and at the start of mode `relay`."""
    others = [path for path in SHIPPED if path.parent == CHALICELIB]
    assert others
    assert [path.name for path in others if "chalicelib.relaying" in path.read_text(encoding="utf-8")] == []


def test_no_file_is_named_for_nothing() -> None:
    tracked = [path for folder in OURS for path in (ROOT / folder).rglob("*.py")]
    assert [path for path in tracked if path.stem in ("utils", "util", "helpers", "manager", "common")] == []


def test_what_decides_about_a_deployment_is_loaded_without_aws() -> None:
    """Chalice, which one of them reads, loads botocore; boto3 is what calls AWS here."""
    pure = (
        "settings",
        "config_file",
        "stack",
        "progress",
        "rollout",
        "public_name",
        "edge_template",
        "service_template",
    )
    program = (
        f"import sys; [__import__('infra.' + name) for name in {pure!r}]; sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
