"""`doctor`: run the checks for a domain and tell a person, or a machine, what they found."""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TextIO, TypeVar
from urllib.parse import urlsplit

from credhelper.cache import Route, Token
from credhelper.checks import NAME, Finding, World, examine
from credhelper.client_config import HELPER
from credhelper.deadline import bounded
from credhelper.discovery import LONGEST_DISCOVERY, Reply, ask, tls_context
from credhelper.errors import HelperError, InvalidInput, TimedOut
from credhelper.json_file import read_json_file
from credhelper.mapping import DomainMappings, InvalidMapping, domain_host
from credhelper.registry_host import ecr_registry
from credhelper.settings import Settings

T = TypeVar("T")

_LONGEST_ANSWER = 20.0
"""Seconds for the registry's answer through the domain; the redirect service itself allows that long."""


def run_doctor(arguments: list[str], settings: Settings, stdout: TextIO, stderr: TextIO) -> int:
    """Run `doctor` with its command line; 0 where everything holds, 1 after the first check that fails."""
    parser = argparse.ArgumentParser(
        prog=f"{NAME} doctor", description="Check, in order, all that a pull through a custom domain needs."
    )
    parser.add_argument("domain", nargs="?", metavar="DOMAIN", help="left out: all that are configured")
    parser.add_argument("--json", action="store_true", help="tell the findings as JSON")
    options = parser.parse_args(arguments)
    findings: list[Finding] = []
    try:
        for domain in _domains(options.domain, settings):
            findings += examine(domain, settings, real_world(settings))
            if not findings[-1].ok:
                break
    except HelperError as error:
        findings.append(Finding(options.domain or "", "configuration", False, error.finding, error.next_step))
    if options.json:
        print(
            json.dumps({"ok": findings[-1].ok, "checks": [asdict(each) for each in findings]}, indent=2),
            file=stdout,
        )
    elif not (stdout.isatty() and render_table(findings, stdout)):
        print(render_lines(findings), file=stdout)
    return 0 if findings[-1].ok else 1


def render_lines(findings: Sequence[Finding]) -> str:
    """A heading per domain, a line per finding, and the next step below one that failed."""
    lines: list[str] = []
    for number, each in enumerate(findings):
        if number == 0 or findings[number - 1].domain != each.domain:
            lines.append(f"{each.domain or NAME}:")
        lines.append(f"  {'ok  ' if each.ok else 'FAIL'} {each.check:<12} {each.finding}")
        if each.next_step:
            lines.append(f"       {'next:':<12} {each.next_step}")
    return "\n".join(lines)


def render_table(findings: Sequence[Finding], stdout: TextIO) -> bool:
    """The same as a coloured table, if rich is installed; whether it is."""
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        return False
    table = Table("domain", "check", "", "finding", header_style="bold")
    for each in findings:
        text = Text(each.finding)
        if each.next_step:
            text.append(f"\nnext: {each.next_step}", style="bold")
        mark = Text("ok", style="green") if each.ok else Text("FAIL", style="bold red")
        table.add_row(each.domain, each.check, mark, text)
    Console(file=stdout).print(table)
    return True


def _domains(given: str | None, settings: Settings) -> list[str]:
    """The domains to examine: the one given, else the mapped ones, else those that Docker has us for."""
    if given is not None:
        try:
            return [domain_host(given)]
        except InvalidMapping as error:
            raise InvalidInput(str(error)) from error
    domains = list(DomainMappings.read(settings.config_path).domains)
    if not domains and settings.docker_config_path is not None:
        helpers = read_json_file(Path(settings.docker_config_path)).strings("credHelpers")
        domains = [host for host, helper in helpers.items() if helper == HELPER and not ecr_registry(host)]
    if not domains:
        raise InvalidInput(
            "no domain is configured", f"name one: {NAME} doctor DOMAIN, or {NAME} init DOMAIN"
        )
    return domains


def real_world(settings: Settings) -> World:
    """The world outside, every look at it bounded in time."""
    timeout = settings.timeout

    def resolve(host: str) -> list[str]:
        def work() -> list[str]:
            return sorted(
                {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
            )

        return _in_time(lambda: bounded(LONGEST_DISCOVERY, work, "the name's resolution"))

    return World(
        which=shutil.which,
        resolve=resolve,
        certificate=lambda host: _in_time(lambda: bounded(LONGEST_DISCOVERY, lambda: _expiry(host), "TLS")),
        ask=_ask,
        account=lambda route: _BoundedAccount(route, timeout),
        clock=time.time,
    )


class _BoundedAccount:
    """An AwsAccount whose every answer comes within `seconds`."""

    def __init__(self, route: Route, seconds: float) -> None:
        self._route = route
        self._seconds = seconds

    def caller(self) -> str:
        from credhelper.ecr_token import AwsAccount

        return bounded(self._seconds, lambda: AwsAccount(self._route).caller(), "AWS STS")

    def token(self) -> Token:
        from credhelper.ecr_token import AwsAccount

        return bounded(self._seconds, lambda: AwsAccount(self._route).token(), "AWS ECR")


def _ask(host: str, authorization: str) -> Reply:
    seconds = _LONGEST_ANSWER if authorization else LONGEST_DISCOVERY
    return ask(host, authorization=authorization, seconds=seconds)


def _expiry(host: str) -> float:
    parts = urlsplit(f"https://{host}")
    name = parts.hostname or host
    with (
        socket.create_connection((name, parts.port or 443), timeout=LONGEST_DISCOVERY) as connection,
        tls_context().wrap_socket(connection, server_hostname=name) as secured,
    ):
        certificate = secured.getpeercert() or {}
    return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))


def _in_time(work: Callable[[], T]) -> T:
    try:
        return work()
    except TimedOut as error:
        raise TimeoutError(0, error.finding) from error
