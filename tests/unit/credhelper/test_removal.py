"""Removal: plans that meet a file which has changed since they were made."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from credhelper.errors import ChangedMeanwhile
from credhelper.init_outcome import InitOutcome
from credhelper.removal import remove
from credhelper.settings import HelperSettings

DOMAIN = "ecr.example.com"
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
ALL = Namespace(all=True, domain=None, registry=None)
ONE = Namespace(all=False, domain=DOMAIN, registry=None)


@pytest.fixture
def settings(tmp_path: Path) -> HelperSettings:
    """A home in which a domain is set up for Docker."""
    for path, members in (
        (".ecr/custom.json", {DOMAIN: REGISTRY}),
        (".docker/config.json", {"credHelpers": {DOMAIN: "ecr-custom", REGISTRY: "ecr-custom"}}),
    ):
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_text(json.dumps(members))
    return HelperSettings({"HOME": str(tmp_path), "AWS_ECR_CUSTOM_DISCOVER": "0"})


def carry_out(outcome: InitOutcome) -> None:
    for change in outcome.changes:
        change.apply()


def refused(outcome: InitOutcome, path: Path, text: str) -> None:
    """The plan is not carried out once `path` has another text, which it keeps."""
    path.write_text(text)
    with pytest.raises(ChangedMeanwhile):
        carry_out(outcome)
    assert path.read_text() == text


def test_a_mapping_that_was_added_meanwhile_is_not_removed_with_the_others(
    settings: HelperSettings, tmp_path: Path
) -> None:
    text = json.dumps({DOMAIN: REGISTRY, "ecr.example.net": REGISTRY})
    refused(remove(ALL, settings), tmp_path / ".ecr" / "custom.json", text)


def test_a_removal_that_has_to_begin_again_still_knows_the_registry(
    settings: HelperSettings, tmp_path: Path
) -> None:
    config = tmp_path / ".docker" / "config.json"
    refused(remove(ONE, settings), config, json.dumps(json.loads(config.read_text()) | {"a": 1}))
    outcome = remove(ONE, settings)
    assert (outcome.registry, outcome.notes) == (REGISTRY, ())
    carry_out(outcome)
    assert json.loads(config.read_text()) == {"a": 1}
