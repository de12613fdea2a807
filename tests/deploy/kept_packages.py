"""Packages of the service that are made once for all tests: making one is the slow part of a command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from infra.service_template import ServicePackage, service_package

# Of our own settings, all others are parameters of the stacks.
_PACKAGED = ("domain", "region")


@dataclass
class KeptPackages:
    """Used as `service_package` is; what differs in source, settings, stage or region is packaged anew."""

    directory: Path
    _made: dict[str, ServicePackage] = field(default_factory=dict)

    @contextmanager
    def __call__(
        self, project: Path, stage: str, region: str, environment: Mapping[str, str]
    ) -> Iterator[ServicePackage]:
        key = sha256(f"{stage} {region} {_configuration(project, stage)} {_source(project)}".encode())
        name = key.hexdigest()
        if name not in self._made:
            with service_package(project, stage, region, environment) as made:
                archive = Path(shutil.copy(made.archive, self.directory / f"{name}.zip"))
                self._made[name] = ServicePackage(made.template, archive)
        yield self._made[name]


def _configuration(project: Path, stage: str) -> str:
    document: dict[str, Any] = json.loads((project / ".chalice" / "config.json").read_text())
    found = document["stages"][stage]
    own = {key: value for key, value in found["custom_ecr_domain"].items() if key in _PACKAGED}
    return json.dumps({**document, "stages": {stage: {**found, "custom_ecr_domain": own}}}, sort_keys=True)


def _source(project: Path) -> str:
    folders = (project / name for name in ("chalicelib", "chalice_patches"))
    files = [project / "app.py", *(path for folder in folders for path in sorted(folder.rglob("*.py")))]
    return sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
