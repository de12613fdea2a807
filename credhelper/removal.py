"""`init --remove`: undo what `init` did for a domain, or all that the helper ever wrote."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from credhelper.cache import Cache
from credhelper.client_config import (
    FileChange,
    FileRemoval,
    backup_of,
    client_files,
    helped_hosts,
    helper_removal,
    mapping_change,
    remove_empty_directories,
)
from credhelper.errors import FileTrouble, HelperError, InvalidInput
from credhelper.init_outcome import NAME, Change, InitOutcome, checked_domain, checked_registry, with_registry
from credhelper.json_file import TEMPORARY, JsonFile, read_json_file
from credhelper.mapping import DomainMapping, DomainMappings
from credhelper.registry_host import ecr_registry, shown
from credhelper.routing import discover
from credhelper.settings import NO_HOST, HelperSettings


@dataclass(frozen=True)
class CacheRemoval:
    """Records of the cache that go; with None, the cache as a whole."""

    cache: Cache
    names: list[str] | None
    lines: tuple[str, ...]

    @property
    def path(self) -> Path:
        return Path(self.cache.directory or "")

    def apply(self) -> None:
        """Raises FileTrouble."""
        try:
            if self.names is None:
                self.cache.clear()
                remove_empty_directories(self.path)
            else:
                self.cache.remove(self.names)
        except OSError as error:
            raise FileTrouble(str(self.path), "remove", error.strerror or type(error).__name__) from error


def remove(options: argparse.Namespace, settings: HelperSettings) -> InitOutcome:
    """What `init --remove` has to do. Raises HelperError."""
    if options.all and options.domain:
        raise InvalidInput("--all is for every domain", f"{NAME} init --remove --all, or leave --all out")
    if options.all:
        return _remove_all(settings)
    if not options.domain:
        raise InvalidInput("there is no DOMAIN", f"{NAME} init --remove DOMAIN, or --remove --all")
    return _remove_domain(options, settings)


def _remove_domain(options: argparse.Namespace, settings: HelperSettings) -> InitOutcome:
    domain = checked_domain(options.domain)
    mappings = DomainMappings.read(settings.config_path)
    files = [read_json_file(path) for path in client_files(settings, podman=True)]
    registry = checked_registry(options.registry) if options.registry else ""
    registry = registry or mappings.domains.get(domain, DomainMapping()).registry
    is_set_up = domain in mappings.domains or any(domain in helped_hosts(file) for file in files)
    notes: list[str] = []
    if is_set_up and not registry and not ecr_registry(domain):
        registry = _discovered(domain, settings)
        if not registry:
            notes.append(
                f"{domain} could not be asked for its registry; if init set that up too: "
                f"{NAME} init --remove {domain} REGISTRY"
            )
    others = _others(domain, registry, mappings, files)
    hosts = {domain}
    if registry and registry != domain:
        if others:
            notes.append(f"{registry} stays set up, for {', '.join(map(shown, others))}")
        else:
            hosts.add(registry)
    changes: list[Change] = []
    cache = Cache(settings.cache_directory)
    names = cache.records_of(domain, hosts)
    if names:
        # First: once the files no longer name the domain, nothing leads to its tokens.
        changes.append(CacheRemoval(cache, names, (f"the tokens of {domain} are removed",)))
    for file in files:
        changes += map(_without_empty_file, helper_removal(file, hosts))
    # Last: a run that has to begin again finds the domain's registry there.
    changes += mapping_change(mappings, with_registry(mappings, domain, None, registry))
    return InitOutcome(domain, registry, changes, tuple(notes), "")


def _discovered(domain: str, settings: HelperSettings) -> str:
    if settings.discover == NO_HOST:
        return ""
    try:
        return discover(domain)
    except HelperError:
        return ""


def _others(domain: str, registry: str, mappings: DomainMappings, files: Iterable[JsonFile]) -> list[str]:
    """The other domains that need `registry`: mapped to it, or set up without a registry of their own."""
    helped = {host for file in files for host in helped_hosts(file)}
    found = {name for name, mapping in mappings.domains.items() if mapping.registry == registry}
    found |= {
        host
        for host in helped | set(mappings.domains)
        if not mappings.domains.get(host, DomainMapping()).registry and not ecr_registry(host)
    }
    return sorted(found - {domain, registry})


def _remove_all(settings: HelperSettings) -> InitOutcome:
    changes: list[Change] = []
    mappings = DomainMappings.read(settings.config_path)  # what is not a mapping is not ours to remove
    paths = client_files(settings, podman=True)
    for path in paths:
        changes += map(_without_empty_file, helper_removal(read_json_file(path)))
    mapping_path = Path(settings.config_path or "")
    written = [backup_of(path) for path in paths]
    for path in (mapping_path, *paths):
        written += sorted(path.parent.glob(f".{path.name}*{TEMPORARY}*"))
    if mapping_path.is_file():
        changes.append(FileRemoval(mapping_path, file=mappings.file))
    changes += [FileRemoval(path) for path in written if path.is_file()]
    cache = Cache(settings.cache_directory)
    if cache.directory is not None and Path(cache.directory).is_dir():
        changes.append(CacheRemoval(cache, None, ("the tokens and the directory are removed",)))
    notes = ("everything that this helper wrote is removed",) if changes else ()
    return InitOutcome(
        "", "", changes, notes, "pipx uninstall docker-credential-ecr-custom, to remove it as well"
    )


def _without_empty_file(change: FileChange) -> Change:
    # A file with nothing in it is one that init made.
    if change.members or change.path.is_symlink():
        return change
    return FileRemoval(change.path, (*change.lines, "removed, for nothing is left in it"), change.file)
