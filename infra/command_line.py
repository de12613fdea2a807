"""The commands' flags, and from their outcome to an exit status: 0 done, 1 a check failed or a refusal,
2 wrong flags, 130 interrupted."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from infra import commands
from infra.aws import Aws
from infra.clock import Clock
from infra.commands import Report, World
from infra.configuration import configuration_of
from infra.configuration_file import DEFAULT_STAGE, read_document, stage_for
from infra.errors import InfraError
from infra.outside import Outside
from infra.own_settings import RETENTION_DAYS
from infra.setup import Wishes, initialize
from infra.terminal import Terminal

_REAL = Clock()
_COMMANDS = {
    "init": "find the zone and the certificate of a domain and write the stage's configuration",
    "plan": "show what `up` would change, and change nothing",
    "up": "bring the domain up, or up to date",
    "doctor": "check the account, the deployment and the name from outside; change nothing",
    "down": "take the domain down again; the zone and the certificate stay",
}


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog="python -m infra", description="Bring a registry's domain up and down."
    )
    subparsers = root.add_subparsers(dest="command", required=True)
    for name, text in _COMMANDS.items():
        command = subparsers.add_parser(name, help=text, description=text)
        command.add_argument(
            "--stage", default=DEFAULT_STAGE, help="stage of .chalice/config.json (%(default)s)"
        )
        command.add_argument("--profile", help="profile of the AWS configuration")
        command.add_argument(
            "--region", help="region; a further one of the same domain is a stage of its own"
        )
        command.add_argument("--json", action="store_true", help="one JSON document on standard output")
        if name in ("init", "up", "down"):
            command.add_argument("--yes", action="store_true", help="do not ask")
        if name == "init":
            _add_wishes(command)
    return root


def _add_wishes(command: argparse.ArgumentParser) -> None:
    command.add_argument("--domain", help="name of the registry, such as ecr.example.com")
    command.add_argument("--zone-id", help="hosted zone of the name (default: found)")
    command.add_argument("--certificate-arn", help="certificate of the name (default: found, else requested)")
    command.add_argument(
        "--registry", help="registry to answer for (default: the account's own in the region)"
    )
    command.add_argument("--routing", choices=("latency", "simple"), help="of the DNS records (latency)")
    command.add_argument("--set-identifier", help="name of the latency records (the region)")
    command.add_argument("--health-check-id", help="Route 53 health check of the records")
    command.add_argument("--log-retention-in-days", type=int, choices=RETENTION_DAYS, metavar="DAYS")
    command.add_argument("--access-log", action="store_true", default=None, help="log each request as JSON")


def main(
    arguments: Sequence[str],
    project: Path,
    environment: Mapping[str, str],
    terminal: Terminal,
    outside: Outside,
    connect: Callable[[str | None, str | None], Aws] = Aws.connect,
    clock: Clock = _REAL,
) -> int:
    """Run one command in `project` and return the exit status. `connect` makes the AWS clients of a
    profile and a region."""
    flags = parser().parse_args(arguments)
    try:
        report = _run(flags, project, environment, terminal, outside, connect, clock)
    except InfraError as error:
        for line in str(error).splitlines():
            terminal.progress(f"infra: {line}")
        if flags.json:
            terminal.show(json.dumps({"command": flags.command, "ok": False, "error": str(error)}))
        return 1
    except KeyboardInterrupt:
        terminal.progress(f"infra: interrupted; `{flags.command}` goes on from here when it is run again")
        return 130
    if flags.json:
        terminal.show(json.dumps(report.as_json(), indent=2, default=str))
    return 0 if report.ok or flags.command == "plan" else 1


def _run(
    flags: argparse.Namespace,
    project: Path,
    environment: Mapping[str, str],
    terminal: Terminal,
    outside: Outside,
    connect: Callable[[str | None, str | None], Aws],
    clock: Clock,
) -> Report:
    if flags.command == "init":
        aws = connect(flags.profile, flags.region)
        stage = initialize(project, aws, _wishes(flags), terminal, clock)
        return Report("init", stage, aws.region, applied=True)
    document = read_document(project)
    stage = stage_for(document, flags.stage, flags.region)
    region = configuration_of(document, stage).region
    spoken = replace(terminal, out=terminal.err) if flags.json else terminal
    world = World(
        project,
        connect(flags.profile, region),
        outside,
        spoken,
        flags.profile,
        dict(environment),
        clock,
    )
    if flags.command == "plan":
        return commands.plan(world, stage)
    if flags.command == "doctor":
        return commands.doctor(world, stage)
    command = commands.up if flags.command == "up" else commands.down
    return command(world, stage, flags.yes)


def _wishes(flags: argparse.Namespace) -> Wishes:
    own = {
        "routing": flags.routing,
        "set_identifier": flags.set_identifier,
        "health_check_id": flags.health_check_id,
        "log_retention_in_days": flags.log_retention_in_days,
        "access_log": flags.access_log,
    }
    return Wishes(
        stage=flags.stage,
        domain=flags.domain,
        zone_id=flags.zone_id,
        certificate_arn=flags.certificate_arn,
        registry=flags.registry,
        yes=flags.yes,
        own={key: value for key, value in own.items() if value is not None},
    )
