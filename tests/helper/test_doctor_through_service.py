"""`doctor` through the service itself, as packaged, behind the gateway and behind CloudFront."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.settings import REDIRECT_MODE
from credhelper.domain_checks import CHECKS
from tests.clients.image import Image, store_image
from tests.helper.fake_aws import FakeAws
from tests.helper.program import REGISTRY, Program
from tests.standins.domain import running_domain
from tests.standins.package import Package


@pytest.mark.parametrize("mode", ["edge", "relay"])
def test_a_pull_and_a_push_are_tried_to_their_end(
    program: Program, aws: FakeAws, service_package: Package, tmp_path: Path, mode: str
) -> None:
    """The registry here has no name of ECR's, so the domain is mapped."""
    with running_domain(tmp_path, service_package, variables={REDIRECT_MODE: mode}) as domain:
        store_image(domain.ecr.store, Image.fresh(1000), "team/app", "1.0")
        aws.secret = domain.ecr.token
        environ = {"SSL_CERT_FILE": str(domain.certificates.authority_pem)}
        program.run("init", domain.authority, REGISTRY)
        arguments = ("doctor", f"{domain.authority}/team/app:1.0", "--push", "--json")
        report = json.loads(program.run(*arguments, environ=environ).stdout)
        log = "\n".join(domain.log)
    assert [check["check"] for check in report["checks"]] == [name for name, _ in CHECKS], report
    assert report["ok"], report["checks"][-1]
    push = report["checks"][-1]["finding"]
    assert "was started and cancelled" in push
    assert ("413" in push) is (mode == "relay")
    assert aws.secret not in log
