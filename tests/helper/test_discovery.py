"""Discovery: which hosts are asked for their registry, how, and what of their responses is believed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import pytest
import trustme

from credhelper.routing import DISCOVERY_PATH
from tests.helper.fake_aws import ASSUMED_KEY, SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain, fake_domain
from tests.helper.program import REGISTRY, Program


def test_an_unlisted_host_is_asked_once_where_it_redirects(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    for shape in (domain.host, f"https://{domain.host}", f"{domain.host}/some/repository"):
        assert program.get(shape).secret == SECRET
    assert [(seen.path, seen.authorization) for seen in domain.seen] == [(DISCOVERY_PATH, "")]
    assert aws.tokens_asked == 1


@pytest.mark.parametrize(
    "location", [f"/_registry/{REGISTRY}/v2/", "https://{host}/_registry/" + REGISTRY + "/v2/"]
)
def test_an_edge_and_a_redirect_name_the_registry(
    program: Program, domain: FakeDomain, aws: FakeAws, location: str
) -> None:
    domain.location = location.replace("{host}", domain.host)
    assert program.get(domain.host).secret == SECRET
    assert json.loads(aws.calls[0].body) == {"registryIds": [REGISTRY.partition(".")[0]]}


@pytest.mark.parametrize(
    ("status", "location", "words"),
    [
        (307, "https://evil.test/v2/", "redirects to 'evil.test', which is outside of ECR"),
        (307, f"https://user:hunter2@{REGISTRY}/v2/", "not to a plain https address"),
        (307, f"/_registry/{REGISTRY}.evil.test/v2/", "outside of ECR"),
        (503, "", "answers 503"),
    ],
)
def test_a_redirect_that_leads_elsewhere_is_not_believed(
    program: Program, domain: FakeDomain, aws: FakeAws, status: int, location: str, words: str
) -> None:
    domain.status, domain.location = status, location
    for _ in range(2):
        line = program.refused(domain.host)
        assert words in line
        assert "hunter2" not in line
    assert len(domain.seen) == 1
    assert not aws.calls


def test_a_host_that_nobody_named_is_neither_asked_nor_given_a_token(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    """As the credsStore of all hosts, the helper would hand the token to any host that redirects to ECR:
    the client sends it where it asked, not where the redirect led."""
    program.configure_docker({"credsStore": "ecr-custom", "credHelpers": {"other.example.com": "ecr-custom"}})
    line = program.refused(domain.host, AWS_ECR_CUSTOM_DISCOVER="")
    assert "neither mapped nor listed under credHelpers" in line
    assert f"init {domain.host} REGISTRY" in line
    assert (domain.seen, aws.calls) == ([], [])


@pytest.mark.parametrize("write", [Program.configure_docker, Program.configure_podman])
def test_a_host_that_a_client_names_for_this_helper_is_asked_at_once(
    program: Program, domain: FakeDomain, write: Callable[[Program, dict[str, object]], None]
) -> None:
    assert program.get(domain.host, AWS_ECR_CUSTOM_DISCOVER="").code == 1
    write(program, {"credHelpers": {domain.host: "another"}})
    assert program.get(domain.host, AWS_ECR_CUSTOM_DISCOVER="").code == 1
    write(program, {"credHelpers": {domain.host.upper(): "ecr-custom"}})
    assert program.get(domain.host, AWS_ECR_CUSTOM_DISCOVER="").secret == SECRET
    # What was remembered while it was named is not served once it is named no more.
    write(program, {})
    assert program.get(domain.host, AWS_ECR_CUSTOM_DISCOVER="").code == 1


def test_what_the_kubelet_asks_about_has_to_be_listed_too(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    """A wildcard in its matchImages matches the hosts of others."""
    request = {
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": f"{domain.host}/app",
    }
    off = {"AWS_ECR_CUSTOM_DISCOVER": ""}
    for environ in (off, off | {"AWS_ECR_CUSTOM_DEFAULT": REGISTRY}):
        refused = program.run("kubelet", stdin=json.dumps(request), environ=environ)
        assert json.loads(refused.stdout)["auth"] == {}
        assert "neither mapped nor listed" in refused.stderr
    assert (domain.seen, aws.calls) == ([], [])
    program.map({domain.host: {}})
    allowed = program.run("kubelet", stdin=json.dumps(request), environ=off)
    assert json.loads(allowed.stdout)["auth"][domain.host]["password"] == SECRET


def test_a_certificate_that_is_not_trusted_ends_discovery(program: Program, domain: FakeDomain) -> None:
    assert "certificate is not trusted" in program.refused(domain.host, SSL_CERT_FILE="/dev/null")
    assert not domain.seen


def test_a_certificate_for_another_name_ends_discovery(program: Program, authority: trustme.CA) -> None:
    with fake_domain(authority, name="other.example.com") as domain:
        assert "certificate is not trusted" in program.refused(domain.host)
    assert not domain.seen


def test_a_domain_that_hangs_ends_discovery_after_three_seconds(program: Program, domain: FakeDomain) -> None:
    domain.delay = 6
    started = time.monotonic()
    assert "no response within 3 s" in program.refused(domain.host)
    assert 3 <= time.monotonic() - started < 5.9


def test_discovery_takes_no_longer_than_the_whole_get_may(program: Program, domain: FakeDomain) -> None:
    domain.delay = 6
    line = program.refused(domain.host, AWS_ECR_CUSTOM_TIMEOUT="0.7")
    assert re.search(r"no response within 0(\.\d)? s", line)


@pytest.mark.parametrize(("prefix", "environ"), [("", {"AWS_ECR_CUSTOM_DISCOVER": "0"}), ("http://", {})])
def test_discovery_can_be_turned_off_and_is_never_plain(
    program: Program, domain: FakeDomain, prefix: str, environ: dict[str, str]
) -> None:
    assert f"init {domain.host} REGISTRY" in program.refused(prefix + domain.host, **environ)
    assert not domain.seen


def test_a_mapping_without_a_registry_names_its_host_and_its_role(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    program.map({domain.host: {"role_arn": "arn:aws:iam::123456789012:role/pull"}})
    assert program.get(domain.host, AWS_ECR_CUSTOM_DISCOVER="").secret == SECRET
    assert ASSUMED_KEY in aws.calls[-1].authorization
