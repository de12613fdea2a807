"""`doctor`: examine a domain and print the findings, for a person or for a machine."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TextIO

from credhelper.client_config import listed_hosts
from credhelper.command_parser import CommandParser
from credhelper.domain_checks import NAME, CheckResult, Examination, examine
from credhelper.errors import HelperError, InvalidInput
from credhelper.mapping import DomainMappings, InvalidMapping, domain_host
from credhelper.registry_checks import ImageName
from credhelper.registry_host import ecr_registry, shown
from credhelper.server_url import ServerURL, parse_server_url
from credhelper.settings import HelperSettings


def run_doctor(arguments: list[str], settings: HelperSettings, stdout: TextIO) -> int:
    """Run `doctor` with its command line; 0 where everything holds, 1 after the first check that fails."""
    parser = CommandParser(
        prog=f"{NAME} doctor", description="Check, in order, all that a pull through a custom domain needs."
    )
    parser.add_argument(
        "image",
        nargs="?",
        metavar="DOMAIN[/REPOSITORY[:TAG]]",
        help="with a repository, its manifest and a layer too; left out: all domains that are configured",
    )
    parser.add_argument(
        "--push", action="store_true", help="start an upload to the repository too, and cancel it"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    options = parser.parse_args(arguments)
    findings: list[CheckResult] = []
    try:
        for exam in _examinations(options, settings):
            findings += examine(exam)
            if not findings[-1].ok:
                break
    except HelperError as error:
        domain = shown(options.image or "")
        findings.append(CheckResult(domain, "configuration", False, error.finding, error.next_step))
    if options.json:
        report = {"ok": findings[-1].ok, "checks": [asdict(each) for each in findings]}
        print(json.dumps(report, indent=2), file=stdout)
    else:
        print(render(findings), file=stdout)
    return 0 if findings[-1].ok else 1


def render(findings: Sequence[CheckResult]) -> str:
    """A heading per domain, a line per finding, and the next step below one that failed."""
    lines: list[str] = []
    for number, each in enumerate(findings):
        if number == 0 or findings[number - 1].domain != each.domain:
            lines.append(f"{each.domain or NAME}:")
        lines.append(f"  {'ok  ' if each.ok else 'FAIL'} {each.check:<12} {each.finding}")
        if each.next_step:
            lines.append(f"       {'next:':<12} {each.next_step}")
    return "\n".join(lines)


def _examinations(options: argparse.Namespace, settings: HelperSettings) -> list[Examination]:
    """What to examine: the image given, or else each domain that is mapped or that a client's file lists."""
    if options.image is not None:
        url = _url(options.image)
        image = ImageName.parse(url.path)
        if options.push and image is None:
            raise InvalidInput("--push needs a repository", f"{NAME} doctor {url.host}/REPOSITORY --push")
        return [Examination(settings, url, image, options.push)]
    if options.push:
        raise InvalidInput("--push needs a repository", f"{NAME} doctor DOMAIN/REPOSITORY --push")
    hosts = [*DomainMappings.read(settings.config_path).domains, *listed_hosts(settings)]
    urls = {
        url.host: url for url in (_url(host, "correct credHelpers in the client's file") for host in hosts)
    }
    exams = [Examination(settings, url, None, False) for url in urls.values() if not ecr_registry(url.name)]
    if not exams:
        raise InvalidInput(
            "no domain is configured", f"name one: {NAME} doctor DOMAIN, or {NAME} init DOMAIN"
        )
    return exams


def _url(text: str, next_step: str = "") -> ServerURL:
    try:
        domain_host(text)  # refuses what get would refuse later
        return parse_server_url(text.strip())
    except InvalidMapping as error:
        raise InvalidInput(str(error), next_step) from error
