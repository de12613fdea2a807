"""docs/deployment.md and README.md say what there is: commands, settings, inputs and outputs."""

from __future__ import annotations

import re

import pytest

from infra.command_line import parser
from infra.commands import outputs
from infra.own_settings import OWN_DEFAULTS
from tests.deploy.deployer import ROOT
from tests.unit.infra_values import configuration, deployed_state

TEXT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
ORIGINAL_INPUTS = (
    *("api_name", "api_description", "api_log_format", "api_stage_description", "domain_name"),
    *("domain_certificate_arn", "domain_zone_id", "function_name", "function_description"),
    *("function_role_name", "function_runtime", "log_retention_in_days", "ecr_registry", "tags"),
)


def rows(text: str) -> set[str]:
    """The names in the first column of a text's tables."""
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def section(title: str, text: str = TEXT) -> str:
    return text.split(f"\n{title}\n")[1].split("\n#")[0]


@pytest.mark.parametrize("name", OWN_DEFAULTS)
def test_every_setting_is_documented(name: str) -> None:
    assert name in rows(section("### Settings"))


def test_no_setting_is_documented_that_is_not_there() -> None:
    assert rows(section("### Settings")) == set(OWN_DEFAULTS)


def test_every_command_and_shared_flag_is_documented() -> None:
    commands = parser()._subparsers
    assert commands is not None
    (choices,) = (action.choices for action in commands._group_actions)
    assert choices is not None
    assert rows(section("## With `python -m infra`")) == set(choices)
    for flag in ("--stage", "--profile", "--region", "--json", "--yes"):
        assert f"`{flag}`" in section("## With `python -m infra`")


def test_every_input_and_output_of_the_original_has_its_place() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = rows(section("## Where the Terraform module's inputs and outputs are", readme))
    config = configuration()
    assert table == {*ORIGINAL_INPUTS, *outputs(config, deployed_state(config))}


def test_links_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (ROOT / "docs" / target.partition("#")[0]).exists(), target
