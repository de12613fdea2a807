"""What makes a new deployment necessary, and Chalice's record on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.configuration_file import read_document
from infra.deployed_record import read_record, record_path, write_record
from infra.errors import UnreadableFile
from infra.source import source_digest
from tests.deploy.deployer import copy_project


def digest(project: Path, document: dict[str, Any] | None = None) -> str:
    return source_digest(project, document or read_document(project), "production")


def append(name: str) -> Callable[[Path], object]:
    def change(project: Path) -> None:
        (project / name).parent.mkdir(exist_ok=True)
        with (project / name).open("a", encoding="utf-8") as file:
            file.write("\n")

    return change


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        (append("app.py"), True),
        (append("chalicelib/decision.py"), True),
        (append("chalicelib/new.txt"), True),  # Chalice ships every file of it
        (append("vendor/x.py"), True),
        (append("requirements.txt"), True),
        (append(".chalice/policy.json"), True),
        (append("chalice_patches/packaging.py"), True),
        (append("infra/plan.py"), False),
        (append("README.md"), False),
        (append("chalicelib/__pycache__/decision.pyc"), False),
        (lambda project: (project / "app.py").rename(project / "chalicelib" / "app.py"), True),
    ],
)
def test_the_digest_is_over_what_is_deployed(
    tmp_path: Path, change: Callable[[Path], object], matters: bool
) -> None:
    project = copy_project(tmp_path)
    before = digest(project)
    assert before == digest(project)
    assert len(before) == 32
    change(project)
    assert (digest(project) != before) is matters


def test_our_own_key_and_other_stages_are_not_deployed(tmp_path: Path) -> None:
    project = copy_project(tmp_path)
    document = read_document(project)
    before = digest(project, document)
    document["stages"]["production"]["custom_ecr_domain"] = {"region": "x"}
    document["stages"]["local"]["lambda_timeout"] = 1
    assert digest(project, document) == before
    document["stages"]["production"]["lambda_timeout"] = 1
    assert digest(project, document) != before


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    assert read_record(tmp_path, "s") is None
    write_record(tmp_path, "s", [{"name": "rest_api"}])
    record = read_record(tmp_path, "s")
    assert record == {"resources": [{"name": "rest_api"}], "schema_version": "2.0", "backend": "api"}
    write_record(tmp_path, "s", [])
    assert read_record(tmp_path, "s") is None


def test_a_damaged_record_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / record_path("s")
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(UnreadableFile, match=r"\.chalice/deployed/s\.json cannot be read .*; delete it"):
        read_record(tmp_path, "s")
