"""`doctor`: its checks in order, the first failure with its next step, and the same for machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import pytest
import trustme

from tests.helper.connect_proxy import connect_proxy
from tests.helper.doctor import DOMAIN_NAMES, examined, names_of
from tests.helper.fake_aws import SECRET, FakeAws, fake_aws
from tests.helper.fake_domain import FakeDomain, Mode, fake_domain
from tests.helper.program import REGISTRY, Program
from tests.standins.http_message import HttpResponse
from tests.standins.http_server import HttpServer

NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize("mode", [Mode.EDGE, Mode.RELAY])
def test_all_is_well_in_each_mode(healthy: Program, domain: FakeDomain, mode: Mode) -> None:
    domain.mode = mode
    checks = examined(healthy, domain.host, AWS_ECR_CUSTOM_DISCOVER="")
    assert names_of(checks) == DOMAIN_NAMES
    assert all(check.ok and not check.next_step for check in checks)
    assert checks[5].finding == f"redirects to {REGISTRY}"
    assert "arn:aws:iam::123456789012:user/tester" in checks[6].finding
    assert checks[-1].finding == f"{domain.host} accepts the token"


def test_people_get_a_line_for_each(healthy: Program, domain: FakeDomain) -> None:
    result = healthy.run("doctor")
    assert result.code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{domain.host}:"
    assert [line.split()[:2] for line in lines[1:]] == [["ok", name] for name in DOMAIN_NAMES]
    assert SECRET not in result.stdout


class FailingCheck(NamedTuple):
    """The check that finds it, words of the next step there, and what is broken."""

    check: str
    next_step: str
    environ: Mapping[str, str] = {}
    docker_config: str = ""
    custom_json: str = ""
    status: int = 307
    location: str = f"https://{REGISTRY}/"
    token_response: object = None
    password: str = SECRET


@pytest.mark.parametrize(
    "failing",
    [
        FailingCheck("helper", "pipx ensurepath", environ={"PATH": "/usr/bin"}),
        FailingCheck("client", "docker-credential-ecr-custom init localhost:", docker_config="{}"),
        FailingCheck("client", "correct the file", docker_config="{,}"),
        FailingCheck("mapping", "correct the file", custom_json="{,}"),
        FailingCheck("mapping", "init localhost:", environ={"AWS_ECR_CUSTOM_DISCOVER": "0"}),
        FailingCheck("certificate", "SSL_CERT_FILE", environ={"SSL_CERT_FILE": "/dev/null"}),
        FailingCheck("redirect", "redirect service is deployed", status=403),
        FailingCheck("redirect", "with its registry", location="https://evil.test/v2/"),
        FailingCheck("identity", "aws configure", environ=NO_KEYS),
        FailingCheck("token", "", token_response={"authorizationData": []}),
        FailingCheck("registry", "mean the same registry", password="another"),
    ],
)
def test_the_first_failure_ends_it_with_the_next_step(
    healthy: Program, domain: FakeDomain, aws: FakeAws, failing: FailingCheck
) -> None:
    if failing.docker_config:
        healthy.configure_docker(failing.docker_config)
    if failing.custom_json:
        healthy.map(failing.custom_json)
    domain.status, domain.location, domain.password = failing.status, failing.location, failing.password
    aws.token_response = failing.token_response
    checks = examined(healthy, domain.host, **failing.environ)
    assert names_of(checks) == DOMAIN_NAMES[: DOMAIN_NAMES.index(failing.check) + 1]
    assert [each.ok for each in checks] == [True] * (len(checks) - 1) + [False]
    assert failing.next_step in checks[-1].next_step


def test_a_domain_that_names_no_registry_needs_a_mapping(healthy: Program, domain: FakeDomain) -> None:
    """nginx in front of ECR, for example."""
    domain.status, domain.location, domain.challenges = 404, "", True
    assert examined(healthy, domain.host)[-1].check == "redirect"
    healthy.map({domain.host: REGISTRY})
    checks = examined(healthy, domain.host)
    assert names_of(checks) == DOMAIN_NAMES
    assert f"stands for {REGISTRY} all the same" in checks[5].finding


def test_a_token_that_is_denied_names_the_action(healthy: Program, domain: FakeDomain, aws: FakeAws) -> None:
    with fake_aws() as denying:
        denying.error = (400, "AccessDeniedException", "User: x is not authorized")
        endpoints = {"AWS_ENDPOINT_URL_ECR": denying.url, "AWS_ENDPOINT_URL_STS": aws.url}
        last = examined(healthy, domain.host, **endpoints)[-1]
    assert last.check == "token"
    assert "allow the IAM action ecr:GetAuthorizationToken" in last.next_step


def test_a_name_that_does_not_resolve_is_found(program: Program) -> None:
    program.init("nowhere.invalid", REGISTRY)
    last = examined(program, "nowhere.invalid")[-1]
    assert (last.check, last.ok) == ("dns", False)


def test_a_host_without_https_is_not_told_of_certificates(program: Program) -> None:
    with HttpServer(lambda _: HttpResponse(200)) as server:
        program.init(server.authority, REGISTRY)
        plain = examined(program, server.authority)[-1]
    closed = examined(program, server.authority)[-1]
    for last in (plain, closed):
        assert (last.check, last.ok) == ("certificate", False)
        assert "that HTTPS is served there" in last.next_step
    assert "Connection refused" in closed.finding


def test_without_a_domain_all_that_are_configured_are_examined(healthy: Program, domain: FakeDomain) -> None:
    healthy.map({domain.host: REGISTRY, "nowhere.invalid": REGISTRY})
    healthy.init("nowhere.invalid")
    domains = [check.domain for check in examined(healthy)]
    assert domains == [domain.host] * len(DOMAIN_NAMES) + ["nowhere.invalid"] * 4


def test_behind_a_proxy_nothing_is_looked_up_beside_it(program: Program, authority: trustme.CA) -> None:
    """As `get` asks: this network resolves no name of the internet's, and lets no connection through."""
    asked: list[str] = []
    with fake_domain(authority, name="nowhere.invalid") as domain:
        domain.password = SECRET
        with connect_proxy(int(domain.host.partition(":")[2]), asked) as proxy:
            behind = {"HTTPS_PROXY": f"http://user:hunter2@{proxy.authority}"}
            program.init("nowhere.invalid", **behind)
            checks = examined(program, "nowhere.invalid", **behind)
    assert names_of(checks) == DOMAIN_NAMES
    assert all(check.ok for check in checks)
    assert all("HTTPS_PROXY" in check.finding for check in checks[3:5])
    assert not any("hunter2" in check.finding for check in checks)
    assert set(asked) == {"nowhere.invalid:443"}


def test_a_proxy_that_lets_nothing_through_is_named(healthy: Program, domain: FakeDomain) -> None:
    with HttpServer(lambda _: HttpResponse(403)) as proxy:
        behind = {"https_proxy": f"http://{proxy.authority}"}
        last = examined(healthy, domain.host, **behind)[-1]
        assert (last.check, last.ok) == ("redirect", False)
        assert "HTTPS_PROXY" in last.next_step
        assert examined(healthy, domain.host, **behind, NO_PROXY=domain.host)[-1].ok


def test_domains_that_a_client_alone_names_are_examined_too(healthy: Program, domain: FakeDomain) -> None:
    """A mapping of something else hides none of them, and no domain is examined twice."""
    healthy.map({REGISTRY: {"profile": ""}, domain.host: {}})
    healthy.configure_docker(
        {"credHelpers": {REGISTRY: "ecr-custom", f"https://{domain.host}": "ecr-custom", "x": "pass"}}
    )
    healthy.configure_podman({"credHelpers": {domain.host: "ecr-custom", "nowhere.invalid": "ecr-custom"}})
    domains = [check.domain for check in examined(healthy)]
    assert domains == [domain.host] * len(DOMAIN_NAMES) + ["nowhere.invalid"] * 4


def test_an_entry_that_is_no_domain_is_found(healthy: Program) -> None:
    healthy.configure_docker({"credHelpers": {"a b": "ecr-custom"}})
    (check,) = examined(healthy)
    assert (check.check, check.ok) == ("configuration", False)
    assert check.finding == "'a b' is not a valid domain; expected HOST[:PORT]"
    assert "credHelpers" in check.next_step


def test_without_any_domain_the_next_step_names_one(program: Program) -> None:
    result = program.run("doctor")
    assert result.code == 1
    assert "doctor DOMAIN" in result.stdout


def test_a_domain_with_another_registry_than_mapped_is_found(healthy: Program, domain: FakeDomain) -> None:
    other = REGISTRY.replace("us-east-1", "eu-west-1")
    healthy.init(domain.host, other)
    finding = examined(healthy, domain.host)[5].finding
    assert finding == f"redirects to {REGISTRY}; the token is {other}'s, as custom.json or the default says"
