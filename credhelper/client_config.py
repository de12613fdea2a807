"""Clients' configuration: which helper Docker's config.json and podman's auth.json name for a host.

Plans only: from the files as read to the files as they should be. `init` shows and applies them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credhelper.json_file import JsonFile, read_json_file, write_json_file
from credhelper.mapping import DomainMapping, DomainMappings

HELPER = "ecr-custom"
"""What clients call the program docker-credential-ecr-custom."""

_CRED_HELPERS = "credHelpers"


@dataclass(frozen=True)
class FileChange:
    """A file, its members from now on, and what that means, a line each."""

    file: JsonFile
    members: Mapping[str, Any]
    lines: tuple[str, ...]
    backup: Path | None = None

    def apply(self) -> None:
        """Raises FileTrouble."""
        write_json_file(self.file, self.members, backup=self.backup)


def helper_of(file: JsonFile, host: str) -> str:
    """The helper that a client asks for `host`: of its own, or the one for all hosts; empty: none.

    Raises InvalidFile.
    """
    store = file.members.get("credsStore", "")
    return file.strings(_CRED_HELPERS).get(host) or (store if isinstance(store, str) else "")


def names_helper(paths: Iterable[str | None], host: str) -> bool:
    """Whether one of the files names this helper for `host` (lower-case HOST[:PORT]) under credHelpers.
    A `credsStore` names no host. Raises InvalidFile, FileTrouble."""
    return any(
        name.lower() == host and helper == HELPER
        for path in paths
        if path is not None
        for name, helper in read_json_file(Path(path)).strings(_CRED_HELPERS).items()
    )


def mapping_change(mappings: DomainMappings, domain: str, mapping: DomainMapping | None) -> list[FileChange]:
    """What maps `domain` in custom.json, or with None unmaps it; nothing where it is so already."""
    members = mappings.with_domain(domain, mapping)
    if members == mappings.file.members:
        return []
    line = f"{domain} no longer mapped" if mapping is None else f"{domain} mapped to {_told(mapping)}"
    return [FileChange(mappings.file, members, (line,))]


def helper_change(file: JsonFile, domain: str, registry: str) -> list[FileChange]:
    """What makes the client of `file` ask this helper for `domain` and for its registry.

    BuildKit pushes layers to the registry's own host, with what its configuration holds for that
    host. Another helper for the registry can do that just as well and is left alone.
    """
    helpers = file.strings(_CRED_HELPERS)
    wanted = helpers | {domain: HELPER}
    if registry:
        wanted.setdefault(registry, HELPER)
    return _helpers_changed(file, helpers, wanted)


def helper_removal(file: JsonFile, hosts: set[str]) -> list[FileChange]:
    """What makes the client of `file` no longer ask this helper for `hosts`."""
    helpers = file.strings(_CRED_HELPERS)
    wanted = {host: helper for host, helper in helpers.items() if host not in hosts or helper != HELPER}
    return _helpers_changed(file, helpers, wanted)


def _helpers_changed(file: JsonFile, before: dict[str, str], after: dict[str, str]) -> list[FileChange]:
    if before == after:
        return []
    members = dict(file.members)
    if after:
        members[_CRED_HELPERS] = after
    else:
        del members[_CRED_HELPERS]
    lines = [f"{host} no longer uses {HELPER}" for host in before if host not in after]
    for host, helper in after.items():
        if before.get(host) != helper:
            lines.append(f"{host} uses {helper}" + (f" instead of {before[host]}" if host in before else ""))
    return [
        FileChange(file, members, tuple(lines), file.path.with_name(file.path.name + ".backup-ecr-custom"))
    ]


def _told(mapping: DomainMapping) -> str:
    parts = [mapping.registry or "the registry that it redirects to"]
    parts += [
        f"{name} {value}"
        for name, value in (("profile", mapping.profile), ("role", mapping.role_arn))
        if value
    ]
    if mapping.region:
        parts.append(f"region {mapping.region}")
    return ", ".join(parts)
