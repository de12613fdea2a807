"""Clients' configuration: which helper Docker's config.json and podman's auth.json name for a host.

Plans only: from the files as they are to the files as they should be. `init` shows and applies them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credhelper.errors import FileTrouble, InvalidInput
from credhelper.json_file import (
    JsonFile,
    read_json_file,
    refuse_foreign_directories,
    unchanged,
    write_json_file,
)
from credhelper.mapping import DomainMapping, DomainMappings
from credhelper.registry_host import ecr_registry, shown
from credhelper.settings import HelperSettings

#: What clients call the program docker-credential-ecr-custom.
HELPER = "ecr-custom"

_CRED_HELPERS = "credHelpers"
_BACKUP = ".backup-ecr-custom"
_DIRECTORIES = frozenset({".config", "containers", ".docker", ".ecr"})


@dataclass(frozen=True)
class FileChange:
    """A file with other members than before."""

    #: The file as it is.
    file: JsonFile
    #: Its members from now on.
    members: Mapping[str, Any]
    #: What that means, a line each.
    lines: tuple[str, ...]
    #: Where the file as it is goes first; None: nowhere.
    backup: Path | None = None

    @property
    def path(self) -> Path:
        return self.file.path

    def apply(self) -> None:
        """Raises FileTrouble, InvalidFile."""
        write_json_file(self.file, self.members, backup=self.backup)


@dataclass(frozen=True)
class FileRemoval:
    """A file that goes."""

    path: Path
    lines: tuple[str, ...] = ("removed",)
    #: The file as it was read, if it is one that others write.
    file: JsonFile | None = None

    def apply(self) -> None:
        """Raises FileTrouble, and where others write the file InvalidFile."""
        # The way as it is written, and as links lead it.
        for path in (self.path, Path(os.path.realpath(self.path.parent)) / self.path.name):
            refuse_foreign_directories(path)
        try:
            with nullcontext() if self.file is None else unchanged(self.file):
                self.path.unlink(missing_ok=True)
        except OSError as error:
            raise FileTrouble(str(self.path), "remove", error.strerror or type(error).__name__) from error
        remove_empty_directories(self.path)


def remove_empty_directories(path: Path) -> None:
    """Remove the directories above `path` that `init` makes, as far as nothing is left in them."""
    for parent in path.parents:
        if parent.name not in _DIRECTORIES:
            return
        try:
            parent.rmdir()
        except OSError:
            return


def client_files(settings: HelperSettings, *, podman: bool) -> list[Path]:
    """Docker's file, and podman's if wanted. Raises InvalidInput without a home directory."""
    paths = [settings.docker_config_path] + ([settings.containers_auth_path] if podman else [])
    if settings.config_path is None or None in paths:
        raise InvalidInput("there is no home directory to write to", "set HOME")
    return [Path(path) for path in dict.fromkeys(paths) if path is not None]


def backup_of(path: Path) -> Path:
    """Where a client's file is kept as it was before."""
    return path.with_name(path.name + _BACKUP)


def helper_of(file: JsonFile, host: str) -> str:
    """The helper that a client asks for `host`: its own, or the one for all hosts; empty: none.

    Raises InvalidFile.
    """
    store = file.members.get("credsStore", "")
    return file.strings(_CRED_HELPERS).get(host) or (store if isinstance(store, str) else "")


def helped_hosts(file: JsonFile) -> list[str]:
    """The hosts that `file` lists for this helper by name, in lower case. Raises InvalidFile."""
    return [host.lower() for host, helper in file.strings(_CRED_HELPERS).items() if helper == HELPER]


def listed_hosts(settings: HelperSettings) -> Iterator[str]:
    """The hosts that Docker's file lists for this helper, then those of podman's. A `credsStore` lists none.

    Raises InvalidFile and FileTrouble, when it comes to that file.
    """
    for path in (settings.docker_config_path, settings.containers_auth_path):
        if path is not None:
            yield from helped_hosts(read_json_file(Path(path)))


def lists_helper(settings: HelperSettings, host: str) -> bool:
    """Whether a client's file lists this helper for exactly `host` (HOST[:PORT]) under credHelpers.

    Raises InvalidFile, FileTrouble.
    """
    return host in listed_hosts(settings)


def mapping_change(mappings: DomainMappings, changes: Mapping[str, DomainMapping | None]) -> list[FileChange]:
    """What maps each domain in custom.json, or with None unmaps it; nothing where it is so already."""
    members = mappings.with_domains(changes)
    if members == mappings.file.members:
        return []
    lines = [
        f"{domain} is no longer mapped"
        if mapping is None
        else f"{domain} is mapped to {_described(domain, mapping)}"
        for domain, mapping in changes.items()
        if mappings.domains.get(domain) != mapping
    ]
    return [FileChange(mappings.file, members, tuple(lines))]


def helper_change(file: JsonFile, domain: str, registry: str) -> list[FileChange]:
    """What makes the client of `file` ask this helper for `domain` and for its registry.

    BuildKit pushes layers to the registry's own host, with what its configuration has for that
    host. Another helper for the registry can do that just as well and is left alone.
    """
    helpers = file.strings(_CRED_HELPERS)
    wanted = helpers | {domain: HELPER}
    wanted.setdefault(registry, HELPER)
    return _helpers_changed(file, helpers, wanted, backup_of(file.path))


def helper_removal(file: JsonFile, hosts: set[str] | None = None) -> list[FileChange]:
    """What makes the client of `file` no longer ask this helper for `hosts`; None: for any host, and then
    no copy of the file is kept."""
    helpers = file.strings(_CRED_HELPERS)
    wanted = {
        host: helper
        for host, helper in helpers.items()
        if helper != HELPER or (hosts is not None and host.lower() not in hosts)
    }
    return _helpers_changed(file, helpers, wanted, backup_of(file.path) if hosts is not None else None)


def _helpers_changed(
    file: JsonFile, before: dict[str, str], after: dict[str, str], backup: Path | None
) -> list[FileChange]:
    if before == after:
        return []
    members = dict(file.members)
    if after:
        members[_CRED_HELPERS] = after
    else:
        del members[_CRED_HELPERS]
    lines = [f"{shown(host)} no longer uses {HELPER}" for host in before if host not in after]
    for host, helper in after.items():
        if before.get(host) != helper:
            instead = f" instead of {shown(before[host])}" if host in before else ""
            lines.append(f"{shown(host)} uses {helper}{instead}")
    return [FileChange(file, members, tuple(lines), backup)]


def _described(domain: str, mapping: DomainMapping) -> str:
    parts = [mapping.registry or ("itself" if ecr_registry(domain) else "the registry that it names")]
    parts += [
        f"{name} {value}"
        for name, value in (
            ("profile", shown(mapping.profile)),
            ("role", mapping.role_arn),
            ("region", mapping.region),
        )
        if value
    ]
    return ", ".join(parts)
