"""What a command found and did."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from infra.public_name import Finding


@dataclass(frozen=True)
class StepPlan:
    """A step of the rollout, and one line for each resource that it changes."""

    line: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The outcome of a command: its exit status, and what --json prints."""

    command: str
    stage: str
    region: str
    #: The exit status.
    status: int
    applied: bool = False
    steps: tuple[StepPlan, ...] = ()
    findings: tuple[Finding, ...] = ()
    outputs: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ok": all(finding.ok for finding in self.findings)}
