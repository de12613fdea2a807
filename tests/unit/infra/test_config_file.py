"""The stages of .chalice/config.json: which one is meant, what is read from it, what is written into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.config_file import (
    other_stages_at,
    read_document,
    settings_in,
    stage_for,
    stage_to_set_up,
    with_stage,
    write_document,
)
from infra.errors import InvalidConfiguration, UnknownStage, UnreadableFile

OWN = {"domain": "ecr.example.com", "region": "us-west-2", "hosted_zone_id": "Z1"}


def document(**stages: Any) -> dict[str, Any]:  # noqa: ANN401 - what a file may hold
    return {
        "version": "2.0",
        "app_name": "custom-ecr-domain",
        "autogen_policy": False,
        "api_gateway_endpoint_type": "REGIONAL",
        "stages": {"dev": {}, "production": {"custom_ecr_domain": OWN}, **stages},
    }


def test_settings_stand_under_our_key_and_in_the_functions_environment() -> None:
    entry = {"custom_ecr_domain": {**OWN, "edge": "off"}, "environment_variables": {"REDIRECT_MODE": "plain"}}
    settings = settings_in(document(production=entry), "production")
    assert (settings.domain, settings.mode) == ("ecr.example.com", "plain")


def test_what_is_written_is_read_again_and_the_rest_stays() -> None:
    before = document(production={"lambda_memory_size": 512, "environment_variables": {"MINE": "1"}})
    flags = {**OWN, "registry": "222222222222.dkr.ecr.us-west-2.amazonaws.com", "log_retention_in_days": 30}
    settings = settings_in(before, "production", flags)
    after = with_stage(before, "production", settings)
    assert settings_in(after, "production") == settings
    stage = after["stages"]["production"]
    assert stage["lambda_memory_size"] == 512
    assert stage["environment_variables"]["MINE"] == "1"
    assert before["stages"]["production"] == {
        "lambda_memory_size": 512,
        "environment_variables": {"MINE": "1"},
    }


def test_a_setting_that_is_back_at_its_default_is_no_longer_written() -> None:
    longer = with_stage(document(), "production", settings_in(document(), "production", {"dashboard": "on"}))
    default = settings_in(longer, "production", {"dashboard": "off"})
    assert (
        "dashboard"
        not in with_stage(longer, "production", default)["stages"]["production"]["custom_ecr_domain"]
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"custom_ecr_domain": {**OWN, "retention": 3}}, "custom_ecr_domain.retention=3"),
        ({"custom_ecr_domain": {**OWN, "registry": "x"}}, "is unknown; there are domain"),
        ({"custom_ecr_domain": "on"}, "custom_ecr_domain='on'"),
        ({"environment_variables": []}, "environment_variables=[]"),
        ({"environment_variables": {"ECR_REGISTRY": 7}}, "environment_variables.ECR_REGISTRY=7"),
        ({"api_gateway_endpoint_type": "EDGE"}, "api_gateway_endpoint_type='EDGE'"),
        ({"autogen_policy": True}, "autogen_policy=True"),
        ({"manage_iam_role": False}, "manage_iam_role=False"),
        ({"minimum_compression_size": 0}, "minimum_compression_size=0"),
        ({"log_retention_in_days": 3}, "log_retention_in_days=3"),
        ({"api_gateway_custom_domain": {"domain_name": "x"}}, "api_gateway_custom_domain="),
    ],
)
def test_what_cannot_work_is_refused_in_one_line(changes: dict[str, Any], words: str) -> None:
    entry = {"custom_ecr_domain": OWN, **changes}
    with pytest.raises(InvalidConfiguration) as refused:
        settings_in(document(production=entry), "production")
    assert words in str(refused.value)
    assert "stage 'production' in .chalice/config.json" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("stage", ["pro_duction", "-x", "a" * 24, "pröd"])
def test_a_stage_whose_name_does_not_fit_the_edge_stack_is_refused(stage: str) -> None:
    with pytest.raises(InvalidConfiguration, match="at most 23 letters"):
        settings_in(document(**{stage: {"custom_ecr_domain": OWN}}), stage)


def test_without_the_edge_a_regional_stage_may_have_a_longer_name() -> None:
    stage = "production-ap-southeast-1"
    assert not settings_in(document(**{stage: {"custom_ecr_domain": {**OWN, "edge": "off"}}}), stage).has_edge


def test_a_stage_that_was_not_set_up_says_which_are_and_what_to_do() -> None:
    with pytest.raises(UnknownStage) as unknown:
        settings_in(document(), "dev")
    assert "set up are production" in str(unknown.value)
    assert ".venv/bin/ecr-domain init --stage dev --region REGION --domain NAME`" in str(unknown.value)


def test_a_further_region_is_a_stage_of_its_own() -> None:
    known = document(**{"production-eu-west-1": {"custom_ecr_domain": {**OWN, "region": "eu-west-1"}}})
    assert stage_for(known, "production", None) == "production"
    assert stage_for(known, "production", "us-west-2") == "production"
    assert stage_for(known, "production", "eu-west-1") == "production-eu-west-1"
    assert stage_to_set_up(known, "production", "us-west-2") == "production"
    assert stage_to_set_up(known, "production", "ap-south-1") == "production-ap-south-1"
    assert stage_to_set_up(known, "new", "ap-south-1") == "new"
    assert other_stages_at(known, "production", "ecr.example.com") == ("production-eu-west-1",)
    with pytest.raises(UnknownStage, match="init --stage production --region ap-south-1"):
        stage_for(known, "production", "ap-south-1")


def test_a_further_region_inherits_no_registry() -> None:
    first = with_stage(
        document(), "production", settings_in(document(), "production", {"registry": "r.example.com"})
    )
    further = settings_in(first, "production-eu-west-1", {**OWN, "region": "eu-west-1", "edge": "off"})
    assert further.registry == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is missing"),
        ("{", "is not valid JSON"),
        ("[]", "no object `stages`"),
        ('{"stages": {"a": 1}}', "stages"),
    ],
)
def test_a_file_that_is_not_a_configuration_is_refused(
    content: str | None, words: str, tmp_path: Path
) -> None:
    (tmp_path / ".chalice").mkdir()
    if content is not None:
        (tmp_path / ".chalice" / "config.json").write_text(content)
    with pytest.raises(UnreadableFile, match=words):
        read_document(tmp_path)


def test_a_document_is_written_whole(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    write_document(tmp_path, document())
    assert read_document(tmp_path) == document()
    assert [path.name for path in (tmp_path / ".chalice").iterdir()] == ["config.json"]
    assert json.loads((tmp_path / ".chalice" / "config.json").read_text()) == document()


def test_a_document_keeps_its_mode_and_the_link_to_it(tmp_path: Path) -> None:
    """It may hold secrets, and may lie elsewhere."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / "elsewhere").mkdir()
    link, file = tmp_path / ".chalice" / "config.json", tmp_path / "elsewhere" / "mine.json"
    file.write_text("{}")
    file.chmod(0o600)
    link.symlink_to("../elsewhere/mine.json")
    write_document(tmp_path, document())
    assert link.is_symlink()
    assert json.loads(file.read_text()) == document()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("tags", ["mine", {"cost": 7}])
def test_tags_that_cannot_be_a_stacks_are_refused(tags: object) -> None:
    with pytest.raises(InvalidConfiguration, match="tags="):
        settings_in(document(production={"custom_ecr_domain": OWN, "tags": tags}), "production")
