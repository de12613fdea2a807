"""What docs/recipes.md gives to copy is well-formed, fits the public schemas, and does what it says."""

from __future__ import annotations

import base64
import email
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.docs.json_schema import schema_errors
from tests.docs.markdown_page import ROOT, CodeBlock, MarkdownPage

PAGE = MarkdownPage.read(ROOT / "docs" / "recipes.md")
KUBERNETES = kubernetes_validate.latest_version().rpartition(".")[0]
DOMAIN = "ecr.example.com"
REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
#: Kinds of others, whose schemas no package has.
CUSTOM_KINDS = {"ImageRepository"}


def _blocks(language: str) -> list[CodeBlock]:
    return [block for block in PAGE.blocks if block.language == language]


def _yaml(section: str) -> Any:  # noqa: ANN401
    (block,) = [block for block in _blocks("yaml") if block.section == section]
    return yaml.safe_load(block.text)


def _objects() -> list[dict[str, Any]]:
    """All objects of Kubernetes on the page."""
    documents = [each for block in _blocks("yaml") for each in yaml.safe_load_all(block.text)]
    return [each for each in documents if "apiVersion" in each]


def _object(kind: str) -> dict[str, Any]:
    return next(each for each in _objects() if each["kind"] == kind)


def test_only_languages_that_are_checked_here_or_have_no_parser_are_used() -> None:
    assert {block.language for block in PAGE.blocks} == {"yaml", "mime", "toml", "groovy", "js"}


def test_the_github_workflow_fits_githubs_schema_and_pins_every_action() -> None:
    workflow = _yaml("GitHub Actions")
    assert schema_errors("vendor.github-workflows", workflow) == []
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []


def test_the_gitlab_pipeline_fits_gitlabs_schema() -> None:
    assert schema_errors("vendor.gitlab-ci", _yaml("GitLab CI")) == []


def test_the_renovate_rule_fits_renovates_schema() -> None:
    (block,) = _blocks("js")
    literal = block.text.partition("module.exports = ")[2].rstrip().removesuffix(";")
    config = yaml.safe_load(literal.replace("process.env.ECR_PASSWORD", "'secret'"))
    assert schema_errors("vendor.renovate", config) == []
    assert config["hostRules"][0]["matchHost"] == DOMAIN


@pytest.mark.parametrize("manifest", _objects(), ids=lambda each: f"{each['kind']}")
def test_every_manifest_fits_the_schema_of_kubernetes(manifest: dict[str, Any]) -> None:
    if manifest["kind"] in CUSTOM_KINDS:
        assert manifest["metadata"]["name"]
    else:
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_schema_notices_a_wrong_field() -> None:
    manifest = _object("CronJob")
    manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["arguments"] = []
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_cron_job_writes_a_pull_secret_without_the_token_on_a_command_line(tmp_path: Path) -> None:
    """Its script, run with an `aws` that answers with a token of ECR's length."""
    job = _object("CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["initContainers"]
    token = base64.b64encode(b"k" * 2_100).decode()
    aws = tmp_path / "aws"
    aws.write_text(f'#!/bin/sh\n[ "$*" = "ecr get-login-password --region us-west-2" ] && echo {token}\n')
    aws.chmod(0o755)
    (script,) = container["args"]
    subprocess.run(
        [*container["command"], script.replace("/work/", f"{tmp_path}/")],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        check=True,
    )
    written = tmp_path / "secret.json"
    assert written.stat().st_mode & 0o077 == 0
    secret = json.loads(written.read_text())
    kubernetes_validate.validate(secret, KUBERNETES, strict=True)
    config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    assert base64.b64decode(config["auths"][DOMAIN]["auth"]).decode() == f"AWS:{token}"
    # What other programs are given as arguments is visible to every process; printf is the shell's own.
    assert [line for line in script.splitlines() if '"$' in line and "printf '" not in line] == []


def test_the_cron_job_may_write_the_secret_that_it_writes() -> None:
    role = _object("Role")
    flux = _object("ImageRepository")
    secrets = {name for rule in role["rules"] for name in rule.get("resourceNames", [])}
    assert secrets == {flux["spec"]["secretRef"]["name"]}
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"create", "get", "patch"}


@pytest.mark.parametrize("block", _blocks("mime"), ids=("own provider of EKS", "the helper"))
def test_user_data_writes_a_provider_configuration_and_selects_it(block: CodeBlock, tmp_path: Path) -> None:
    """The script is run in a directory of the test's; the programs that it calls are stood in for."""
    _, script, node = email.message_from_string(block.text).walk()
    assert (script.get_content_type(), node.get_content_type()) == (
        "text/x-shellscript",
        "application/node.eks.aws",
    )
    for program in ("dnf", "aws", "python3.11", "pip"):
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    (tmp_path / "opt/ecr-custom/bin").mkdir(parents=True)
    (tmp_path / "pip").rename(tmp_path / "opt/ecr-custom/bin/pip")
    (tmp_path / "etc/eks/image-credential-provider").mkdir(parents=True)
    text = re.sub(r"(?<![\w.])/(?=etc/|opt/|tmp/)", f"{tmp_path}/", str(script.get_payload()))
    subprocess.run(["/bin/sh", "-c", text], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True)

    (flag,) = yaml.safe_load(str(node.get_payload()))["spec"]["kubelet"]["flags"]
    path = flag.removeprefix("--image-credential-provider-config=")
    assert flag != path
    providers = json.loads((tmp_path / path.removeprefix("/")).read_text().replace(str(tmp_path), ""))
    assert (providers["apiVersion"], providers["kind"]) == (
        "kubelet.config.k8s.io/v1",
        "CredentialProviderConfig",
    )
    assert [each["name"] for each in providers["providers"] if DOMAIN in each["matchImages"]]
    for provider in providers["providers"]:
        assert provider["apiVersion"] == "credentialprovider.kubelet.k8s.io/v1"
        for variable in provider.get("env", []):
            if variable["name"] == "AWS_ECR_CUSTOM_CONFIG":
                mapping = json.loads((tmp_path / variable["value"].removeprefix("/")).read_text())
                assert mapping[DOMAIN]["registry"] == REGISTRY


def test_code_build_runs_what_the_others_run() -> None:
    build = _yaml("CodeBuild")
    commands = [line for phase in build["phases"].values() for line in phase["commands"]]
    assert f"docker-credential-ecr-custom init {DOMAIN} {REGISTRY}" in commands
    assert PAGE.text.count(f"init {DOMAIN} {REGISTRY}") == 5


def test_argo_cds_registries_are_yaml_inside_yaml() -> None:
    config = _object("ConfigMap")
    (registry,) = yaml.safe_load(config["data"]["registries.conf"])["registries"]
    assert registry["prefix"] == DOMAIN
