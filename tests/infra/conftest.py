"""An account with a zone and a certificate, a registry, and someone to deploy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.aws_account import AwsAccount
from tests.infra.deployer import DOMAIN, Deployer, copy_project
from tests.infra.deployer_policy import Policy
from tests.infra.public_internet import PublicInternet
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr

POLICY = Path(__file__).parents[2] / "docs" / "deployer-policy.json"


@pytest.fixture(scope="session")
def ecr(certificates: Certificates) -> Iterator[FakeEcr]:
    with FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")) as running:
        yield running


@pytest.fixture
def bare_deployer(
    tmp_path: Path, certificates: Certificates, ecr: FakeEcr, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployer]:
    """In an account with a hosted zone and nothing else, under the documented policy."""
    with AwsAccount() as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        route53 = account.client("route53", "us-east-1")
        zone = route53.create_hosted_zone(Name="example.test", CallerReference="1")["HostedZone"]["Id"]
        zone_id = zone.rpartition("/")[2]
        account.policy = Policy.read(POLICY)
        (tmp_path / "functions").mkdir()
        with PublicInternet(account, zone_id, certificates, tmp_path / "functions") as internet:
            yield Deployer(
                account, copy_project(tmp_path), internet, certificates, zone_id, f"https://{ecr.authority}"
            )


@pytest.fixture
def deployer(bare_deployer: Deployer) -> Deployer:
    """With a certificate for the domain, and `init` done."""
    bare_deployer.import_certificate(DOMAIN)
    outcome = bare_deployer.init()
    assert outcome.status == 0, outcome.err
    return bare_deployer
