"""What exists in the account, as plain data: read by survey.py, compared by plan.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Account:
    """Who asks, and where."""

    account: str
    partition: str
    region: str


@dataclass(frozen=True)
class Function:
    name: str
    arn: str
    runtime: str
    memory: int
    timeout: int
    architecture: str
    environment: Mapping[str, str]
    description: str
    code_sha256: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class AccessLog:
    """`group` is the log group's ARN, without the `:*` that some APIs add."""

    group: str
    format: str


@dataclass(frozen=True)
class ApiStage:
    name: str
    description: str
    access_log: AccessLog | None


@dataclass(frozen=True)
class Api:
    """A REST API whose methods invoke our function. `challenge` is the WWW-Authenticate value that its
    UNAUTHORIZED gateway response sends, None where there is none."""

    id: str
    name: str
    description: str
    default_endpoint_open: bool
    challenge: str | None
    stages: Mapping[str, ApiStage]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Domain:
    """A custom domain name of API Gateway. `target` and `target_zone` are what an alias record points
    at; `mappings` are base path (`(none)` for the root) -> (REST API id, stage)."""

    name: str
    target: str
    target_zone: str
    certificate_arn: str
    security_policy: str
    status: str
    tags: Mapping[str, str]
    mappings: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Record:
    """A record set at the domain's name. `target` is an alias' target without its trailing dot, or ""
    where the record is no alias; `raw` is the record as Route 53 gave it, which it wants back to
    delete it."""

    type: str
    target: str
    target_zone: str = ""
    evaluate_target_health: bool = False
    set_identifier: str = ""
    region: str = ""
    health_check_id: str = ""
    raw: Mapping[str, object] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class State:
    """`functions`, `roles` and `log_groups` hold what exists of the names that a configuration uses;
    log groups with their retention in days, 0 for ever. `apis` are all that invoke our function, the
    mapped one first. `record` is Chalice's own record of the stage, as read from its file."""

    account: Account
    functions: Mapping[str, Function]
    roles: Mapping[str, str]
    apis: tuple[Api, ...]
    domain: Domain | None
    log_groups: Mapping[str, int]
    records: tuple[Record, ...]
    record: Mapping[str, object] | None

    @property
    def api(self) -> Api | None:
        return self.apis[0] if self.apis else None
