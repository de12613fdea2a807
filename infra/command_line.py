"""The commands' flags, and from their outcome to an exit status: 0 done, 1 a check failed, a refusal or wrong
flags, 2 of `plan` alone: there are changes to make, 130 interrupted."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

from chalicelib.registry_host import shown, shown_words
from infra.aws import Aws
from infra.clock import Clock
from infra.commands.doctor import doctor
from infra.commands.down import down
from infra.commands.init import init
from infra.commands.plan import plan
from infra.commands.report import Report
from infra.commands.up import up
from infra.config_file import DEFAULT_STAGE, STAGE_FORM, read_document, stage_for
from infra.errors import InfraError, quoted
from infra.outside import Outside
from infra.service_template import Packaging, service_package
from infra.settings import REGION_FORM, SETTINGS, Form, flag_of
from infra.site import CommandContext
from infra.terminal import Terminal

_REAL = Clock()
DISTRIBUTION = "docker-credential-ecr-custom"
"""What pyproject.toml names the project; its version is that of these commands too."""

COMMANDS = {
    "init": "find what a domain needs in the account and write the stage's configuration",
    "plan": "show what `up` would change, and change nothing; exit status 2: there are changes, 0: none",
    "up": "bring the domain up, or up to date",
    "doctor": "check the account, the stacks and the name from outside; change nothing",
    "down": "take the domain down again; what is not in our stacks stays",
}


class _Parser(argparse.ArgumentParser):
    """Wrong flags are one line and exit status 1: a pipeline takes 2 for a plan with changes."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 (as argparse has it)
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(map(shown, rest))}")
        return options

    def error(self, message: str) -> NoReturn:
        self.exit(1, f"ecr-domain: {shown_words(message)}; see `{self.prog} --help`\n")


def _checked(name: str, form: Form) -> Callable[[str], str]:
    """For argparse: takes a text that has the form, and refuses any other."""

    def check(text: str) -> str:
        if not form.fits(text):
            raise argparse.ArgumentTypeError(
                f"{quoted(text)} is not a valid {name}; expected {form.expected}"
            )
        return text

    return check


def parser() -> argparse.ArgumentParser:
    root = _Parser(prog="ecr-domain", description="Bring a registry's domain up and down.")
    root.add_argument("--version", action="version", version=f"%(prog)s {version(DISTRIBUTION)}")
    subparsers = root.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        command = subparsers.add_parser(name, help=text, description=text)
        add = command.add_argument
        add(
            "--stage",
            type=_checked("stage", STAGE_FORM),
            default=DEFAULT_STAGE,
            help="The stage of .chalice/config.json; by default %(default)s",
        )
        add("--profile", help="The profile of the AWS configuration")
        add(
            "--region",
            type=_checked("region", REGION_FORM),
            help="The region; by default the stage's, and for a new stage the environment's",
        )
        add("--json", action="store_true", help="Write one JSON document on standard output")
        if name in ("init", "up", "down"):
            add("--yes", action="store_true", help="Do not ask before a change")
        if name == "init":
            for field_name, setting in SETTINGS.items():
                if field_name != "region":
                    kind = int if field_name == "log_retention_in_days" else str
                    add(flag_of(field_name), type=kind, help=setting.help, metavar=setting.metavar)
    return root


def main(
    arguments: Sequence[str],
    project: Path,
    environment: Mapping[str, str],
    terminal: Terminal,
    outside: Outside,
    connect: Callable[[str | None, str | None], Aws] = Aws.connect,
    clock: Clock = _REAL,
    package: Packaging = service_package,
) -> int:
    """Run one command in `project` and return the exit status. `connect` makes the AWS clients of a
    profile and a region, `package` what is deployed."""
    flags = parser().parse_args(arguments)
    # With --json, standard output is the document alone.
    spoken = replace(terminal, out=terminal.err) if flags.json else terminal
    world = CommandContext(
        project=project,
        connect=lru_cache(maxsize=None)(connect),
        profile=flags.profile,
        outside=outside,
        terminal=spoken,
        environment=dict(environment),
        clock=clock,
        package=package,
    )
    try:
        report = _run(flags, world)
    except InfraError as error:
        lines = [shown_words(line) for line in str(error).splitlines()]
        for line in lines:
            spoken.progress(f"ecr-domain: {line}")
        if flags.json:
            terminal.show(json.dumps({"command": flags.command, "ok": False, "error": "\n".join(lines)}))
        return 1
    except KeyboardInterrupt:
        spoken.progress(f"ecr-domain: interrupted; `{flags.command}` goes on from here when it is run again")
        return 130
    if flags.json:
        terminal.show(json.dumps(report.as_json(), indent=2, default=str))
    return report.status


def _run(flags: argparse.Namespace, world: CommandContext) -> Report:
    if flags.command == "init":
        flag_values = {name: vars(flags).get(name) for name in SETTINGS if name != "region"}
        given = {name: value for name, value in flag_values.items() if value is not None}
        return init(world, flags.stage, flags.region, given)
    stage = stage_for(read_document(world.project), flags.stage, flags.region)
    if flags.command == "up":
        return up(world, stage, flags.yes)
    if flags.command == "down":
        return down(world, stage, flags.yes)
    return {"plan": plan, "doctor": doctor}[flags.command](world, stage)
