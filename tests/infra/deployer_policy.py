"""What an IAM policy allows, for the plain policies that this project has: no conditions, no denials."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Policy:
    statements: Sequence[Mapping[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Policy:
        document = json.loads(path.read_text(encoding="utf-8"))
        assert all(statement["Effect"] == "Allow" for statement in document["Statement"])
        return cls(document["Statement"])

    def grants(self) -> list[tuple[str, str, str]]:
        """Every (Sid, action, resource) that is granted."""
        return [
            (statement["Sid"], action, resource)
            for statement in self.statements
            for action in _listed(statement["Action"])
            for resource in _listed(statement["Resource"])
        ]

    def allows(self, action: str, resource: str) -> bool:
        return any(covers(granted, pattern, action, resource) for _, granted, pattern in self.grants())


def covers(granted: str, pattern: str, action: str, resource: str) -> bool:
    """Whether one grant covers a call. IAM matches actions without regard to case, and ARNs with it."""
    return fnmatchcase(action.lower(), granted.lower()) and fnmatchcase(resource, pattern)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
