"""A digest of all that decides what `chalice deploy` deploys, so that a plan can tell whether it would
change anything without building the zip."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import chalice

from infra.own_settings import OWN_KEY

# chalice_patches adds to the API what Chalice cannot.
_SHIPPED = ("app.py", "requirements.txt", "chalicelib", "vendor", "chalice_patches")


def source_digest(project: Path, document: Mapping[str, Any], stage: str) -> str:
    """32 hexadecimal digits over the shipped files, the policy files, the stage's configuration without
    our own key, and the versions of Python and Chalice."""
    digest = hashlib.sha256()
    shared = {key: value for key, value in document.items() if key != "stages"}
    own = {key: value for key, value in document["stages"][stage].items() if key != OWN_KEY}
    versions = [chalice.__version__, list(sys.version_info[:2])]
    digest.update(json.dumps([versions, shared, own], sort_keys=True).encode())
    for path in _files(project):
        content = path.read_bytes()
        digest.update(f"\n{path.relative_to(project).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


def _files(project: Path) -> Iterator[Path]:
    policies = sorted(path for path in (project / ".chalice").glob("*.json") if path.name != "config.json")
    for path in (*(project / name for name in _SHIPPED), *policies):
        if path.is_file():
            yield path
        elif path.is_dir():
            found = sorted(path.rglob("*"))
            yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)
