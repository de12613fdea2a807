"""docs/credential-helper.md keeps to what the program does."""

from __future__ import annotations

import json
import re

import yaml

from credhelper import settings
from credhelper.domain_checks import CHECKS
from credhelper.kubelet import API_VERSIONS
from credhelper.mapping import DomainMapping, parse_mapping
from credhelper.protocol import PAGE
from tests.helper.fake_aws import SECRET
from tests.helper.fake_domain import FakeDomain
from tests.helper.program import NAME, ROOT, Program

TEXT = (ROOT / "docs" / "credential-helper.md").read_text()


def _block(start: str, fence: str) -> str:
    """The first block after `start` that is fenced or, with an empty `fence`, indented."""
    after = TEXT[TEXT.index(start) :]
    if fence:
        return after.split(fence, 1)[1].split("```", 1)[0]
    lines = after.split("\n\n", 2)[1].splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines)


def test_every_setting_is_in_the_table() -> None:
    names = [
        value for name, value in vars(settings).items() if name.isupper() and str(value).startswith("AWS_")
    ]
    assert len(names) >= 7
    for name in names:
        assert f"| `{name}` |" in TEXT, name


def test_the_mapping_example_is_one() -> None:
    example = json.loads(_block("### `custom.json`", ""))
    mappings = {domain: parse_mapping(domain, value) for domain, value in example.items()}
    assert mappings["ecr.example.net"].profile == "prod"
    assert mappings["123456789012.dkr.ecr.us-west-2.amazonaws.com"] == DomainMapping(profile="west")


def test_the_kubelet_example_is_what_the_kubelet_reads() -> None:
    """The fields that the kubelet demands (kubelet.config.k8s.io/v1), and names that this program has."""
    config = yaml.safe_load(_block("## The kubelet", "```yaml"))
    assert (config["apiVersion"], config["kind"]) == ("kubelet.config.k8s.io/v1", "CredentialProviderConfig")
    (provider,) = config["providers"]
    assert set(provider) <= {
        "name",
        "apiVersion",
        "matchImages",
        "defaultCacheDuration",
        "args",
        "env",
        "tokenAttributes",
    }
    assert provider["name"] == NAME
    assert provider["apiVersion"] in API_VERSIONS
    assert provider["args"] == ["kubelet"]
    assert provider["defaultCacheDuration"] == "6h"
    assert provider["matchImages"]
    assert {"/" in image for image in provider["matchImages"]} == {False}
    known = {value for value in vars(settings).values() if isinstance(value, str)}
    assert {variable["name"] for variable in provider["env"]} <= known


def test_troubleshooting_follows_the_doctor() -> None:
    section = TEXT[TEXT.index("## Troubleshooting") : TEXT.index("What the identity needs")]
    listed = [line.split("**")[1] for line in section.splitlines() if line[:1].isdigit()]
    assert listed == [name for name, _ in CHECKS]


def test_every_action_that_doctor_names_is_in_its_table() -> None:
    table = TEXT[TEXT.index("| check | IAM actions |") :].split("\n\n", 1)[0]
    actions = set(re.findall(r"ecr:[A-Z][A-Za-z]+", (ROOT / "credhelper" / "registry_checks.py").read_text()))
    assert len(actions) >= 7
    assert actions | {"ecr:GetAuthorizationToken"} == set(re.findall(r"ecr:[A-Z][A-Za-z]+", table))


def test_every_command_of_the_helper_works_as_printed(program: Program, domain: FakeDomain) -> None:
    """In the page's order, but that what undoes it comes last; only the domain is the test's own."""
    domain.password = SECRET
    program.have_profiles("prod")
    lines = [line.removeprefix("    ") for line in TEXT.splitlines() if line.startswith(f"    {NAME} ")]
    assert len(lines) >= 9
    for line in sorted(lines, key=lambda line: "--remove" in line):
        _, *arguments = line.replace("ecr.example.com", domain.host).split()
        result = program.run(*arguments)
        assert (result.code, result.stderr) == (0, ""), (line, result)


def test_every_option_of_the_helper_is_on_the_page(program: Program) -> None:
    for verb in ("init", "doctor"):
        options = set(re.findall(r"--[a-z-]+", program.run(verb, "--help").stdout)) - {"--help"}
        assert options
        assert {option for option in options if f"{option}" not in TEXT} == set()
        assert {option for option in options if option not in program.run("--help").stdout} == set()


def test_the_page_that_the_help_names_is_this_one() -> None:
    assert (ROOT / PAGE.partition(" ")[0]).is_file()
