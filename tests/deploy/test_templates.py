"""For those who deploy with CloudFormation or Terraform: what `chalice package` and our templates make."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalice_patches.gateway_responses import CHALLENGE
from tests.deploy.deployer import ROOT
from tests.standins.package import CFN_LINT

TEMPLATES = ROOT / "infra" / "templates"
REFERENCE = re.compile(r"\b(data\.\w+\.\w+|[a-z]\w*\.\w+)")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`cloudformation/` and `terraform/`, as the documentation says to make them."""
    directory = tmp_path_factory.mktemp("packages")
    chalice = [str(Path(sys.executable).with_name("chalice")), "--project-dir", str(ROOT), "package"]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-west-2"}
    merge = ["--merge-template", str(TEMPLATES / "cloudformation.json")]
    for arguments in (
        ["--stage", "production", *merge, str(directory / "cloudformation")],
        ["--stage", "production", "--pkg-format", "terraform", str(directory / "terraform")],
    ):
        done = subprocess.run(
            [*chalice, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    for template in (TEMPLATES / "terraform").iterdir():
        shutil.copy(template, directory / "terraform")
    return directory


@pytest.fixture(scope="module")
def stack(packages: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((packages / "cloudformation" / "sam.json").read_text())
    return document


@pytest.fixture(scope="module")
def terraform(packages: Path) -> dict[str, Any]:
    """All files of the module as Terraform reads them: overrides are merged in, argument by argument."""
    merged: dict[str, Any] = {}
    for name in ("chalice.tf.json", "domain.tf.json", "chalice_override.tf.json"):
        _merge(merged, json.loads((packages / "terraform" / name).read_text()))
    return merged


def _merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def test_the_stack_passes_cfn_lint(packages: Path) -> None:
    done = subprocess.run(
        [*CFN_LINT, str(packages / "cloudformation" / "sam.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_cfn_lint_would_find_a_fault(packages: Path, stack: dict[str, Any], tmp_path: Path) -> None:
    broken = json.loads(json.dumps(stack))
    broken["Resources"]["APIHandlerLogs"]["Properties"]["Retention"] = 14
    shutil.copy(packages / "cloudformation" / "deployment.zip", tmp_path)
    (tmp_path / "sam.json").write_text(json.dumps(broken))
    done = subprocess.run(
        [*CFN_LINT, str(tmp_path / "sam.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0


def test_every_reference_of_the_stack_leads_somewhere(stack: dict[str, Any]) -> None:
    """cfn-lint lets a dangling reference pass where SAM's transform stands between."""
    there = {*stack["Resources"], *stack["Parameters"], "RestAPI.Stage"}
    text = (TEMPLATES / "cloudformation.json").read_text()
    found = set(re.findall(r'"Ref": "([^"]+)"|"Fn::GetAtt": \["([^"]+)"', text))
    names = {ref or attribute for ref, attribute in found}
    assert {name for name in names if not name.startswith("AWS::")} <= there
    assert {"APIHandlerLogs", "ChallengeLogs", "ApiGatewayCustomDomain"} <= names


def test_the_stack_needs_no_further_step(stack: dict[str, Any]) -> None:
    resources = stack["Resources"]
    for function, logs in (("APIHandler", "APIHandlerLogs"), ("Challenge", "ChallengeLogs")):
        # The reference makes CloudFormation create the group first.
        assert resources[function]["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": logs}}
        group = resources[logs]["Properties"]
        assert group["RetentionInDays"] == {"Ref": "LogRetentionInDays"}
        assert may_write_to(resources, function, group["LogGroupName"]["Fn::Sub"])
    definition = resources["RestAPI"]["Properties"]["DefinitionBody"]
    response = definition["x-amazon-apigateway-gateway-responses"]["UNAUTHORIZED"]
    assert CHALLENGE in response["responseParameters"]["gatewayresponse.header.WWW-Authenticate"]
    assert definition["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"] is True
    records = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::Route53::RecordSet"]
    assert {record["Type"] for record in records} == {"A", "AAAA"}
    for record in records:
        assert record["AliasTarget"]["DNSName"]["Fn::GetAtt"] == [
            "ApiGatewayCustomDomain",
            "RegionalDomainName",
        ]
        assert record["AliasTarget"]["HostedZoneId"]["Fn::GetAtt"][1] == "RegionalHostedZoneId"
        assert record["SetIdentifier"] == record["Region"] == {"Ref": "AWS::Region"}


def may_write_to(resources: dict[str, Any], function: str, group: str) -> bool:
    """Whether a function's role lets it write to a log group of that name."""
    role = resources[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    (policy,) = resources[role]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    prefix = statement["Resource"].rpartition(":log-group:")[2].removesuffix("*")
    return bool(prefix) and group.startswith(prefix)


def test_the_mapping_waits_for_the_stage(stack: dict[str, Any], terraform: dict[str, Any]) -> None:
    """Chalice names the stage as text in both formats, which nothing waits for."""
    mapping = stack["Resources"]["ApiGatewayCustomDomainMapping"]["Properties"]
    assert mapping["Stage"] == {"Ref": "RestAPI.Stage"}
    mapping = terraform["resource"]["aws_api_gateway_base_path_mapping"]["api_gateway_custom_domain_mapping"]
    assert mapping["stage_name"] == "${aws_api_gateway_deployment.rest_api.stage_name}"


def test_the_override_names_only_what_chalice_writes(packages: Path) -> None:
    """Terraform refuses an override of what is not there."""
    directory = packages / "terraform"
    chalice = json.loads((directory / "chalice.tf.json").read_text())
    override = json.loads((directory / "chalice_override.tf.json").read_text())
    for kind, named in override["resource"].items():
        assert named.keys() <= chalice["resource"][kind].keys()


def test_every_reference_of_the_terraform_files_leads_somewhere(terraform: dict[str, Any]) -> None:
    there = {f"{kind}.{name}" for kind, named in terraform["resource"].items() for name in named}
    there |= {f"data.{kind}.{name}" for kind, named in terraform["data"].items() for name in named}
    there |= {f"var.{name}" for name in terraform["variable"]} | {
        f"local.{name}" for name in terraform["locals"]
    }
    there |= {"each.key", "path.module"}
    ours = json.loads((TEMPLATES / "terraform" / "domain.tf.json").read_text())
    override = json.loads((TEMPLATES / "terraform" / "chalice_override.tf.json").read_text())["resource"]
    expressions = re.findall(r"\$\{(.*?)\}\"", json.dumps([ours, override]))
    found = {reference for text in expressions for reference in REFERENCE.findall(text)}
    assert len(found) >= 8
    assert found <= there


def test_the_terraform_module_needs_no_further_step(terraform: dict[str, Any]) -> None:
    resources = terraform["resource"]
    for function in ("api_handler", "challenge"):
        logging = resources["aws_lambda_function"][function]["logging_config"]
        assert logging["log_group"] == f"${{aws_cloudwatch_log_group.{function}.name}}"
        assert resources["aws_cloudwatch_log_group"][function]["retention_in_days"]
    assert CHALLENGE.replace('"', '\\"') in json.dumps(json.loads(terraform["locals"]["chalice_api_swagger"]))
    assert resources["aws_api_gateway_rest_api"]["rest_api"]["disable_execute_api_endpoint"] is True
    assert "A" in resources["aws_route53_record"]["domain"]["for_each"]


def test_the_terraform_module_is_valid(packages: Path, tmp_path: Path) -> None:
    """With the real Terraform, where it and its providers are to be had: TERRAFORM_PLUGIN_DIR may name a
    directory that holds the AWS provider; else `terraform init` downloads it."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    module = Path(shutil.copytree(packages / "terraform", tmp_path / "module"))
    # Deprecated by its own provider, which is one more download; nothing refers to it.
    chalice = json.loads((module / "chalice.tf.json").read_text())
    del chalice["data"]["null_data_source"], chalice["terraform"]["required_providers"]["null"]
    (module / "chalice.tf.json").write_text(json.dumps(chalice))
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    plugins = os.environ.get("TERRAFORM_PLUGIN_DIR")
    where = [f"-plugin-dir={plugins}"] if plugins else []
    started = subprocess.run(
        ["terraform", "init", "-backend=false", "-input=false", "-no-color", *where],
        cwd=module, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    if started.returncode and not plugins:
        pytest.skip("terraform cannot download the AWS provider here")
    assert started.returncode == 0, started.stderr
    done = subprocess.run(
        ["terraform", "validate", "-json"],
        cwd=module,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    result = json.loads(done.stdout)
    assert result["valid"], [found["summary"] for found in result["diagnostics"]]
