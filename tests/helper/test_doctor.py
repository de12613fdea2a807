"""`doctor`: its checks in order, the first failure with its next step, and the same for machines."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from credhelper.domain_checks import CHECKS
from tests.helper.fake_aws import SECRET, FakeAws, fake_aws
from tests.helper.fake_domain import FakeDomain, Mode
from tests.helper.program import REGISTRY, Program

#: The checks of a domain alone; those of a repository come after them.
NAMES = [name for name, _ in CHECKS][:9]


@pytest.fixture
def healthy(program: Program, domain: FakeDomain) -> Program:
    domain.password = SECRET
    program.run("init", domain.host)
    return program


def examined(program: Program, *arguments: str, **environ: str) -> list[dict[str, object]]:
    result = program.run("doctor", "--json", *arguments, environ=environ)
    report = json.loads(result.stdout)
    assert result.code == (0 if report["ok"] else 1)
    assert result.stderr == ""
    assert SECRET not in result.stdout
    checks: list[dict[str, object]] = report["checks"]
    return checks


def test_all_is_well(healthy: Program, domain: FakeDomain) -> None:
    checks = examined(healthy, domain.host)
    assert [check["check"] for check in checks] == NAMES
    assert all(check["ok"] and not check["next_step"] for check in checks)
    assert "arn:aws:iam::123456789012:user/tester" in str(checks[6]["finding"])
    assert checks[-1]["finding"] == f"{domain.host} accepts the token"


def test_people_get_a_line_for_each(healthy: Program, domain: FakeDomain) -> None:
    result = healthy.run("doctor")
    assert result.code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{domain.host}:"
    assert [line.split()[:2] for line in lines[1:]] == [["ok", name] for name in NAMES]
    assert SECRET not in result.stdout


def _no_path(_program: Program, _domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    return {"PATH": "/usr/bin"}


def _no_client(program: Program, _domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    program.docker_config.write_text("{}")
    return {}


def _malformed_client(program: Program, _domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    program.docker_config.write_text("{,}")
    return {}


def _malformed_mapping(program: Program, _domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    program.map("{,}")
    return {}


def _no_discovery(_program: Program, _domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    return {"AWS_ECR_CUSTOM_DISCOVER": "0"}


def _no_trust(_program: Program, _domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    return {"SSL_CERT_FILE": "/dev/null"}


def _no_redirect(_program: Program, domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    domain.status = 403
    return {}


def _redirect_elsewhere(_program: Program, domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    domain.location = "https://evil.test/v2/"
    return {}


def _no_keys(_program: Program, _domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


def _expired_sso(program: Program, domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    (program.home / "config").write_text(
        "[profile dev]\nsso_start_url = https://x.example.com\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = r\n"
    )
    program.map({domain.host: {"registry": REGISTRY, "profile": "dev"}})
    return {"AWS_CONFIG_FILE": str(program.home / "config")}


def _no_token(_program: Program, _domain: FakeDomain, aws: FakeAws) -> dict[str, str]:
    aws.answer = {"authorizationData": []}
    return {}


def _not_accepted(_program: Program, domain: FakeDomain, _aws: FakeAws) -> dict[str, str]:
    domain.password = "another"
    return {}


@pytest.mark.parametrize(
    ("broken", "check", "next_step"),
    [
        (_no_path, "helper", "pipx ensurepath"),
        (_no_client, "client", "docker-credential-ecr-custom init localhost:"),
        (_malformed_client, "client", "correct the file"),
        (_malformed_mapping, "mapping", "correct the file"),
        (_no_discovery, "mapping", "init localhost:"),
        (_no_trust, "certificate", "SSL_CERT_FILE"),
        (_no_redirect, "redirect", "redirect service is deployed"),
        (_redirect_elsewhere, "redirect", "with its registry"),
        (_no_keys, "identity", "aws configure"),
        (_expired_sso, "identity", "run `aws sso login --profile dev`"),
        (_no_token, "token", ""),
        (_not_accepted, "registry", "mean the same registry"),
    ],
)
def test_the_first_failure_ends_it_with_the_next_step(
    healthy: Program,
    domain: FakeDomain,
    aws: FakeAws,
    broken: Callable[[Program, FakeDomain, FakeAws], dict[str, str]],
    check: str,
    next_step: str,
) -> None:
    environ = broken(healthy, domain, aws)
    checks = examined(healthy, domain.host, **environ)
    assert [each["check"] for each in checks] == NAMES[: NAMES.index(check) + 1]
    assert [each["ok"] for each in checks] == [True] * (len(checks) - 1) + [False]
    assert next_step in str(checks[-1]["next_step"])


@pytest.mark.parametrize("mode", [Mode.EDGE, Mode.RELAY])
def test_each_mode_is_understood(healthy: Program, domain: FakeDomain, mode: Mode) -> None:
    domain.mode = mode
    checks = examined(healthy, domain.host, AWS_ECR_CUSTOM_DISCOVER="")
    assert [check["check"] for check in checks] == NAMES
    assert checks[5]["finding"] == f"redirects to {REGISTRY}"


def test_a_domain_that_names_no_registry_needs_a_mapping(healthy: Program, domain: FakeDomain) -> None:
    """nginx in front of ECR, for example."""
    domain.status, domain.location, domain.challenges = 404, "", True
    assert examined(healthy, domain.host)[-1]["check"] == "redirect"
    healthy.map({domain.host: REGISTRY})
    checks = examined(healthy, domain.host)
    assert [check["check"] for check in checks] == NAMES
    assert f"stands for {REGISTRY} all the same" in str(checks[5]["finding"])


def test_a_token_that_is_denied_names_the_action(healthy: Program, domain: FakeDomain, aws: FakeAws) -> None:
    environ = {"AWS_ENDPOINT_URL_STS": aws.url}
    with fake_aws() as denying:
        denying.error = (400, "AccessDeniedException", "User: x is not authorized")
        checks = examined(healthy, domain.host, AWS_ENDPOINT_URL_ECR=denying.url, **environ)
    assert checks[-1]["check"] == "token"
    assert "allow the IAM action ecr:GetAuthorizationToken" in str(checks[-1]["next_step"])


def test_a_name_that_does_not_resolve_is_told(program: Program) -> None:
    program.run("init", "nowhere.invalid", REGISTRY)
    checks = examined(program, "nowhere.invalid")
    assert (checks[-1]["check"], checks[-1]["ok"]) == ("dns", False)


def test_without_a_domain_all_that_are_configured_are_examined(healthy: Program, domain: FakeDomain) -> None:
    healthy.map({domain.host: REGISTRY, "nowhere.invalid": REGISTRY})
    healthy.run("init", "nowhere.invalid")
    domains = [check["domain"] for check in examined(healthy)]
    assert domains == [domain.host] * len(NAMES) + ["nowhere.invalid"] * 4


def test_nothing_configured_is_told(program: Program) -> None:
    result = program.run("doctor")
    assert result.code == 1
    assert "doctor DOMAIN" in result.stdout


def test_a_domain_with_another_registry_than_mapped_is_told(healthy: Program, domain: FakeDomain) -> None:
    other = REGISTRY.replace("us-east-1", "eu-west-1")
    healthy.run("init", domain.host, other)
    finding = examined(healthy, domain.host)[5]["finding"]
    assert finding == f"redirects to {REGISTRY}; the token is {other}'s, as custom.json or the default says"
