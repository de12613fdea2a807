"""What Chalice packages: small, without third parties, and with all that the service stands on."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.standins.package import REGION, Package
from tests.standins.project import ROOT, STAGE, make_project, with_chalices_domain
from tests.unit.service.gateway_events import event

MOST_BYTES = 40 * 1024


def test_the_zip_is_small_and_holds_app_the_service_and_two_files_of_chalice(
    service_package: Package,
) -> None:
    with zipfile.ZipFile(service_package.archive) as archive:
        names = {name for name in archive.namelist() if not name.startswith("chalicelib/")}
        shipped = {name for name in archive.namelist() if name.startswith("chalicelib/")}
    assert names == {"app.py", "chalice/__init__.py", "chalice/app.py"}
    ours = (ROOT / "chalicelib").rglob("*.py")
    assert shipped == {path.relative_to(ROOT).as_posix() for path in ours}
    assert service_package.archive.stat().st_size <= MOST_BYTES


@pytest.fixture(scope="module")
def unpacked(service_package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(service_package.archive) as archive:
        archive.extractall(directory)
    return directory


def run_packaged(unpacked: Path, program: str, **environment: str) -> str:
    """What a program prints in an interpreter that has the standard library and the zip's content alone."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(unpacked)!r}); {program}"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_zip_imports_nothing_of_a_third_party(unpacked: Path) -> None:
    program = (
        "import app; tops = {name.partition('.')[0] for name in sys.modules};"
        "print(sorted(tops - sys.stdlib_module_names - {'__main__'}))"
    )
    assert run_packaged(unpacked, program).strip() == "['app', 'chalice', 'chalicelib']"


RELAYS_OWN = ["chalicelib.relaying", "http.client", "socket", "ssl"]
LOADED = f"print([name for name in {RELAYS_OWN} if name in sys.modules])"


@pytest.mark.parametrize(
    ("mode", "loaded"), [("edge", []), ("plain", []), ("relay", RELAYS_OWN), ("", RELAYS_OWN)]
)
def test_what_only_the_relay_needs_is_imported_by_mode_relay_alone(
    unpacked: Path, mode: str, loaded: list[str]
) -> None:
    assert run_packaged(unpacked, f"import app; {LOADED}", REDIRECT_MODE=mode).strip() == str(loaded)


@pytest.mark.parametrize("mode", ["edge", "plain"])
@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/r/blobs/uploads/", "/", "/v2/../x", "/_registry/evil.example.com/v2/"]
)
def test_no_request_but_one_for_the_relay_imports_it(unpacked: Path, path: str, mode: str) -> None:
    upload = event("POST", path, headers={"Authorization": ["Basic QVdTOnRva2Vu"]})
    program = (
        "import app, types; context = types.SimpleNamespace(aws_request_id='x', invoked_function_arn='');"
        f"print(app.app({upload!r}, context)['statusCode'] < 500); {LOADED}"
    )
    output = run_packaged(unpacked, program, REDIRECT_MODE=mode, ECR_REGISTRY="registry.example.com")
    assert output.splitlines()[-2:] == ["True", "[]"]


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
    expected = (ROOT / ".chalice" / "policy.json").read_text(encoding="utf-8")
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
        STAGE,
        "--pkg-format",
        "terraform",
        directory,
    ]
    # The stage's own certificate says which region it is in.
    environment = {"PATH": "/usr/bin:/bin"}
    project = make_project(directory / "project", {STAGE: with_chalices_domain(REGION)})
    subprocess.run(command, cwd=project, env=environment, capture_output=True, check=True)
    return (directory / "chalice.tf.json").read_text(encoding="utf-8")


def test_terraform_gets_the_same(terraform: str) -> None:
    assert_complete(json.loads(terraform)["locals"]["chalice_api_swagger"])


def assert_complete(definition: str) -> None:
    assert "gatewayresponse.header.WWW-Authenticate" in definition
    assert '"disableExecuteApiEndpoint": true' in definition
