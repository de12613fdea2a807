"""`init`: set Docker, and podman if wanted, up for a domain.

Everything is read and checked before the first file is written, so what is malformed stops it with
nothing changed. Questions are asked only where a terminal is there, on standard error.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TextIO

from credhelper.client_config import client_files, helper_change, mapping_change
from credhelper.command_parser import CommandParser
from credhelper.errors import ChangedMeanwhile, DiscoveryFailed, HelperError, HostNotServed, InvalidInput
from credhelper.init_outcome import (
    NAME,
    UNCHANGED,
    Change,
    InitOutcome,
    checked_domain,
    checked_registry,
    with_registry,
)
from credhelper.json_file import read_json_file
from credhelper.mapping import DomainMapping, DomainMappings, InvalidMapping, parse_mapping
from credhelper.registry_host import ecr_registry, shown
from credhelper.removal import remove
from credhelper.routing import discover
from credhelper.settings import NO_HOST, HelperSettings


def run_init(
    arguments: list[str], settings: HelperSettings, stdin: TextIO, stdout: TextIO, stderr: TextIO
) -> int:
    """Run `init` with its command line; the exit code. Exits with 2 on a malformed command line."""
    options = _parser().parse_args(arguments)
    set_up = _SetUp(settings, stdin, stderr)

    def plan() -> InitOutcome:
        if options.remove:
            return remove(options, settings)
        if options.all:
            raise InvalidInput("--all is for --remove alone", f"{NAME} init --remove --all")
        return set_up.run(options)

    try:
        outcome = _carried_out(plan)
    except HelperError as error:
        if options.json:
            members = {"error": error.finding, "next": error.next_step or None}
            print(json.dumps(members, indent=2), file=stdout)
        print(f"{NAME} init: {error}", file=stderr)
        return 1
    print(outcome.as_json() if options.json else outcome.as_text(), file=stdout)
    return 0


def _carried_out(plan: Callable[[], InitOutcome]) -> InitOutcome:
    """The outcome of `plan`, with all of its changes made. Raises HelperError.

    Where another run or a client has changed a file meanwhile, what is left to do is planned again.
    """
    done: list[Change] = []
    while True:
        outcome = plan()
        try:
            for change in outcome.changes:
                change.apply()
                done.append(change)
        except ChangedMeanwhile:
            continue
        return replace(outcome, changes=done)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
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


@dataclass(frozen=True)
class _SetUp:
    settings: HelperSettings
    stdin: TextIO
    stderr: TextIO
    #: Question -> answer: nothing is asked twice.
    answers: dict[str, str] = field(default_factory=dict)

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
            raise InvalidInput(str(error), UNCHANGED) from error
        mapping = replace(before, **{name: getattr(checked, name) for name in members})
        if mapping.registry:
            return mapping, mapping.registry
        if ecr_registry(domain):
            return mapping, domain
        discovered, reason = self._discovered(domain)
        if self.stdin.isatty():
            offer = f"[Enter: the one that it names, now {discovered}]" if discovered else f"({reason})"
            line = self._question(f"Registry {offer}: ")
            if line:
                mapping = replace(mapping, registry=checked_registry(line))
                return mapping, mapping.registry
        if not discovered:
            raise InvalidInput(reason, f"{UNCHANGED}; name the registry: {NAME} init {domain} REGISTRY")
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
        if question not in self.answers:
            print(question, end="", file=self.stderr, flush=True)
            self.answers[question] = self.stdin.readline().strip()
        return self.answers[question]


def _check_aws_options(options: argparse.Namespace, registry: str) -> None:
    """Raise InvalidInput for a profile that does not exist and for what is not a region."""
    if not options.profile and not options.region:
        return
    from credhelper.ecr_token import available_profiles, is_region_of

    if options.profile and options.profile not in (known := available_profiles()):
        safe = shown(options.profile) == options.profile
        name = shlex.quote(options.profile) if safe else "NAME"
        create = f"make it with `aws configure --profile {name}`"
        step = f"there are {', '.join(known)}: name one of them, or {create}" if known else create
        raise InvalidInput(f"there is no AWS profile {shown(options.profile)!r}", f"{UNCHANGED}; {step}")
    ecr = ecr_registry(registry)
    if options.region and ecr is not None and not is_region_of(options.region, ecr.partition):
        raise InvalidInput(
            f"{shown(options.region)!r} is not a valid region of the partition {ecr.partition} of {registry}",
            UNCHANGED,
        )
