"""The checks of what a stage wants of the edge; those that ask AWS are in tests/deploy/test_refusals.py."""

from __future__ import annotations

from typing import Any

import pytest

from infra.aws import Account
from infra.checks import _edge
from infra.settings import DeploymentSettings
from infra.site import DeployedStage

REGISTRY = "registry.example.com"
PLAIN = "http://127.0.0.1:5000"


def site(partition: str, edge: str, registry: str = REGISTRY) -> DeployedStage:
    settings = DeploymentSettings(domain="ecr.example.com", edge=edge, registry=registry)
    nobody: Any = None
    return DeployedStage(
        nobody, "production", settings, {"stages": {}}, nobody, Account("123456789012", partition)
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (site("aws-cn", "on"), "CloudFront is not in the partition aws-cn; set it to off"),
        (site("aws", "on", PLAIN), f"CloudFront cannot ask {PLAIN!r}"),
        (site("aws", "on", PLAIN), "or set custom_ecr_domain.edge to off"),
    ],
)
def test_an_edge_that_cannot_be_is_refused(found: DeployedStage, words: str) -> None:
    assert words in _edge(found)


@pytest.mark.parametrize("found", [site("aws", "on"), site("aws-cn", "off"), site("aws", "off", PLAIN)])
def test_all_else_is_not(found: DeployedStage) -> None:
    assert _edge(found) == ""
