"""What `init` and `init --remove` share: what they check, what they change for a domain, what they report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from credhelper.errors import InvalidInput, shown_path
from credhelper.mapping import DomainMapping, DomainMappings, InvalidMapping, domain_host, ecr_host
from credhelper.registry_host import is_loopback, shown
from credhelper.server_url import parse_server_url

NAME = "docker-credential-ecr-custom"
UNCHANGED = "nothing was changed"


class Change(Protocol):
    """Something to write or to remove."""

    @property
    def path(self) -> Path: ...
    @property
    def lines(self) -> tuple[str, ...]: ...
    def apply(self) -> None: ...


@dataclass(frozen=True)
class InitOutcome:
    """What was done."""

    #: HOST[:PORT]; empty for `--remove --all`.
    domain: str
    #: The domain's registry; empty where it is not known.
    registry: str
    #: What was written and removed.
    changes: Sequence[Change]
    #: What else is worth knowing, a line each.
    notes: tuple[str, ...]
    #: What to do next, or empty.
    next_step: str

    def as_json(self) -> str:
        """One object: domain, registry, changes (file and change), notes, next."""
        changes = [
            {"file": shown_path(str(change.path)), "change": line}
            for change in self.changes
            for line in change.lines
        ]
        members = {
            "domain": self.domain or None,
            "registry": self.registry or None,
            "changes": changes,
            "notes": self.notes,
            "next": self.next_step or None,
        }
        return json.dumps(members, indent=2)

    def as_text(self) -> str:
        """The changes and the notes, a line each, and what to do next in one."""
        lines = [
            f"{shown_path(str(change.path))}: {line}" for change in self.changes for line in change.lines
        ]
        lines = [*(lines or ["nothing to change"]), *self.notes]
        return "\n".join([*lines, f"next: {self.next_step}"] if self.next_step else lines)


def checked_domain(text: str) -> str:
    """`text` as HOST[:PORT]. Raises InvalidInput, also for a path: clients ask a helper about hosts alone."""
    try:
        domain = domain_host(text)
    except InvalidMapping as error:
        raise InvalidInput(str(error), UNCHANGED) from error
    url = parse_server_url(text.strip())
    if "?" in text or "#" in text:
        raise InvalidInput(f"{shown(text)!r} is not a valid domain; expected HOST[:PORT]", UNCHANGED)
    if url.plain_http and not is_loopback(url.name):
        raise InvalidInput(
            f"{shown(text)!r} is not a valid domain: no token is given over plain http", UNCHANGED
        )
    if url.path.strip("/"):
        raise InvalidInput(
            f"{shown(text)!r} is a domain with a path; {UNCHANGED}",
            f"name the domain alone, which stands for all of its repositories: {domain}",
        )
    return domain


def checked_registry(text: str) -> str:
    """`text` as an ECR host name. Raises InvalidInput."""
    try:
        return ecr_host(text)
    except InvalidMapping as error:
        raise InvalidInput(str(error), UNCHANGED) from error


def with_registry(
    mappings: DomainMappings, domain: str, mapping: DomainMapping | None, registry: str
) -> dict[str, DomainMapping | None]:
    """What changes in custom.json when `domain` is mapped so, or with None no longer.

    The registry's own host, which clients use as well, gets the same profile, role and region; it loses
    those that it had from this domain, unless another domain of the same registry has them too.
    """
    changes = {domain: mapping}
    if domain == registry or not registry:
        return changes
    before = mappings.domains.get(domain, DomainMapping())
    current = mappings.domains.get(registry, DomainMapping())
    wanted = replace(mapping or DomainMapping(), registry=current.registry)
    if wanted == DomainMapping(current.registry):
        shared = any(
            replace(other, registry="") == replace(before, registry="")
            for name, other in mappings.domains.items()
            if name not in (domain, registry) and other.registry == registry
        )
        if shared or replace(current, registry="") != replace(before, registry=""):
            return changes
    if wanted != current:
        changes[registry] = wanted if wanted != DomainMapping() else None
    return changes
