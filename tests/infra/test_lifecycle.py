"""From an empty account to a working name and back, with the real Chalice CLI."""

from __future__ import annotations

import base64

import pytest

from tests.infra.deployer import DOMAIN, REGION, Deployer
from tests.standins.ecr import FakeEcr
from tests.standins.registry_store import Manifest

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def test_up_then_nothing_then_a_change_then_down(deployer: Deployer, ecr: FakeEcr) -> None:
    before = deployer.resources()

    up = deployer.run("up", "--yes", "--json")
    assert up.status == 0, up.err
    document = up.document()
    assert [change["change"] for change in document["changes"]] == [
        "KeepLogs",
        "KeepLogs",
        "Deploy",
        "Describe",
        "Describe",
        "Describe",
        "TagApi",
        "RouteName",
    ]
    print(up.err)
    again = deployer.run("plan", "--json")
    assert again.document()["changes"] == []
    down = deployer.run("down", "--yes")
    print(down.err)
    assert down.status == 0, down.err
    assert deployer.resources() == before
