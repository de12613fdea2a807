"""The changes that a plan is made of: plain data, each with one line for people.

apply.py makes them happen; nothing here does. Every change can be made again without harm, so that an
interrupted run is finished by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from infra.state import Record


@dataclass(frozen=True)
class RestoreRecord:
    """Write Chalice's record of the stage anew from what AWS holds. Chalice knows a REST API from this
    file only, and would make a second one without it."""

    path: str
    resources: tuple[Mapping[str, Any], ...]

    @property
    def line(self) -> str:
        names = ", ".join(entry["name"] for entry in self.resources) or "nothing"
        return f"write {self.path} anew from what AWS holds: {names}"


@dataclass(frozen=True)
class KeepLogs:
    """A log group that exists, with this retention; `now` is its present one, None if it is missing."""

    group: str
    days: int
    now: int | None

    @property
    def line(self) -> str:
        what = "create log group" if self.now is None else "change log group"
        before = "" if self.now is None else f" (now {_days(self.now)})"
        return f"{what} {self.group}: keep {_days(self.days)}{before}"


@dataclass(frozen=True)
class Deploy:
    """Run `chalice deploy`."""

    stage: str
    reasons: tuple[str, ...]

    @property
    def line(self) -> str:
        return f"chalice deploy --stage {self.stage}: {'; '.join(self.reasons)}"


@dataclass(frozen=True)
class Describe:
    """Set the description of the `function`, the `API` or its `stage`."""

    what: str
    text: str
    now: str

    @property
    def line(self) -> str:
        return f"describe the {self.what}: {self.now!r} -> {self.text!r}"


@dataclass(frozen=True)
class TagApi:
    """Give the REST API these tags; Chalice tags functions only."""

    add: Mapping[str, str]
    remove: tuple[str, ...]

    @property
    def line(self) -> str:
        tags = [f"{key}={value}" for key, value in sorted(self.add.items())] + [
            f"-{key}" for key in self.remove
        ]
        return f"tag the API: {', '.join(tags)}"


@dataclass(frozen=True)
class WriteAccessLog:
    """Let the API's stage log each request to `group`; with an empty format: let it stop."""

    group: str
    format: str

    @property
    def line(self) -> str:
        return f"log requests to {self.group} as {self.format}" if self.format else "stop the access log"


@dataclass(frozen=True)
class RouteName:
    """Replace `delete` by `create` at `name`, in one step. A record to create with an empty target
    points at the API's custom domain name, which is known only after the deployment."""

    zone_id: str
    name: str
    delete: tuple[Record, ...]
    create: tuple[Record, ...]

    @property
    def line(self) -> str:
        steps = [f"delete {_record(self.name, record)}" for record in self.delete]
        steps += [f"create {_record(self.name, record)}" for record in self.create]
        return f"zone {self.zone_id}: {'; '.join(steps)}"


@dataclass(frozen=True)
class Undeploy:
    """Run `chalice delete`."""

    stage: str
    resources: tuple[str, ...]

    @property
    def line(self) -> str:
        return f"chalice delete --stage {self.stage}: {', '.join(self.resources)}"


@dataclass(frozen=True)
class RemoveLogs:
    """Delete a log group with all that was logged."""

    group: str

    @property
    def line(self) -> str:
        return f"delete log group {self.group} and what it holds"


Change = (
    RestoreRecord | KeepLogs | Deploy | Describe | TagApi | WriteAccessLog | RouteName | Undeploy | RemoveLogs
)


def as_json(change: Change) -> dict[str, Any]:
    """A change for machines: its kind, its line and its facts."""
    # A record's raw form is for Route 53; its facts stand beside it.
    facts = asdict(change, dict_factory=lambda pairs: {key: value for key, value in pairs if key != "raw"})
    return {"change": type(change).__name__, "line": change.line, **facts}


def _days(days: int) -> str:
    return f"{days} days" if days else "for ever"


def _record(name: str, record: Record) -> str:
    latency = f", latency {record.region} as {record.set_identifier!r}" if record.region else ""
    health = f", health check {record.health_check_id}" if record.health_check_id else ""
    return f"{record.type} {name} -> {record.target or 'the API'}{latency}{health}"
