"""An account with a zone and a certificate, a registry, and someone to deploy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.service_template import Packaging, service_package
from tests.deploy.aws_account import AwsAccount
from tests.deploy.console import Console
from tests.deploy.deployer import REGION, Deployer, FakeClock, copy_project
from tests.deploy.deployer_rights import give_rights
from tests.deploy.foreign import make_foreign_things
from tests.deploy.kept_packages import KeptPackages
from tests.deploy.public_internet import PublicInternet
from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr


@pytest.fixture(scope="session")
def ecr(certificates: Certificates) -> Iterator[FakeEcr]:
    with FakeEcr(certificates.server_context("127.0.0.1", "127.0.0.2")) as running:
        yield running


@pytest.fixture(scope="session")
def account() -> Iterator[AwsAccount]:
    """One for all tests, each of which finds it empty: making clients is the slow part."""
    with AwsAccount() as account, pytest.MonkeyPatch.context() as patch:
        for name, value in account.environment.items():
            patch.setenv(name, value)
        yield account


@pytest.fixture
def console(account: AwsAccount) -> Console:
    account.reset()
    return Console(account)


@contextmanager
def account_with_zone(
    account: AwsAccount,
    directory: Path,
    certificates: Certificates,
    ecr: FakeEcr,
    package: Packaging = service_package,
) -> Iterator[Deployer]:
    """Someone in an account with a hosted zone and what other teams have, under the deployer's policies."""
    account.reset()
    account.stacks.pace = 3
    route53 = account.client("route53", "us-east-1")
    zone = route53.create_hosted_zone(Name="example.test", CallerReference="1")["HostedZone"]["Id"]
    zone_id = zone.rpartition("/")[2]
    make_foreign_things(account, zone_id, REGION)
    give_rights(account, REGION, zone_id)
    (directory / "functions").mkdir()
    time = FakeClock()
    with PublicInternet(account, zone_id, certificates, directory / "functions", time.now) as internet:
        registry = f"https://{ecr.authority}"
        yield Deployer(account, copy_project(directory), internet, zone_id, registry, time, package)


@pytest.fixture(scope="session")
def kept_packages(tmp_path_factory: pytest.TempPathFactory) -> KeptPackages:
    return KeptPackages(tmp_path_factory.mktemp("packages"))


@pytest.fixture
def bare_deployer(
    account: AwsAccount,
    tmp_path: Path,
    certificates: Certificates,
    ecr: FakeEcr,
    kept_packages: KeptPackages,
) -> Iterator[Deployer]:
    with account_with_zone(account, tmp_path, certificates, ecr, kept_packages) as deployer:
        yield deployer


@pytest.fixture
def deployer(bare_deployer: Deployer) -> Deployer:
    """With `init` done."""
    outcome = bare_deployer.init()
    assert outcome.status == 0, outcome.err
    return bare_deployer
