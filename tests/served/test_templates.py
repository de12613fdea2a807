"""The templates as `make package` makes them, for those who deploy the stacks or the Terraform module
themselves; tests/deploy deploys the same stacks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalice_patches.gateway_responses import CHALLENGE
from chalicelib.registry_host import RegistryHost
from infra import edge_template
from infra.service_template import MERGE_TEMPLATE, service_parameters
from infra.settings import SETTINGS, DeploymentSettings
from tests.standins.package import CFN_LINT, Package
from tests.standins.project import make_project

TEMPLATES = MERGE_TEMPLATE.parent
MODULE = ("chalice.tf.json", "domain.tf.json", "edge.tf.json", "chalice_override.tf.json")
ACCOUNTS = ("123456789012", "222222222222")
REFERENCE = re.compile(r"\b(data\.\w+\.\w+|[a-z]\w*\.\w+)")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`cloudformation/` and `terraform/`, as the Makefile makes them of the committed stage."""
    directory = tmp_path_factory.mktemp("packages")
    project = make_project(directory / "project", {"dev": {}})
    chalice = [str(Path(sys.executable).with_name("chalice")), "package"]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-west-2"}
    for arguments in (
        ["--merge-template", str(MERGE_TEMPLATE), str(directory / "cloudformation")],
        ["--pkg-format", "terraform", str(directory / "terraform")],
    ):
        command = [*chalice, *arguments]
        done = subprocess.run(
            command, cwd=project, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    for template in (TEMPLATES / "terraform").iterdir():
        shutil.copy(template, directory / "terraform")
    shutil.copytree(TEMPLATES / "functions", directory / "terraform" / "functions")
    return directory


@pytest.fixture(scope="module")
def stack(packages: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((packages / "cloudformation" / "sam.json").read_text())
    return document


def test_cfn_lint_finds_a_fault_in_none_but_a_broken_template(
    packages: Path, stack: dict[str, Any], service_package: Package, tmp_path: Path
) -> None:
    """In one process: cfn-lint takes seconds to begin."""
    broken = json.loads(json.dumps(stack))
    broken["Resources"]["APIHandlerLogs"]["Properties"]["Retention"] = 14
    for name, template in (("broken", broken), ("alone", service_package.template)):
        (tmp_path / name).mkdir()
        shutil.copy(service_package.archive, tmp_path / name)
        (tmp_path / name / "sam.json").write_text(json.dumps(template))
    registries = [RegistryHost.parse(f"{account}.dkr.ecr.us-west-2.amazonaws.com") for account in ACCOUNTS]
    edge = tmp_path / "edge.json"
    edge.write_text(json.dumps(edge_template.edge_template(registries)))
    ours = [packages / "cloudformation" / "sam.json", TEMPLATES / "deployer.json", edge]
    of_the_test = [tmp_path / "alone" / "sam.json", tmp_path / "broken" / "sam.json"]
    program, *options = CFN_LINT
    command = [program, "--format", "json", *options, *map(str, (*ours, *of_the_test))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    findings = json.loads(done.stdout)
    assert {Path(each["Filename"]) for each in findings} == {of_the_test[1]}, done.stdout + done.stderr


def test_every_parameter_comes_from_a_setting_with_the_same_default(stack: dict[str, Any]) -> None:
    parameters = stack["Parameters"]
    given = service_parameters(DeploymentSettings(edge="off"), "", "")
    assert given.keys() == parameters.keys()
    required = {name for name, parameter in parameters.items() if "Default" not in parameter}
    assert required == {"DomainName", "HostedZoneId"}
    defaults = {name: str(parameter.get("Default", "")) for name, parameter in parameters.items()}
    assert given == defaults


def test_a_choice_of_a_parameter_is_that_of_its_setting(stack: dict[str, Any]) -> None:
    for setting in SETTINGS.values():
        if setting.parameter and setting.accepted:
            assert stack["Parameters"][setting.parameter]["AllowedValues"] == list(setting.accepted)


def test_every_reference_leads_somewhere(stack: dict[str, Any]) -> None:
    """cfn-lint lets a dangling reference pass where SAM's transform stands between."""
    there = {*stack["Resources"], *stack["Parameters"], "RestAPI.Stage"}
    text = MERGE_TEMPLATE.read_text()
    found = re.findall(r'"Ref": "([^"]+)"|"Fn::GetAtt": \[\s*"([^"]+)"|\$\{(\w+)[.}]', text)
    names = {name for match in found for name in match if name and not name.startswith("AWS")} - {"Api"}
    assert names <= there
    assert {"APIHandlerLogs", "ApiGatewayCustomDomain", "PermissionsBoundaryArn"} <= names
    conditions = set(re.findall(r'"Fn::If": \[\s*"(\w+)"|"Condition": "(\w+)"', text))
    assert {name for pair in conditions for name in pair if name} == stack["Conditions"].keys()


@pytest.mark.parametrize(
    ("function", "role", "logs"),
    [("APIHandler", "ApiHandlerRole", "APIHandlerLogs"), ("Challenge", "ChallengeRole", "ChallengeLogs")],
)
def test_a_function_may_write_its_own_log_group_and_nothing_else(
    stack: dict[str, Any], function: str, role: str, logs: str
) -> None:
    resources = stack["Resources"]
    properties = resources[function]["Properties"]
    # The reference makes CloudFormation create the group first.
    assert properties["LoggingConfig"] == {"LogGroup": {"Ref": logs}}
    assert properties["Role"] == {"Fn::GetAtt": [role, "Arn"]}
    (policy,) = resources[role]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == {"Fn::GetAtt": [logs, "Arn"]}
    assert "PermissionsBoundaryArn" in json.dumps(resources[role]["Properties"]["PermissionsBoundary"])


def test_the_stack_needs_no_further_step(stack: dict[str, Any]) -> None:
    resources = stack["Resources"]
    definition = resources["RestAPI"]["Properties"]["DefinitionBody"]
    response = definition["x-amazon-apigateway-gateway-responses"]["UNAUTHORIZED"]
    assert CHALLENGE in response["responseParameters"]["gatewayresponse.header.WWW-Authenticate"]
    assert definition["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"] is True
    option = resources["Certificate"]["Properties"]["DomainValidationOptions"]
    assert option == [{"DomainName": {"Ref": "DomainName"}, "HostedZoneId": {"Ref": "HostedZoneId"}}]
    # Chalice names the stage as text, which nothing waits for.
    mapping = resources["ApiGatewayCustomDomainMapping"]["Properties"]
    assert mapping["Stage"] == {"Ref": "RestAPI.Stage"}
    records = [each for each in resources.values() if each["Type"] == "AWS::Route53::RecordSet"]
    assert {record["Properties"]["Type"] for record in records} == {"A", "AAAA"}
    for record in records:
        assert record["DependsOn"] == "ApiGatewayCustomDomainMapping"
        properties = record["Properties"]
        assert properties["SetIdentifier"] == properties["Region"] == {"Ref": "AWS::Region"}
        alias = properties["AliasTarget"]
        assert alias["DNSName"]["Fn::If"][:2] == ["AliasToEdge", {"Ref": "AliasTargetDomainName"}]
        assert alias["HostedZoneId"]["Fn::If"][:2] == ["AliasToEdge", {"Ref": "AliasTargetHostedZoneId"}]


@pytest.fixture(scope="module")
def terraform(packages: Path) -> dict[str, Any]:
    """All files of the module as Terraform reads them: overrides are merged in, argument by argument."""
    merged: dict[str, Any] = {}
    for name in MODULE:
        _merge(merged, json.loads((packages / "terraform" / name).read_text()))
    return merged


def _merge(into: dict[str, Any], other: dict[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def test_the_domain_speaks_tls_1_2_at_least(stack: dict[str, Any], terraform: dict[str, Any]) -> None:
    assert stack["Resources"]["ApiGatewayCustomDomain"]["Properties"]["SecurityPolicy"] == "TLS_1_2"
    (domain,) = terraform["resource"]["aws_api_gateway_domain_name"].values()
    assert domain["security_policy"] == "TLS_1_2"


def test_the_override_names_only_what_chalice_writes(packages: Path) -> None:
    """Terraform refuses an override of what is not there."""
    chalice = json.loads((packages / "terraform" / "chalice.tf.json").read_text())
    override = json.loads((packages / "terraform" / "chalice_override.tf.json").read_text())
    for kind, resources in override["resource"].items():
        assert resources.keys() <= chalice["resource"][kind].keys()
    assert override["output"].keys() <= chalice["output"].keys()


def test_every_reference_of_the_terraform_files_leads_somewhere(terraform: dict[str, Any]) -> None:
    there = {f"{kind}.{name}" for kind, names in terraform["resource"].items() for name in names}
    there |= {f"data.{kind}.{name}" for kind, names in terraform["data"].items() for name in names}
    there |= {f"var.{name}" for name in terraform["variable"]}
    there |= {f"local.{name}" for name in terraform["locals"]}
    there |= {"each.key", "path.module", "origin.value", "ordered_cache_behavior.value"}
    there |= {"custom_error_response.value", "record.fqdn", "edge.tf", "aws.us_east_1"}
    ours = [json.loads((TEMPLATES / "terraform" / name).read_text()) for name in MODULE[1:]]
    expressions = re.findall(r"\$\{(.*?)\}\"", json.dumps([each["resource"] for each in ours]))
    texts = [re.sub(r'\\"[^"]*\\"', "", expression) for expression in expressions]
    found = {reference for text in texts for reference in REFERENCE.findall(text)}
    assert len(found) >= 25
    assert found <= there


def test_terraform_makes_the_same_edge(terraform: dict[str, Any]) -> None:
    edge = json.loads((TEMPLATES / "edge.json").read_text())
    theirs = edge["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    ours = terraform["resource"]["aws_cloudfront_distribution"]["edge"]
    default, cache = ours["default_cache_behavior"], theirs["DefaultCacheBehavior"]
    assert sorted(default["allowed_methods"]) == sorted(cache["AllowedMethods"])
    assert default["origin_request_policy_id"] == cache["OriginRequestPolicyId"]
    assert ours["http_version"] == theirs["HttpVersion"]
    errors = ours["dynamic"]["custom_error_response"]
    assert errors["for_each"] == [each["ErrorCode"] for each in theirs["CustomErrorResponses"]]
    assert errors["content"]["error_caching_min_ttl"] == 0
    policy = edge["Resources"]["RedirectCachePolicy"]["Properties"]["CachePolicyConfig"]
    cached = terraform["resource"]["aws_cloudfront_cache_policy"]["redirects"]
    ttls = (cached["min_ttl"], cached["default_ttl"], cached["max_ttl"])
    assert ttls == (policy["MinTTL"], policy["DefaultTTL"], policy["MaxTTL"])
    registry = ours["dynamic"]["ordered_cache_behavior"]["content"]
    assert registry["cache_policy_id"] == edge_template._CACHING_DISABLED
    assert registry["origin_request_policy_id"] == edge_template._ALL_VIEWER_EXCEPT_HOST


def test_the_terraform_module_needs_no_further_step(terraform: dict[str, Any]) -> None:
    resources = terraform["resource"]
    for function in ("api_handler", "challenge"):
        logging = resources["aws_lambda_function"][function]["logging_config"]
        assert logging["log_group"] == f"${{aws_cloudwatch_log_group.{function}.name}}"
        assert resources["aws_cloudwatch_log_group"][function]["retention_in_days"]
    assert CHALLENGE.replace('"', '\\"') in json.dumps(json.loads(terraform["locals"]["chalice_api_swagger"]))
    assert resources["aws_api_gateway_rest_api"]["rest_api"]["disable_execute_api_endpoint"] is True
    mapping = resources["aws_api_gateway_base_path_mapping"]["domain"]
    assert mapping["stage_name"] == "${aws_api_gateway_deployment.rest_api.stage_name}"


def strings(document: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a JSON document
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for each in document:
            yield from strings(each)
    elif isinstance(document, str) and "${" in document:
        yield document


@pytest.mark.parametrize("broken", ["", "${1 +}"])
def test_terraform_can_read_every_expression(terraform: dict[str, Any], broken: str, tmp_path: Path) -> None:
    """No provider is needed for that. In JSON it reads an expression only when it knows the resource."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    terraform = {key: value for key, value in terraform.items() if key != "locals"} | {"x": broken or "${1}"}
    texts = [f"x{number} = <<EOT\n{text}\nEOT\n" for number, text in enumerate(strings(terraform))]
    (tmp_path / "main.tf").write_text("locals {\n" + "".join(texts) + "}\n")
    done = subprocess.run(
        ["terraform", "init", "-no-color"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (not broken), done.stderr


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
        cwd=module, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    result = json.loads(done.stdout)
    assert result["valid"], [found["summary"] for found in result["diagnostics"]]
