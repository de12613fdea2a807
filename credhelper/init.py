"""`init`: set Docker, and podman if wanted, up for a domain, or undo that.

Everything is read and checked before the first file is written, so what is malformed stops it with
nothing changed. Questions are asked only where a terminal is there, on standard error.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from credhelper.client_config import FileChange, helper_change, helper_removal, mapping_change
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
from credhelper.routing import Discover
from credhelper.settings import NONE, Settings

NAME = "docker-credential-ecr-custom"


@dataclass(frozen=True)
class Outcome:
    """What was done; `registry` is empty where it is not known."""

    domain: str
    registry: str
    changes: tuple[FileChange, ...]
    next_step: str

    def as_json(self) -> str:
        """One object: domain, registry, changes (file and change), next."""
        changes = [
            {"file": str(change.file.path), "change": line}
            for change in self.changes
            for line in change.lines
        ]
        return json.dumps(
            {
                "domain": self.domain,
                "registry": self.registry or None,
                "changes": changes,
                "next": self.next_step,
            },
            indent=2,
        )

    def as_text(self) -> str:
        """The changes, a line each, and what to do next in one."""
        lines = [f"{change.file.path}: {line}" for change in self.changes for line in change.lines]
        return "\n".join([*(lines or ["nothing to change"]), f"next: {self.next_step}"])


def run_init(
    arguments: list[str],
    settings: Settings,
    stdin: TextIO,
    stdout: TextIO,
    stderr: TextIO,
    discover: Discover,
) -> int:
    """Run `init` with its command line; the exit code. Exits with 2 on a malformed command line."""
    options = _parser().parse_args(arguments)
    try:
        outcome = (_remove if options.remove else _Setup(settings, stdin, stderr, discover).run)(
            options, settings
        )
        for change in outcome.changes:
            change.apply()
    except HelperError as error:
        if options.json:
            print(
                json.dumps({"error": error.finding, "next": error.next_step or None}, indent=2), file=stdout
            )
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
        help="its ECR host; left out: where the domain redirects, each time",
    )
    parser.add_argument("--profile", help="the AWS profile to use for it")
    parser.add_argument("--role-arn", help="the IAM role to take on for it")
    parser.add_argument("--region", help="the region whose API to ask, if not the registry's own")
    parser.add_argument(
        "--containers-auth", action="store_true", help="set podman, skopeo and buildah up as well"
    )
    parser.add_argument("--remove", action="store_true", help="undo what init did for DOMAIN")
    parser.add_argument("--json", action="store_true", help="tell what was done as JSON")
    return parser


@dataclass(frozen=True)
class _Setup:
    settings: Settings
    stdin: TextIO
    stderr: TextIO
    discover: Discover

    def run(self, options: argparse.Namespace, settings: Settings) -> Outcome:
        mappings = DomainMappings.read(settings.config_path)
        domain = _checked_domain(options.domain or self._asked("Domain (such as ecr.example.com): "))
        before = mappings.domains.get(domain, DomainMapping())
        mapping, registry = self._mapped(options, domain, before)
        changes = mapping_change(mappings, domain, mapping) if mapping != before else []
        for path in _client_files(settings, podman=options.containers_auth):
            changes += helper_change(read_json_file(path), domain, "" if registry == domain else registry)
        next_step = f"docker pull {domain}/REPOSITORY; if that fails: {NAME} doctor {domain}"
        return Outcome(domain, registry, tuple(changes), next_step)

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
            mapping = replace(before, **{name: getattr(checked, name) for name in members})
            if mapping.registry:
                return mapping, mapping.registry
            if ecr_registry(domain):
                return mapping, domain
            discovered, reason = self._discovered(domain)
            if self.stdin.isatty():
                offer = f"[Enter: where it redirects, now {discovered}]" if discovered else f"({reason})"
                answer = self._asked(f"Registry {offer}: ")
                if answer:
                    mapping = replace(mapping, registry=ecr_host(answer))
                    return mapping, mapping.registry
        except InvalidMapping as error:
            raise InvalidInput(str(error), "nothing was changed") from error
        if not discovered:
            raise InvalidInput(
                reason, f"nothing was changed; name the registry: {NAME} init {domain} REGISTRY"
            )
        return mapping, discovered

    def _discovered(self, domain: str) -> tuple[str, str]:
        """The registry, or else the reason why there is none."""
        if self.settings.discover == NONE:
            return "", "discovery is turned off"
        try:
            return self.discover(domain), ""
        except (HostNotServed, DiscoveryFailed) as error:
            return "", error.finding

    def _asked(self, question: str) -> str:
        if not self.stdin.isatty():
            raise InvalidInput("no DOMAIN given, and no terminal to ask on", f"{NAME} init DOMAIN [REGISTRY]")
        print(question, end="", file=self.stderr, flush=True)
        return self.stdin.readline().strip()


def _remove(options: argparse.Namespace, settings: Settings) -> Outcome:
    if not options.domain:
        raise InvalidInput("no DOMAIN given", f"{NAME} init --remove DOMAIN")
    domain = _checked_domain(options.domain)
    mappings = DomainMappings.read(settings.config_path)
    before = mappings.domains.get(domain, DomainMapping())
    try:
        registry = ecr_host(options.registry) if options.registry else before.registry
    except InvalidMapping as error:
        raise InvalidInput(str(error), "nothing was changed") from error
    shared = any(other != domain and item.registry == registry for other, item in mappings.domains.items())
    hosts = {domain} if shared or not registry else {domain, registry}
    changes = mapping_change(mappings, domain, None)
    for path in _client_files(settings, podman=options.containers_auth):
        changes += helper_removal(read_json_file(path), hosts)
    return Outcome(domain, registry, tuple(changes), f"docker logout {domain}, to forget its token as well")


def _checked_domain(text: str) -> str:
    try:
        return domain_host(text)
    except InvalidMapping as error:
        raise InvalidInput(str(error), "nothing was changed") from error


def _client_files(settings: Settings, *, podman: bool) -> list[Path]:
    paths = [settings.docker_config_path] + ([settings.containers_auth_path] if podman else [])
    if settings.config_path is None or None in paths:
        raise InvalidInput("there is no home directory to write to", "set HOME")
    return [Path(path) for path in paths if path is not None]
