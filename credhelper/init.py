"""`init`: set Docker, and podman if wanted, up for a domain.

Everything is read and checked before the first file is written, so what is malformed stops it with
nothing changed. Questions are asked only where a terminal is there, on standard error.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TextIO

from credhelper.client_config import client_files, helper_change, mapping_change
from credhelper.errors import DiscoveryFailed, HelperError, HostNotServed, InvalidInput
from credhelper.json_file import read_json_file
from credhelper.mapping import (
    DomainMapping,
    DomainMappings,
    InvalidMapping,
    domain_host,
    ecr_host,
    parse_mapping,
)
from credhelper.registry_host import ecr_registry
from credhelper.routing import discover
from credhelper.settings import NO_HOST, HelperSettings

NAME = "docker-credential-ecr-custom"
_UNCHANGED = "nothing was changed"


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
            {"file": str(change.path), "change": line} for change in self.changes for line in change.lines
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
        lines = [f"{change.path}: {line}" for change in self.changes for line in change.lines]
        lines = [*(lines or ["nothing to change"]), *self.notes]
        return "\n".join([*lines, f"next: {self.next_step}"] if self.next_step else lines)


def run_init(
    arguments: list[str], settings: HelperSettings, stdin: TextIO, stdout: TextIO, stderr: TextIO
) -> int:
    """Run `init` with its command line; the exit code. Exits with 2 on a malformed command line."""
    options = _parser().parse_args(arguments)
    try:
        if options.remove:
            from credhelper.removal import remove

            outcome = remove(options, settings)
        elif options.all:
            raise InvalidInput("--all is for --remove alone", f"{NAME} init --remove --all")
        else:
            outcome = _SetUp(settings, stdin, stderr).run(options)
        for change in outcome.changes:
            change.apply()
    except HelperError as error:
        if options.json:
            members = {"error": error.finding, "next": error.next_step or None}
            print(json.dumps(members, indent=2), file=stdout)
        print(f"{NAME} init: {error}", file=stderr)
        return 1
    print(outcome.as_json() if options.json else outcome.as_text(), file=stdout)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{NAME} init",
        description="Set Docker up for a custom domain: the domain and its ECR registry use this helper.",
    )
    parser.add_argument("domain", nargs="?", metavar="DOMAIN", help="such as ecr.example.com")
    parser.add_argument(
        "registry",
        nargs="?",
        metavar="REGISTRY",
        help="its ECR host; left out: the domain is asked for it, each time",
    )
    parser.add_argument("--profile", help="the AWS profile to use for it")
    parser.add_argument("--role-arn", help="the IAM role to assume for it")
    parser.add_argument("--region", help="the region whose API to ask, if not the registry's own")
    parser.add_argument(
        "--containers-auth", action="store_true", help="set podman, skopeo and buildah up as well"
    )
    parser.add_argument("--remove", action="store_true", help="undo what init did for DOMAIN")
    parser.add_argument(
        "--all", action="store_true", help="with --remove: remove all that this helper ever wrote"
    )
    parser.add_argument("--json", action="store_true", help="print what was done as JSON")
    return parser


def checked_domain(text: str) -> str:
    """`text` as HOST[:PORT]. Raises InvalidInput."""
    try:
        return domain_host(text)
    except InvalidMapping as error:
        raise InvalidInput(str(error), _UNCHANGED) from error


def checked_registry(text: str) -> str:
    """`text` as an ECR host name. Raises InvalidInput."""
    try:
        return ecr_host(text)
    except InvalidMapping as error:
        raise InvalidInput(str(error), _UNCHANGED) from error


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


@dataclass(frozen=True)
class _SetUp:
    settings: HelperSettings
    stdin: TextIO
    stderr: TextIO

    def run(self, options: argparse.Namespace) -> InitOutcome:
        mappings = DomainMappings.read(self.settings.config_path)
        domain = checked_domain(options.domain or self._question("Domain (such as ecr.example.com): "))
        before = mappings.domains.get(domain, DomainMapping())
        mapping, registry = self._mapped(options, domain, before)
        _check_aws_options(options, registry)
        wanted = mapping if mapping != DomainMapping() or domain in mappings.domains else None
        changes = mapping_change(mappings, with_registry(mappings, domain, wanted, registry))
        for path in client_files(self.settings, podman=options.containers_auth):
            changes += helper_change(read_json_file(path), domain, registry)
        pull = f"docker pull {domain}/REPOSITORY"
        if options.containers_auth:
            pull += f" or podman pull {domain}/REPOSITORY"
        next_step = f"{pull}; if that fails: {NAME} doctor {domain}/REPOSITORY"
        return InitOutcome(domain, registry, changes, (), next_step)

    def _mapped(
        self, options: argparse.Namespace, domain: str, before: DomainMapping
    ) -> tuple[DomainMapping, str]:
        """The domain's mapping from now on, and its registry."""
        given = {
            "profile": options.profile,
            "role_arn": options.role_arn,
            "region": options.region,
            "registry": options.registry,
        }
        members = {name: value for name, value in given.items() if value is not None}
        try:
            checked = parse_mapping(domain, members)
        except InvalidMapping as error:
            raise InvalidInput(str(error), _UNCHANGED) from error
        mapping = replace(before, **{name: getattr(checked, name) for name in members})
        if mapping.registry:
            return mapping, mapping.registry
        if ecr_registry(domain):
            return mapping, domain
        discovered, reason = self._discovered(domain)
        if self.stdin.isatty():
            offer = f"[Enter: the one that it names, now {discovered}]" if discovered else f"({reason})"
            answer = self._question(f"Registry {offer}: ")
            if answer:
                mapping = replace(mapping, registry=checked_registry(answer))
                return mapping, mapping.registry
        if not discovered:
            raise InvalidInput(reason, f"{_UNCHANGED}; name the registry: {NAME} init {domain} REGISTRY")
        return mapping, discovered

    def _discovered(self, domain: str) -> tuple[str, str]:
        """The registry, or else the reason why there is none."""
        if self.settings.discover == NO_HOST:
            return "", "discovery is turned off"
        try:
            return discover(domain), ""
        except (HostNotServed, DiscoveryFailed) as error:
            return "", error.finding

    def _question(self, question: str) -> str:
        if not self.stdin.isatty():
            raise InvalidInput(
                "there is no DOMAIN, and no terminal to ask on", f"{NAME} init DOMAIN [REGISTRY]"
            )
        print(question, end="", file=self.stderr, flush=True)
        return self.stdin.readline().strip()


def _check_aws_options(options: argparse.Namespace, registry: str) -> None:
    """Raise InvalidInput for a profile that does not exist and for what is not a region."""
    if not options.profile and not options.region:
        return
    from credhelper.ecr_token import available_profiles, is_region_of

    if options.profile and options.profile not in (known := available_profiles()):
        there_are = f"there are {', '.join(known)}" if known else "there are none"
        raise InvalidInput(f"there is no AWS profile {options.profile!r}", f"{_UNCHANGED}; {there_are}")
    ecr = ecr_registry(registry)
    if options.region and ecr is not None and not is_region_of(options.region, ecr.partition):
        raise InvalidInput(
            f"{options.region!r} is not a valid region of the partition {ecr.partition}, where {registry} is",
            _UNCHANGED,
        )
