"""Each gap that chalice_patches closes, shown open in Chalice itself.

A test here that fails tells that this Chalice closes or moves the gap: delete what closed it.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPMessage, parse_headers
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import chalice
import pytest
from chalice.app import Chalice, Response
from chalice.config import Config
from chalice.deploy import packager
from chalice.deploy.deployer import PolicyGenerator
from chalice.deploy.models import FileBasedIAMPolicy
from chalice.deploy.swagger import SwaggerGenerator
from chalice.local import LambdaEventConverter, RouteMatcher
from chalice.policy import AppPolicyGenerator
from chalice.utils import OSUtils

from chalice_patches import packaging as patches
from chalice_patches.local_server import GatewayEventConverter, GreedyRouteMatcher
from chalice_patches.shipped_source import without_comments

ROUTES = ["/", "/{proxy+}", "/_challenge/{proxy+}"]


def headers(text: str) -> HTTPMessage:
    return parse_headers(BytesIO(text.replace("\n", "\r\n").encode() + b"\r\n"))


def small_app() -> Chalice:
    app = Chalice(app_name="small")
    app.route("/{proxy+}")(lambda: Response(""))
    return app


def test_chalice_is_the_one_these_gaps_were_found_in() -> None:
    assert chalice.__version__ == "1.34.0"


def test_chalice_cannot_match_a_greedy_route_below_one_segment() -> None:
    with pytest.raises(ValueError, match="No matching route"):
        RouteMatcher(ROUTES).match_route("/v2/my-repo/manifests/latest")


@pytest.mark.parametrize(
    ("url", "route", "proxy"),
    [
        ("/", "/", None),
        ("/?n=1", "/", None),
        ("/v2/", "/{proxy+}", "v2"),
        ("/v2/my-repo/blobs/uploads/", "/{proxy+}", "v2/my-repo/blobs/uploads"),
        ("/_challenge/v2/x", "/_challenge/{proxy+}", "v2/x"),
        ("/_challenge", "/{proxy+}", "_challenge"),
        ("/_challenge/", "/{proxy+}", "_challenge"),
        ("/_challenged/x", "/{proxy+}", "_challenged/x"),
    ],
)
def test_greedy_routes_match_as_at_the_gateway(url: str, route: str, proxy: str | None) -> None:
    match = GreedyRouteMatcher(ROUTES).match_route(url)
    assert (match.route, match.captured.get("proxy")) == (route, proxy)


def test_chalices_local_events_have_neither_path_nor_repeated_headers() -> None:
    event = LambdaEventConverter(RouteMatcher(["/{x}"])).create_lambda_event("GET", "/v2", {"A": "b"})
    assert "path" not in event
    assert "multiValueHeaders" not in event


def test_local_events_have_them_as_the_gateways_do() -> None:
    converter = GatewayEventConverter(GreedyRouteMatcher(ROUTES), ["application/octet-stream"])
    lines = headers("Accept: a/b\nAccept: c/d\nHost: x\n")
    event = converter.create_lambda_event("GET", "/v2/x/?n=1&n=2&last=", lines)
    assert event["path"] == "/v2/x/"
    assert event["multiValueHeaders"]["accept"] == ["a/b", "c/d"]
    assert event["multiValueQueryStringParameters"] == {"n": ["1", "2"], "last": [""]}


def test_local_bodies_are_base64_or_text_as_at_the_gateway() -> None:
    converter = GatewayEventConverter(GreedyRouteMatcher(ROUTES), ["application/octet-stream"])
    layer = converter.create_lambda_event(
        "PUT", "/x", headers("Content-Type: application/octet-stream\n"), b"\xff"
    )
    assert (layer["body"], layer["isBase64Encoded"]) == ("/w==", True)
    text = converter.create_lambda_event("PUT", "/x", headers("Content-Type: text/plain\n"), b"\xff")
    assert text["body"] == "\ufffd"


def test_chalice_configures_no_gateway_response_and_leaves_the_default_host_open() -> None:
    document = patches._generate_swagger(generator(), small_app(), rest_api(domain_name="x"))
    assert "x-amazon-apigateway-gateway-responses" not in document
    assert "x-amazon-apigateway-endpoint-configuration" not in document


def test_the_document_has_the_challenge_and_closes_the_default_host_beside_a_domain() -> None:
    document = patches.generate_swagger(generator(), small_app(), rest_api(domain_name="x"))
    responses = document["x-amazon-apigateway-gateway-responses"]
    assert set(responses) == {"UNAUTHORIZED", "REQUEST_TOO_LARGE", "DEFAULT_4XX", "DEFAULT_5XX"}
    # A variable of the request in a text of the gateway's could be a credential.
    assert "$" not in json.dumps(responses)
    unauthorized = responses["UNAUTHORIZED"]
    assert unauthorized["statusCode"] == "401"
    parameters = unauthorized["responseParameters"]
    assert parameters == {"gatewayresponse.header.WWW-Authenticate": "'Basic realm=\"Amazon ECR\"'"}
    assert (
        json.loads(unauthorized["responseTemplates"]["application/json"])["errors"][0]["code"]
        == "UNAUTHORIZED"
    )
    assert document["x-amazon-apigateway-endpoint-configuration"] == {"disableExecuteApiEndpoint": True}


@pytest.mark.parametrize(
    ("variable", "value", "domain"),
    [
        ("ECR_REGISTRY", "ecr.example.com", "ecr.example.com"),
        ("ECR_REGISTRY", "ECR.example.com", "ecr.Example.com"),
        ("ECR_REGISTRY", "https://ecr.example.com:8443", "ecr.example.com"),
        ("ECR_REGISTRIES", '{"team/": "Ecr.example.com"}', "ecr.example.com"),
    ],
)
def test_a_domain_is_not_deployed_in_front_of_itself(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    domain: str,
) -> None:
    """Each relay would be a relay's relay, until the account's concurrency is used up."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        patches.generate_swagger(generator(), small_app(), rest_api(domain))
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"custom-ecr-domain: {variable} names 'ecr.example.com")
    assert "the custom domain itself" in line


def test_without_a_domain_the_default_host_is_the_only_one_and_stays_open() -> None:
    document = patches.generate_swagger(generator(), small_app(), rest_api(domain_name=None))
    assert "x-amazon-apigateway-endpoint-configuration" not in document


class RecordingBuilder(packager.DependencyBuilder):
    """A builder that writes down what it would download, and downloads nothing."""

    def __init__(self) -> None:
        super().__init__(OSUtils())
        self.requirements: list[str] = []

    def _has_at_least_one_package(self, filename: str) -> bool:
        self.requirements.append(Path(filename).read_text(encoding="utf-8"))
        return False


def test_chalice_would_bundle_itself_with_all_that_its_commands_need(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("chalice==1.34.0\n")
    builder = RecordingBuilder()
    patches._build_site_packages(builder, "cp311", str(file), str(tmp_path))
    assert builder.requirements == ["chalice==1.34.0\n"]


@pytest.mark.parametrize(
    ("requirements", "left"),
    [
        ("chalice==1.34.0\n", ""),
        ("# why\nChalice >= 1\n", "# why\n"),
        ("chalice[event-file-poller]\n", ""),
        ("chalice-extras\nboto3\n", "chalice-extras\nboto3\n"),
    ],
)
def test_all_requirements_but_chalice_are_bundled(requirements: str, left: str, tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(requirements)
    builder = RecordingBuilder()
    patches.build_site_packages(builder, "cp311", str(file), str(tmp_path))
    assert builder.requirements == [left]


class AnyPackager(packager.BaseLambdaDeploymentPackager):
    """The part that lists files, which needs nothing but a file system."""

    def __init__(self) -> None:
        self._osutils = OSUtils()


SOURCE = """\'\'\'Why.\'\'\'

class Empty(Exception):
    \'\'\'What it means.\'\'\'

def say():  # why
    \'\'\'What it does,
    on two lines.\'\'\'
    return "# not a comment"
"""


def shipped(project: Path, add: Any) -> dict[str, str]:  # noqa: ANN401  Chalice's method or ours
    """Name and content of each file that is added to the zip."""
    (project / "app.py").write_text(SOURCE)
    for name in ("a.py", "__pycache__/a.cpython-311.pyc"):
        (project / "chalicelib" / name).parent.mkdir(parents=True, exist_ok=True)
        (project / "chalicelib" / name).write_text(SOURCE)
    with ZipFile(BytesIO(), "w") as zipped:
        add(AnyPackager(), zipped, str(project))
        return {name: zipped.read(name).decode() for name in zipped.namelist()}


def test_bytecode_and_comments_are_shipped_by_chalice(tmp_path: Path) -> None:
    files = shipped(tmp_path, patches._add_app_files)
    assert "chalicelib/__pycache__/a.cpython-311.pyc" in files
    assert files["app.py"] == SOURCE


def test_bytecode_and_comments_are_not_shipped_by_us(tmp_path: Path) -> None:
    files = shipped(tmp_path, patches.add_app_files)
    assert set(files) == {"chalice/app.py", "chalice/__init__.py", "app.py", "chalicelib/a.py"}
    assert "hy" not in files["app.py"]
    assert "What it" not in files["app.py"]


def test_what_is_shipped_is_the_same_program_on_the_same_lines() -> None:
    lines = without_comments(SOURCE).splitlines()
    assert lines[2:4] == ["class Empty(Exception):", "    pass"]
    assert lines[5] == "def say():"
    assert lines[8] == '    return "# not a comment"'
    for path in (Path(__file__).parents[3] / "chalicelib").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        compile(without_comments(source), path.name, "exec")
        assert without_comments(source).count("\n") == source.count("\n")


def test_the_zip_depends_on_the_source_alone(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SOURCE)
    archives = []
    for seconds in (1_000_000_000, 1_500_000_000):
        os.utime(tmp_path / "app.py", (seconds, seconds))
        file = BytesIO()
        with ZipFile(file, "w") as zipped:
            patches.add_app_files(AnyPackager(), zipped, str(tmp_path))
        archives.append(file.getvalue())
    assert archives[0] == archives[1]


def test_one_policy_file_is_the_same_for_all_stages_in_chalice_and_not_in_ours(tmp_path: Path) -> None:
    file = tmp_path / "policy.json"
    file.write_text('{"Resource": "group/x-{stage}"}')
    documents = []
    for handle in (patches._file_based_policy, patches.file_based_policy):
        policy = FileBasedIAMPolicy(document={}, filename=str(file))
        handle(PolicyGenerator(AppPolicyGenerator(OSUtils()), OSUtils()), Config(chalice_stage="dev"), policy)
        documents.append(policy.document)
    assert documents == [{"Resource": "group/x-{stage}"}, {"Resource": "group/x-dev"}]


def generator() -> SwaggerGenerator:
    return SwaggerGenerator("us-west-2", {"api_handler_arn": "arn:aws:lambda:us-west-2:1:function:x"})


def rest_api(domain_name: str | None) -> Any:  # noqa: ANN401  the few fields of Chalice's RestAPI that are read
    domain = None if domain_name is None else SimpleNamespace(domain_name=domain_name)
    return SimpleNamespace(policy=None, vpce_ids=None, domain_name=domain)
