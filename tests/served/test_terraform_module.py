"""What the real Terraform plans for the module. It needs no AWS provider: the resources that count here are
of the built-in kind `terraform_data`, with the templates' conditions and arguments."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chalicelib.registry_host import InvalidRegistry, RegistryHost
from infra.service_template import MERGE_TEMPLATE

if shutil.which("terraform") is None:
    pytest.skip("terraform is not installed", allow_module_level=True)

TEMPLATES = MERGE_TEMPLATE.parent / "terraform"
OURS = [json.loads((TEMPLATES / f"{name}.tf.json").read_text()) for name in ("domain", "edge")]
VARIABLES = OURS[0]["variable"]
CNAME = "_x.ecr.example.com"
GIVEN = "arn:aws:acm:us-west-2:123456789012:certificate/given"
KINDS: dict[str, dict[str, Any]] = {
    # ACM asks for the same record in each region:
    # https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
    "aws_acm_certificate": {
        "domain_validation_options": [
            {"resource_record_name": CNAME, "resource_record_type": "CNAME", "resource_record_value": "_y"}
        ]
    },
    "aws_acm_certificate_validation": {},
    "aws_api_gateway_domain_name": {"regional_domain_name": "api.example.com", "regional_zone_id": "Z2"},
    "aws_cloudfront_distribution": {"domain_name": "edge.example.com", "hosted_zone_id": "Z3"},
    "aws_cloudfront_function": {},
    "aws_cloudwatch_metric_alarm": {},
    "aws_route53_record": {"fqdn": CNAME},
    "aws_sns_topic": {},
    "aws_sns_topic_subscription": {},
}
"""The kinds of resources that are kept, and what AWS would add to each."""
ARGUMENTS = (
    *("alarm_actions", "alias", "certificate_arn", "endpoint", "name", "protocol", "provider", "records"),
    *("topic_arn", "validation_record_fqdns"),
)
"""The arguments that are kept; the provider is a text here."""


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
    environment.update(TF_CLI_CONFIG_FILE=os.devnull, CHECKPOINT_DISABLE="1")
    command = ["terraform", *arguments, "-no-color"]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def plan(directory: Path, variables: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    given = {"domain_name": "ecr.example.com", "hosted_zone_id": "Z1", **variables}
    (directory / "terraform.tfvars.json").write_text(json.dumps(given))
    return run(directory, "plan", "-input=false", "-out=plan")


def apply(directory: Path, variables: dict[str, Any]) -> list[tuple[str, str]]:
    """Returns what Terraform does, in this order: create, update or delete, and the resource's name."""
    planned = plan(directory, variables)
    assert planned.returncode == 0, planned.stderr
    applied = run(directory, "apply", "-json", "plan")
    assert applied.returncode == 0, applied.stdout
    events = map(json.loads, applied.stdout.splitlines())
    hooks = [event["hook"] for event in events if event["type"] == "apply_start"]
    return [(hook["action"], hook["resource"]["resource_name"]) for hook in hooks]


def resources(directory: Path) -> dict[str, dict[str, Any]]:
    """What is there."""
    shown = json.loads(run(directory, "show", "-json").stdout)
    return {each["name"]: each["values"]["output"] for each in shown["values"]["root_module"]["resources"]}


def kept(kind: str, name: str, resource: dict[str, Any]) -> dict[str, Any]:
    """A resource as far as it is kept. As in the AWS provider, a record of another name is another record."""
    values = {key: resource[key] for key in ARGUMENTS if key in resource}
    values["dynamic"] = {key: block["for_each"] for key, block in resource.get("dynamic", {}).items()}
    made: dict[str, Any] = {key: resource[key] for key in ("count", "for_each") if key in resource}
    lifecycle = dict(resource.get("lifecycle", {}))
    if kind == "aws_route53_record":
        made["triggers_replace"] = values["name"]
    if "ignore_changes" in lifecycle:
        assert lifecycle["ignore_changes"] == ["name", "type", "records"]
        lifecycle["ignore_changes"] = ["input", "triggers_replace"]
    used = sorted({*re.findall(r"\b(aws_cloudfront_function)\.(\w+)", json.dumps(resource))})
    made["depends_on"] = [f"terraform_data.{kind}_{name}" for kind, name in used]
    return {**made, "lifecycle": lifecycle, "input": {**values, **KINDS[kind], "arn": f"{kind}/{name}"}}


def output(name: str, resource: dict[str, Any]) -> str:
    """An expression for what the rest of the module sees of a resource."""
    if "for_each" in resource:
        return f"${{{{for key, each in terraform_data.{name} : key => each.output}}}}"
    return f"${{terraform_data.{name}{'[*]' if 'count' in resource else ''}.output}}"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """The module as far as it is kept; `terraform init` has run in this directory."""
    data = {
        f"{kind}_{name}": kept(kind, name, resource)
        for template in OURS
        for kind, named in template["resource"].items()
        if kind in KINDS
        for name, resource in named.items()
    }
    values = {**OURS[0]["locals"], **{name: output(name, resource) for name, resource in data.items()}}
    values.update(function_name="custom-ecr-domain-dev", own_registry="registry.example.com")
    document = {"variable": VARIABLES, "locals": values, "resource": {"terraform_data": data}}
    text = re.sub(r"(?<![.\w])(aws_\w+)\.", r"local.\1_", json.dumps(document))
    (tmp_path / "main.tf.json").write_text(text)
    started = run(tmp_path, "init")
    assert started.returncode == 0, started.stderr
    return tmp_path


def records(directory: Path) -> list[str]:
    """The records that validate and renew certificates."""
    return [name for name, each in resources(directory).items() if each.get("name") == CNAME]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {"edge": False}, id="the edge is switched off"),
        pytest.param({"edge": False}, {}, id="the edge is switched on"),
        pytest.param({}, {"certificate_arn": GIVEN}, id="the API's certificate is given"),
        pytest.param({"certificate_arn": GIVEN}, {}, id="the API's certificate is made"),
    ],
)
def test_the_record_that_renews_a_certificate_stays(
    module: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    apply(module, before)
    (record,) = records(module)
    assert record not in [name for _, name in apply(module, after)]
    assert records(module) == [record]
    validations = [each for name, each in resources(module).items() if "_certificate_validation_" in name]
    assert validations
    assert all(each["validation_record_fqdns"] == [CNAME] for each in validations)


def test_no_record_is_made_for_a_certificate_that_is_given(module: Path) -> None:
    apply(module, {"certificate_arn": GIVEN, "edge": False})
    assert records(module) == []


@pytest.mark.parametrize(
    ("before", "after", "user", "used"),
    [
        pytest.param(
            *({}, {"edge": False}, "aws_route53_record_domain", "aws_cloudfront_distribution_edge"),
            id="the edge is switched off",
        ),
        pytest.param(
            *({"ecr_registries": {"team/": "other.example.com"}}, {}),
            *("aws_cloudfront_distribution_edge", "aws_cloudfront_function_registry_request"),
            id="a registry less",
        ),
    ],
)
def test_what_is_in_use_is_deleted_last(
    module: Path, before: dict[str, Any], after: dict[str, Any], user: str, used: str
) -> None:
    """Clients would be led to a distribution that is not there any more, for the minutes that its deletion
    takes; and CloudFront refuses to delete a function in use (hashicorp/terraform-provider-aws#25249)."""
    apply(module, before)
    done = apply(module, after)
    deleted = done.index(("delete", used))
    assert ("update", user) in done[:deleted]
    assert ("update", user) not in done[deleted:]


@pytest.mark.parametrize(
    ("edge", "regions"), [(True, {"aws.us_east_1", None}), (False, {None})], ids=["with the edge", "without"]
)
def test_every_alarm_writes_to_the_address_by_a_topic_of_its_region(
    module: Path, edge: bool, regions: set[str | None]
) -> None:
    apply(module, {"edge": edge, "notification_address": "ops@example.com"})
    there = resources(module)
    written = {
        each["topic_arn"]: (each["protocol"], each["endpoint"], each.get("provider"))
        for name, each in there.items()
        if name.startswith("aws_sns_topic_subscription_")
    }
    topics = {each["arn"]: each for name, each in there.items() if name.startswith("aws_sns_topic_")}
    alarms = [each for name, each in there.items() if name.startswith("aws_cloudwatch_metric_alarm_")]
    assert {alarm.get("provider") for alarm in alarms} == regions
    for alarm in alarms:
        (topic,) = alarm["alarm_actions"]
        assert topics[topic].get("provider") == alarm.get("provider")
        assert written[topic] == ("email", "ops@example.com", alarm.get("provider"))
    # Of one name, they would be one topic where the API is in us-east-1.
    assert len({topics[topic]["name"] for topic in written}) == len(written) == len(regions)


@pytest.mark.parametrize("edge", [True, False])
def test_without_an_address_there_is_no_topic(module: Path, edge: bool) -> None:
    apply(module, {"edge": edge})
    there = resources(module)
    assert [name for name in there if name.startswith("aws_sns_")] == []
    assert not any(each.get("alarm_actions") for each in there.values())


#: Each is a registry for the function, or looks like one.
FORMS = (
    *("123456789012.dkr.ecr.us-west-2.amazonaws.com", "registry.example.com:5000", "localhost", "a.b:65535"),
    *("https://registry.example.com", "HTTPS://registry.example.com", "http://localhost", "//a.example.com"),
    *("Registry.example.com", "registry.example.com/", "registry.example.com/v2", "registry.example.com:443"),
    *("a.b:0443", "a.b:08443", "a.b:", "a.b:0", "a.b:65536", "a.b:99999", "a.b:1x", "a.b:1:2"),
    *("[::1]", "[::1]:5000", "a@b.c", "a..b", ".a", "a.", "-a.b", "a-.b", "a_b.c", "a b", " a", "a\n"),
    *("é.example.com", "a" * 63 + ".b", "a" * 64 + ".b", "a.b?c", "a.b#c", "a.b*", "${a}", "'"),
)


def is_plain(text: str) -> bool:
    """Whether the function reads a text as it stands, and CloudFront can ask that host."""
    try:
        registry = RegistryHost.parse(text)
    except InvalidRegistry:
        return False
    return registry.authority == text and not text.startswith("[")


def test_terraform_takes_a_registry_as_the_function_writes_it_and_in_no_other_form(tmp_path: Path) -> None:
    """The edge's origins, paths and functions are made of the text, which the function reads first."""
    conditions = {
        name: VARIABLES[name]["validation"][0]["condition"].replace(before, after)
        for name, before, after in (
            ("ecr_registry", "var.ecr_registry", "text"),
            ("ecr_registries", "values(var.ecr_registries)", "[text]"),
        )
    }
    texts = {"texts": {"default": FORMS}}
    outputs = {
        name: {"value": f"${{[for text in var.texts : {condition[2:-1]}]}}"}
        for name, condition in conditions.items()
    }
    (tmp_path / "main.tf.json").write_text(json.dumps({"variable": texts, "output": outputs}))
    assert run(tmp_path, "apply", "-auto-approve").returncode == 0
    found = json.loads(run(tmp_path, "output", "-json").stdout)
    taken = {
        name: [form for form, fits in zip(FORMS, each["value"], strict=True) if fits]
        for name, each in found.items()
    }
    plain = [form for form in FORMS if is_plain(form)]
    assert len(plain) == 5
    assert taken == {"ecr_registry": plain, "ecr_registries": plain}


@pytest.mark.parametrize(
    "given",
    [
        {"ecr_registry": "https://registry.example.com"},
        {"ecr_registries": {"a/": "registry.example.com", "b/": "Registry.example.com"}},
        {"ecr_registries": {"a/": ""}},
    ],
)
def test_a_refused_registry_is_answered_with_the_form_to_write(module: Path, given: dict[str, Any]) -> None:
    refused = plan(module, given)
    assert refused.returncode == 1
    assert "HOST or HOST:PORT" in refused.stderr


def test_no_registry_is_the_accounts_own(module: Path) -> None:
    assert plan(module, {"ecr_registry": "", "ecr_registries": {}}).returncode == 0
