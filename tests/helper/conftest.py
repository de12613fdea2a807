"""What every test of the helper needs: the installed program, a home, and AWS and a domain on loopback."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.helper.fake_aws import SECRET, FakeAws, fake_aws
from tests.helper.fake_domain import FakeDomain, fake_domain
from tests.helper.program import Program, install, measure

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed script, in a virtual environment with a blank in its path."""
    installed = install(tmp_path_factory.mktemp("installed") / "with blank")
    if config := os.environ.get("COVERAGE_PROCESS_CONFIG"):
        measure(installed, config)
    return installed


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def aws() -> Iterator[FakeAws]:
    with fake_aws() as running:
        yield running


@pytest.fixture
def domain(authority: trustme.CA) -> Iterator[FakeDomain]:
    with fake_domain(authority) as running:
        yield running


@pytest.fixture
def program(script: Path, tmp_path: Path, aws: FakeAws, authority: trustme.CA) -> Program:
    """The program in an empty home, with AWS keys, AWS at `aws` and the test's authority trusted."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "run").mkdir(mode=0o700)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return Program(
        script,
        home,
        {
            "HOME": str(home),
            "PATH": f"{script.parent}:/usr/local/bin:/usr/bin:/bin",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": aws.url,
            "SSL_CERT_FILE": str(tmp_path / "authority.pem"),
            # Most tests have no client's configuration that could name the domain.
            "AWS_ECR_CUSTOM_DISCOVER": "1",
            # podman and skopeo would keep theirs outside of the home.
            "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        },
    )


@pytest.fixture
def healthy(program: Program, domain: FakeDomain) -> Program:
    """The program, set up for a domain whose registry takes the token of the fake AWS."""
    domain.password = SECRET
    program.init(domain.host)
    return program
