"""What Chalice packages: small, without third parties, and with all that the service stands on."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.standins.chalice_local import PROJECT
from tests.standins.package import CFN_LINT, Package

MOST_BYTES = 40 * 1024


def test_the_zip_is_small_and_holds_app_the_service_and_two_files_of_chalice(
    service_package: Package,
) -> None:
    with zipfile.ZipFile(service_package.archive) as archive:
        names = {name for name in archive.namelist() if not name.startswith("chalicelib/")}
        shipped = {name for name in archive.namelist() if name.startswith("chalicelib/")}
    assert names == {"app.py", "chalice/__init__.py", "chalice/app.py"}
    ours = (PROJECT / "chalicelib").rglob("*.py")
    assert shipped == {path.relative_to(PROJECT).as_posix() for path in ours}
    assert service_package.archive.stat().st_size <= MOST_BYTES


def test_the_zip_imports_nothing_of_a_third_party(service_package: Package, tmp_path: Path) -> None:
    """In an interpreter that has the standard library and the zip's content, and nothing else."""
    with zipfile.ZipFile(service_package.archive) as archive:
        archive.extractall(tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import app;"
        "tops = {name.partition('.')[0] for name in sys.modules};"
        "print(sorted(tops - sys.stdlib_module_names - {'__main__'}))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['app', 'chalice', 'chalicelib']"


def test_cfn_lint_finds_nothing_in_the_template(service_package: Package, tmp_path: Path) -> None:
    template = tmp_path / "sam.json"
    template.write_text(json.dumps(service_package.template))
    done = subprocess.run([*CFN_LINT, template], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_template_has_the_gateway_response_and_closes_the_default_endpoint(
    service_package: Package,
) -> None:
    assert_complete(json.dumps(service_package.template["Resources"]["RestAPI"]["Properties"]))


def test_both_functions_run_on_arm_with_rights_to_their_logs_alone(service_package: Package) -> None:
    resources = service_package.template["Resources"]
    functions = [each for each in resources.values() if each["Type"] == "AWS::Serverless::Function"]
    assert len(functions) == 2
    for function in functions:
        assert function["Properties"]["Architectures"] == ["arm64"]
    policies = [
        policy["PolicyDocument"]
        for each in resources.values()
        if each["Type"] == "AWS::IAM::Role"
        for policy in each["Properties"]["Policies"]
    ]
    expected = (PROJECT / ".chalice" / "policy.json").read_text(encoding="utf-8")
    assert policies
    assert all(policy == json.loads(expected.replace("{stage}", "production")) for policy in policies)


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("terraform")
    chalice = Path(sys.executable).with_name("chalice")
    command: list[str | Path] = [
        chalice,
        "package",
        "--stage",
        "production",
        "--pkg-format",
        "terraform",
        directory,
    ]
    environment = {"AWS_DEFAULT_REGION": "us-west-2", "PATH": "/usr/bin:/bin"}
    subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, check=True)
    return (directory / "chalice.tf.json").read_text(encoding="utf-8")


def test_terraform_gets_the_same(terraform: str) -> None:
    assert_complete(json.loads(terraform)["locals"]["chalice_api_swagger"])


def assert_complete(definition: str) -> None:
    assert "gatewayresponse.header.WWW-Authenticate" in definition
    assert '"disableExecuteApiEndpoint": true' in definition
