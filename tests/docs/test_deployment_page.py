"""docs/deployment.md says what there is: commands, flags, settings, inputs and outputs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from infra.command_line import COMMANDS, parser
from infra.service_template import MERGE_TEMPLATE
from infra.settings import SETTINGS
from tools.settings_table import PAGE

TEXT = PAGE.read_text(encoding="utf-8")
ORIGINAL_INPUTS = {
    *("api_name", "api_description", "api_log_format", "api_stage_description", "domain_name"),
    *("domain_certificate_arn", "domain_zone_id", "function_name", "function_description"),
    *("function_role_name", "function_runtime", "log_retention_in_days", "ecr_registry", "tags"),
}
ORIGINAL_OUTPUTS = {"api", "api_domain", "api_stage", "proxy", "log_groups"}


def section(title: str) -> str:
    return TEXT.split(f"\n{title}\n")[1].split("\n## ")[0]


def rows(text: str) -> set[str]:
    """The names in the first column of a text's tables."""
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


def test_every_command_and_shared_flag_is_documented() -> None:
    commands = section("## With `ecr-domain`")
    assert set(COMMANDS) <= rows(commands)
    for flag in ("--stage", "--profile", "--region", "--json", "--yes", "--version"):
        assert f"`{flag}`" in commands


def test_every_command_that_is_printed_parses() -> None:
    lines = re.findall(r"\.venv/bin/ecr-domain ([^&\n]+)", TEXT)
    assert len(lines) >= 8
    for line in lines:
        words = re.sub(r"'[^']*'", "VALUE", line).split()
        assert parser().parse_args(words).command in COMMANDS


def test_every_input_and_output_of_the_original_has_its_place() -> None:
    places = section("## Where the Terraform module's inputs and outputs are")
    assert rows(places) == ORIGINAL_INPUTS | ORIGINAL_OUTPUTS
    template = json.loads(MERGE_TEMPLATE.read_text(encoding="utf-8"))
    there = {*template["Parameters"], *template["Outputs"]}
    on_the_page = set(re.findall(r"`([A-Z][A-Za-z]+)`", places))
    assert on_the_page <= there
    assert len(on_the_page) >= 15


@pytest.mark.parametrize(
    "name", ["DomainName", "HostedZoneId", "RedirectMode", "ApiTarget", "AliasTargetDomainName"]
)
def test_what_the_page_passes_to_the_stacks_is_a_parameter(name: str) -> None:
    templates = [
        json.loads((MERGE_TEMPLATE.parent / f"{each}.json").read_text()) for each in ("service", "edge")
    ]
    overrides = re.findall(r"(\w+)=", " ".join(re.findall(r"--parameter-overrides (.*)", TEXT)))
    assert name in overrides
    assert any(name in template["Parameters"] for template in templates)


def test_the_variables_of_the_terraform_module_exist() -> None:
    module = json.loads((MERGE_TEMPLATE.parent / "terraform" / "domain.tf.json").read_text(encoding="utf-8"))
    used = set(re.findall(r"-var (\w+)=", TEXT))
    assert used == {"domain_name", "hosted_zone_id", "edge"}
    assert used <= module["variable"].keys()
    assert Path(MERGE_TEMPLATE.parent / "terraform" / "edge.tf.json").exists()


def test_the_settings_without_a_variable_of_terraform_are_named() -> None:
    module = json.loads((MERGE_TEMPLATE.parent / "terraform" / "domain.tf.json").read_text(encoding="utf-8"))
    others = {"domain": "domain_name", "registry": "ecr_registry", "registries": "ecr_registries"}
    others["notify"] = "notification_address"
    without = {name for name in SETTINGS if others.get(name, name) not in module["variable"]}
    named = set(re.findall(r"`(\w+)`", section("### What Terraform leaves out")))
    assert named & SETTINGS.keys() == without


def test_the_health_check_fits_route_53_and_keeps_clients_away_from_a_region_without_requests() -> None:
    (config,) = re.findall(r"--health-check-config \\\n\s+'(\{.*?\})'", TEXT, re.DOTALL)
    route53 = Session().get_service_model("route53")
    shape = route53.shape_for("CreateHealthCheckRequest")
    request = {"CallerReference": "1", "HealthCheckConfig": json.loads(config)}
    assert ParamValidator().validate(request, shape).generate_report() == ""
    assert request["HealthCheckConfig"]["InsufficientDataHealthStatus"] == "LastKnownStatus"
