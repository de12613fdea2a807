"""Which stage is meant, and what `init` writes into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.configuration_file import read_document, stage_for, stage_to_set_up, with_stage, write_document
from infra.errors import UnknownStage, UnreadableFile


def stages(**regions: str) -> dict[str, Any]:
    return {"stages": {name: {"custom_ecr_domain": {"region": region}} for name, region in regions.items()}}


TWO = {
    "stages": {
        **stages(production="eu-west-1")["stages"],
        **stages(**{"production-us-east-1": "us-east-1"})["stages"],
    }
}


@pytest.mark.parametrize(
    ("document", "stage", "region", "expected"),
    [
        (TWO, "production", None, "production"),
        (TWO, "production", "eu-west-1", "production"),
        (TWO, "production", "us-east-1", "production-us-east-1"),
        # Naming the regional stage itself does not append the region twice.
        (TWO, "production-us-east-1", "us-east-1", "production-us-east-1"),
        (TWO, "production-us-east-1", None, "production-us-east-1"),
        # Not set up, but no region is asked for either: reading the configuration says so.
        ({"stages": {"production": {}}}, "production", None, "production"),
    ],
)
def test_a_region_names_its_stage(
    document: dict[str, Any], stage: str, region: str | None, expected: str
) -> None:
    assert stage_for(document, stage, region) == expected


def test_a_region_that_is_not_set_up_is_refused_with_what_to_run() -> None:
    with pytest.raises(UnknownStage, match="init --stage production --region ap-south-1"):
        stage_for(TWO, "production", "ap-south-1")


@pytest.mark.parametrize(
    ("document", "region", "expected"),
    [
        ({"stages": {}}, "eu-west-1", "production"),
        ({"stages": {"production": {}}}, "eu-west-1", "production"),  # the example, never set up
        (stages(production="eu-west-1"), "eu-west-1", "production"),
        (stages(production="eu-west-1"), "us-east-1", "production-us-east-1"),
    ],
)
def test_the_first_region_has_the_plain_name(document: dict[str, Any], region: str, expected: str) -> None:
    assert stage_to_set_up(document, "production", region) == expected


def test_a_further_region_starts_as_the_first_without_its_place() -> None:
    first = {
        "lambda_timeout": 9,
        "api_gateway_custom_domain": {
            "domain_name": "a.b",
            "certificate_arn": "old",
            "tls_version": "TLS_1_2",
        },
        "custom_ecr_domain": {
            "region": "eu-west-1",
            "set_identifier": "eu",
            "health_check_id": "h",
            "access_log": True,
        },
    }
    document = {"stages": {"production": first}}
    changed = with_stage(
        document,
        "second",
        "production",
        {"certificate_arn": "new"},
        {"region": "us-east-1"},
        "registry.example.com",
    )
    assert changed["stages"]["second"] == {
        "lambda_timeout": 9,
        "api_gateway_custom_domain": {
            "domain_name": "a.b",
            "certificate_arn": "new",
            "tls_version": "TLS_1_2",
        },
        "custom_ecr_domain": {"region": "us-east-1", "access_log": True},
        "environment_variables": {"ECR_REGISTRY": "registry.example.com"},
    }
    assert changed["stages"]["production"] is not first
    assert changed["stages"]["production"] == first


@pytest.mark.parametrize("content", [None, "{", "[]", '{"stages": []}', '{"stages": {"a": 1}}'])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: str | None) -> None:
    (tmp_path / ".chalice").mkdir()
    if content is not None:
        (tmp_path / ".chalice/config.json").write_text(content)
    with pytest.raises(UnreadableFile) as refused:
        read_document(tmp_path)
    assert "\n" not in str(refused.value)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    write_document(tmp_path, TWO)
    assert read_document(tmp_path) == TWO
    assert [path.name for path in (tmp_path / ".chalice").iterdir()] == ["config.json"]
