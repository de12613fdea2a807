"""The stand-in for Lambda runs the packaged zip, and nothing but it, the way Lambda does."""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.standins.lambda_environment import RESPONSE_LIMIT, InvocationOutcome
from tests.standins.lambda_function import REQUEST_LIMIT, LambdaFunction, PayloadTooLarge
from tests.standins.package import FunctionSource, Package, PackagingFailed, package


def event(**query: object) -> bytes:
    """A minimal event of the gateway for the sample's greedy route."""
    return json.dumps(
        {
            "httpMethod": "GET",
            "path": "/x",
            "pathParameters": {"proxy": "x"},
            "queryStringParameters": {key: str(value) for key, value in query.items()},
            "multiValueQueryStringParameters": {key: [str(value)] for key, value in query.items()},
            "headers": {},
            "multiValueHeaders": {},
            "stageVariables": None,
            "body": None,
            "isBase64Encoded": False,
            "requestContext": {"resourcePath": "/{proxy+}", "httpMethod": "GET"},
        }
    ).encode()


def document_of(outcome: InvocationOutcome) -> dict[str, Any]:
    assert not outcome.failed, outcome.payload
    document: dict[str, Any] = json.loads(json.loads(outcome.payload)["body"])
    return document


def error(outcome: InvocationOutcome) -> str:
    assert outcome.failed
    kind: str = json.loads(outcome.payload)["errorType"]
    return kind


@pytest.fixture
def function(sample: Package, tmp_path: Path) -> Iterator[LambdaFunction]:
    with LambdaFunction(sample.functions["APIHandler"], tmp_path / "function") as running:
        yield running


def test_the_package_is_read_as_a_deployment_resolves_it(sample: Package) -> None:
    handler, authorizer = sample.functions["APIHandler"], sample.functions["Credentials"]
    assert (handler.handler, handler.timeout) == ("app.app", 2)
    assert handler.environment == {"GREETING": "hello"}
    assert authorizer.handler == "app.credentials"
    assert sample.stage == "live"
    uri = sample.definition["paths"]["/{proxy+}"]["get"]["x-amazon-apigateway-integration"]["uri"]
    assert uri == f"arn:aws:apigateway:us-west-2:lambda:path/2015-03-31/functions/{handler.arn}/invocations"
    assert "Fn::" not in json.dumps(sample.definition)


def test_a_project_that_chalice_refuses_is_reported_in_its_words(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match=r"\.chalice"):
        package(tmp_path, "dev", tmp_path / "out")


def test_the_process_sees_the_zip_the_runtime_and_nothing_else(
    function: LambdaFunction, tmp_path: Path
) -> None:
    seen = document_of(function.invoke(event()))
    root = function.task_root
    assert Path(seen["modules"]["app"]) == root / "app.py"
    assert Path(seen["modules"]["chalice"]) == root / "chalice" / "__init__.py"
    assert not [entry for entry in seen["path"] if "site-packages" in entry]
    assert [entry for entry in seen["path"] if entry.startswith(str(tmp_path))] == [
        str(root),
        str(tmp_path / "function" / "runtime"),
    ]
    runtime = {path.name for path in (tmp_path / "function" / "runtime").iterdir()}
    assert {"awslambdaric", "simplejson"} <= runtime
    assert not list(root.rglob("__pycache__"))


def test_the_environment_is_lambdas(function: LambdaFunction) -> None:
    seen = document_of(function.invoke(event()))
    variables = seen["variables"]
    assert variables["GREETING"] == "hello"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == function.source.name
    assert variables["AWS_REGION"] == "us-west-2"
    assert variables["LAMBDA_TASK_ROOT"] == str(function.task_root)
    assert "AWS_CHALICE_CLI_MODE" not in variables
    assert "VIRTUAL_ENV" not in variables
    assert seen["arn"] == function.source.arn
    assert 0 < seen["remaining"] <= 2000


def test_environments_are_kept_warm_and_started_cold_when_needed(function: LambdaFunction) -> None:
    pids = {document_of(function.invoke(event()))["pid"] for _ in range(5)}
    assert len(pids) == 1
    assert function.cold_starts == 1
    function.recycle()
    assert document_of(function.invoke(event()))["pid"] not in pids
    assert function.cold_starts == 2


def test_parallel_invocations_run_in_parallel_up_to_the_limit(sample: Package, tmp_path: Path) -> None:
    source = sample.functions["APIHandler"]
    with (
        LambdaFunction(source, tmp_path / "function", limit=2) as function,
        ThreadPoolExecutor(6) as callers,
    ):
        outcomes = list(callers.map(function.invoke, [event(sleep=0.2)] * 6))
        assert len({document_of(each)["pid"] for each in outcomes}) == 2
        assert function.cold_starts == 2


def test_a_timeout_kills_the_environment_and_the_next_is_cold(function: LambdaFunction) -> None:
    first = document_of(function.invoke(event()))["pid"]
    start = time.monotonic()
    outcome = function.invoke(event(sleep=30))
    assert error(outcome) == "Sandbox.Timedout"
    assert b"Task timed out after 2.00 seconds" in outcome.payload
    assert 1.9 < time.monotonic() - start < 4.5
    assert document_of(function.invoke(event()))["pid"] != first
    assert any("Task timed out" in line for line in function.log)


def test_a_process_that_dies_fails_its_invocation_only(function: LambdaFunction) -> None:
    assert error(function.invoke(event(exit=3))) == "Runtime.ExitError"
    assert document_of(function.invoke(event()))
    assert function.kill_one()
    assert any(not function.invoke(event()).failed for _ in range(2))


def test_both_streams_are_the_log(function: LambdaFunction) -> None:
    document_of(function.invoke(event()))
    function.recycle()
    for line in ("initialised", "a line on stdout", "a line on stderr"):
        assert any(line in written for written in function.log)


def test_payload_limits(function: LambdaFunction) -> None:
    with pytest.raises(PayloadTooLarge):
        function.submit(b" " * (REQUEST_LIMIT + 1))
    padding = REQUEST_LIMIT - len(event())
    assert document_of(function.invoke(event() + b" " * padding))
    assert error(function.invoke(event(size=RESPONSE_LIMIT))) == "Function.ResponseSizeTooLarge"
    assert not function.invoke(event(size=RESPONSE_LIMIT - 1000)).failed


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("raise ValueError('wrong setting')", "ValueError"),
        ("import sys; sys.exit(4)", "Runtime.ExitError"),
        ("handler = 1 +", "Runtime.UserCodeSyntaxError"),
        ("import trustme", "Runtime.ImportModuleError"),  # installed here, absent from the zip
    ],
)
def test_a_function_that_cannot_start_fails_every_invocation(tmp_path: Path, code: str, kind: str) -> None:
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("app.py", code)
    source = FunctionSource("bad", "arn:aws:lambda:us-west-2:123456789012:function:bad", "app.app", archive)
    with LambdaFunction(source, tmp_path / "function") as function:
        assert [error(function.invoke(b"{}")) for _ in range(2)] == [kind, kind]
        assert function.cold_starts == 2


def test_stop_leaves_no_process(sample: Package, tmp_path: Path) -> None:
    function = LambdaFunction(sample.functions["APIHandler"], tmp_path / "function")
    with function:
        pid = document_of(function.invoke(event()))["pid"]
        under_way = function.submit(event(sleep=1.5))
    assert under_way.cancelled() or under_way.result().failed
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
