"""From a host to its registry: mappings, the default, discovery; and the API endpoint of each registry."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
import trustme

from credhelper.cache import Route
from credhelper.ecr_token import AwsAccount
from tests.helper.fake_aws import ASSUMED_KEY, SECRET, FakeAws
from tests.helper.fake_domain import FakeDomain, fake_domain
from tests.helper.program import NOT_FOUND, REGISTRY, Program

ID = "123456789012"


@pytest.mark.parametrize(
    ("registry", "endpoint"),
    [
        (f"{ID}.dkr.ecr.us-west-2.amazonaws.com", "https://api.ecr.us-west-2.amazonaws.com"),
        (f"{ID}.dkr.ecr-fips.us-east-1.amazonaws.com", "https://ecr-fips.us-east-1.amazonaws.com"),
        (f"{ID}.dkr-ecr.us-east-1.on.aws", "https://ecr.us-east-1.api.aws"),
        (f"{ID}.dkr-ecr-fips.us-east-1.on.aws", "https://ecr-fips.us-east-1.api.aws"),
        (f"{ID}.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "https://ecr-fips.us-gov-west-1.amazonaws.com"),
        (f"{ID}.dkr.ecr.cn-north-1.amazonaws.com.cn", "https://api.ecr.cn-north-1.amazonaws.com.cn"),
        (
            f"{ID}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
            "https://ecr.cn-north-1.api.amazonwebservices.com.cn",
        ),
        (f"{ID}.dkr.ecr.us-iso-east-1.c2s.ic.gov", "https://api.ecr.us-iso-east-1.c2s.ic.gov"),
        (f"{ID}.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "https://api.ecr.us-isob-east-1.sc2s.sgov.gov"),
        (f"{ID}.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "https://api.ecr.eu-isoe-west-1.cloud.adc-e.uk"),
        (f"{ID}.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "https://api.ecr.us-isof-south-1.csp.hci.ic.gov"),
        (f"{ID}.dkr.ecr.eusc-de-east-1.amazonaws.eu", "https://api.ecr.eusc-de-east-1.amazonaws.eu"),
        ("public.ecr.aws", "https://api.ecr-public.us-east-1.amazonaws.com"),
        ("ecr-public.aws.com", "https://ecr-public.us-east-1.api.aws"),
    ],
)
def test_each_registry_asks_the_endpoint_of_its_own_form(registry: str, endpoint: str) -> None:
    assert AwsAccount(Route(registry, registry)).endpoint() == endpoint


def test_the_request_names_the_account_the_region_and_the_helper(program: Program, aws: FakeAws) -> None:
    program.get(f"{ID}.dkr.ecr.eu-central-1.amazonaws.com")
    (call,) = aws.calls
    assert json.loads(call.body) == {"registryIds": [ID]}
    assert "/eu-central-1/ecr/" in call.authorization
    assert "docker-credential-ecr-custom/" in call.user_agent


def test_ecr_public_is_asked_in_us_east_1(program: Program, aws: FakeAws) -> None:
    assert program.get("public.ecr.aws", AWS_REGION="eu-west-1").secret == SECRET
    assert "/us-east-1/ecr-public/" in aws.calls[0].authorization


def test_a_mapping_names_profile_region_and_role(program: Program, aws: FakeAws) -> None:
    role = "arn:aws:iam::123456789012:role/pull"
    (program.home / "config").write_text(
        "[profile prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = s\n"
    )
    program.map(
        {
            "ecr.example.com": {"registry": REGISTRY, "profile": "prod"},
            "ecr.example.net": {"registry": REGISTRY, "role_arn": role, "region": "eu-west-1"},
        }
    )
    environ = {"AWS_CONFIG_FILE": str(program.home / "config")}
    assert program.get("ecr.example.com", **environ).secret == SECRET
    assert "AKIAPROD" in aws.calls[0].authorization
    assert program.get("ecr.example.net", **environ).secret == SECRET
    assume, ask = aws.calls[1:]
    assert parse_qs(assume.body)["RoleArn"] == [role]
    assert ASSUMED_KEY in ask.authorization
    assert "/eu-west-1/" in ask.authorization


def test_an_ecr_host_can_be_given_a_profile(program: Program, aws: FakeAws) -> None:
    program.map({REGISTRY: {"profile": "absent"}})
    result = program.get(REGISTRY)
    assert "there is no AWS profile 'absent'" in result.stderr
    assert program.get(REGISTRY.replace(ID, "210987654321")).secret == SECRET


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("ghcr.io", "custom.json:1:21: 'ghcr.io' is no ECR registry host"),
        (f"{REGISTRY}.evil.test", "is no ECR registry host"),
        ("", "is no registry host"),
        (5, "custom.json:1:21: ecr.example.com is a number; expected a registry host or an object"),
        (None, "is null"),
        ([], "is an array"),
        ({"registry": 1}, "registry is a number; expected a string"),
        ({"registri": REGISTRY}, "has a member 'registri'"),
        ({"registry": REGISTRY, "role_arn": "admin"}, "role_arn is 'admin'"),
        ({"registry": REGISTRY, "region": "../x"}, "region is '../x'"),
        ({"registry": REGISTRY, "profile": "a\nb"}, "expected text of one line"),
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused_with_its_place(
    program: Program, value: object, told: str
) -> None:
    program.map({"ecr.example.com": value})
    before = program.custom_json.read_bytes()
    for host in ("ecr.example.com", "other.example.com"):
        result = program.get(host)
        assert (result.code, result.stdout) == (1, NOT_FOUND)
        assert told in result.stderr
        assert result.stderr.count("\n") == 1
    assert program.custom_json.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": "b",\n  "c"; "d"}', ":2:6: no JSON"),
        ("", ":1:1: no JSON"),
        ("[]", ":1:1: an array; expected a JSON object"),
        (' \n "x"', ":2:2: a string; expected"),
        ("\ufeff{}", ":1:1: no JSON"),
        ("[" * 100_000, ":1:1: nested too deeply"),
        (f'{{"docker.io": "{REGISTRY}"}}', ":1:15: 'docker.io' is Docker Hub"),
        (f'{{"not a host": "{REGISTRY}"}}', ":1:16: 'not a host' is no domain"),
    ],
)
def test_a_malformed_file_is_refused_with_line_and_column(program: Program, text: str, place: str) -> None:
    program.map(text)
    for arguments in (["get"], ["list"], ["init", "ecr.example.com", REGISTRY]):
        result = program.run(*arguments, stdin="ecr.example.com", environ={"AWS_ECR_CUSTOM_DISCOVER": "0"})
        assert result.code == 1
        assert str(program.custom_json) + place in result.stderr
        assert result.stderr.count("\n") == 1
        assert program.custom_json.read_text() == text


def test_bytes_that_are_no_text_have_a_place_too(program: Program) -> None:
    program.map({})
    program.custom_json.write_bytes('{"é": "x",\n"\xff'.encode("latin-1"))
    assert "custom.json:1:3: not UTF-8 text" in program.run("list").stderr


def test_a_file_that_cannot_be_read_is_told(program: Program) -> None:
    program.custom_json.mkdir(parents=True)
    result = program.get("ecr.example.com")
    assert (result.code, result.stdout) == (1, NOT_FOUND)
    assert f"cannot read {program.custom_json}: Is a directory" in result.stderr


def test_the_config_file_can_be_elsewhere(program: Program) -> None:
    (program.home / "mine.json").write_text(json.dumps({"ecr.example.com": REGISTRY}))
    assert program.get("ecr.example.com", AWS_ECR_CUSTOM_CONFIG="~/mine.json").secret == SECRET


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("any.example.com", True),
        ("docker.io", False),
        ("https://index.docker.io/v1/", False),
        ("registry-1.docker.io", False),
        ("registry.hub.docker.com", False),
        ("notdocker.io", True),
    ],
)
def test_the_default_registry_is_for_unlisted_hosts_but_docker_hub(
    program: Program, host: str, found: bool
) -> None:
    result = program.get(host, AWS_ECR_CUSTOM_DEFAULT=REGISTRY)
    assert (result.stdout == NOT_FOUND) is not found


def test_a_default_that_is_no_registry_is_refused(program: Program) -> None:
    result = program.get("any.example.com", AWS_ECR_CUSTOM_DEFAULT="ghcr.io")
    assert "AWS_ECR_CUSTOM_DEFAULT is 'ghcr.io'" in result.stderr


def test_an_unlisted_host_is_asked_once_where_it_redirects(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    for shape in (domain.host, f"https://{domain.host}", f"{domain.host}/some/repository"):
        assert program.get(shape).secret == SECRET
    assert domain.asked == [("/v2/", "")]
    assert aws.tokens_asked == 1


@pytest.mark.parametrize(
    ("status", "location", "told"),
    [
        (307, "https://evil.test/v2/", "redirects to 'evil.test', outside of ECR"),
        (307, f"https://{REGISTRY}.evil.test/v2/", "outside of ECR"),
        (307, f"http://{REGISTRY}/v2/", "no plain https address"),
        (307, f"https://user:hunter2@{REGISTRY}/v2/", "no plain https address"),
        (307, f"https://{REGISTRY}:8443/v2/", "no plain https address"),
        (307, "/v2/", "no plain https address"),
        (307, "https://[/", "malformed"),
        (307, "", "answers 307 and redirects nowhere"),
        (200, f"https://{REGISTRY}/v2/", "answers 200"),
        (404, "", "answers 404"),
        (503, "", "answers 503"),
    ],
)
def test_a_redirect_that_leads_elsewhere_is_not_believed(
    program: Program, domain: FakeDomain, aws: FakeAws, status: int, location: str, told: str
) -> None:
    domain.status, domain.location = status, location
    for _ in range(2):
        result = program.get(domain.host)
        assert (result.code, result.stdout) == (1, NOT_FOUND)
        assert told in result.stderr
        assert "hunter2" not in result.stderr
        assert result.stderr.count("\n") == 1
    assert len(domain.asked) == 1
    assert not aws.calls


def _docker(program: Program, members: dict[str, object]) -> None:
    program.docker_config.parent.mkdir(exist_ok=True)
    program.docker_config.write_text(json.dumps(members))


def _podman(program: Program, members: dict[str, object]) -> None:
    path = program.home / ".config" / "containers" / "auth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(members))


def test_a_host_that_nobody_named_is_neither_asked_nor_given_a_token(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    """As the credsStore of all hosts, the helper would hand the token to any host that redirects to ECR:
    the client sends it where it asked, not where the redirect led."""
    _docker(program, {"credsStore": "ecr-custom", "credHelpers": {"other.example.com": "ecr-custom"}})
    result = program.get(domain.host, AWS_ECR_CUSTOM_DISCOVER="")
    assert (result.code, result.stdout) == (1, NOT_FOUND)
    assert "neither mapped nor named under credHelpers" in result.stderr
    assert f"init {domain.host} REGISTRY" in result.stderr
    assert (domain.asked, aws.calls) == ([], [])


@pytest.mark.parametrize("write", [_docker, _podman])
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


def test_a_mapping_without_a_registry_names_its_host(program: Program, domain: FakeDomain) -> None:
    program.map({domain.host: {}})
    assert program.get(domain.host, AWS_ECR_CUSTOM_DISCOVER="").secret == SECRET


def test_the_kubelet_names_its_hosts_itself_and_for_itself(program: Program, domain: FakeDomain) -> None:
    asked = {
        "kind": "CredentialProviderRequest",
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1",
        "image": f"{domain.host}/app",
    }
    off = {"AWS_ECR_CUSTOM_DISCOVER": ""}
    answered = program.run("kubelet", stdin=json.dumps(asked), environ=off)
    assert json.loads(answered.stdout)["auth"][domain.host]["password"] == SECRET
    assert program.get(domain.host, **off).code == 1


def test_a_certificate_that_is_not_trusted_ends_discovery(program: Program, domain: FakeDomain) -> None:
    result = program.get(domain.host, SSL_CERT_FILE="/dev/null")
    assert result.stdout == NOT_FOUND
    assert "certificate is not trusted" in result.stderr
    assert not domain.asked


def test_a_certificate_for_another_name_ends_discovery(program: Program, authority: trustme.CA) -> None:
    with fake_domain(authority, name="other.example.com") as domain:
        result = program.get(domain.host)
    assert "certificate is not trusted" in result.stderr
    assert not domain.asked


def test_a_domain_that_hangs_ends_discovery_after_three_seconds(program: Program, domain: FakeDomain) -> None:
    domain.delay = 4
    started = time.monotonic()
    result = program.get(domain.host)
    assert 3 <= time.monotonic() - started < 3.9
    assert "no answer within 3 s" in result.stderr


@pytest.mark.parametrize(
    ("prefix", "environ"),
    [("", {"AWS_ECR_CUSTOM_DISCOVER": "0"}), ("http://", {}), ("", {"AWS_ECR_CUSTOM_DISCOVER": "off"})],
)
def test_discovery_can_be_turned_off_and_is_never_plain(
    program: Program, domain: FakeDomain, prefix: str, environ: dict[str, str]
) -> None:
    result = program.get(prefix + domain.host, **environ)
    assert result.stdout == NOT_FOUND
    assert f"init {domain.host} REGISTRY" in result.stderr
    assert not domain.asked


def test_a_mapping_without_registry_is_discovered_with_its_profile(
    program: Program, domain: FakeDomain, aws: FakeAws
) -> None:
    program.map({domain.host: {"role_arn": "arn:aws:iam::123456789012:role/pull"}})
    assert program.get(domain.host).secret == SECRET
    assert ASSUMED_KEY in aws.calls[-1].authorization
