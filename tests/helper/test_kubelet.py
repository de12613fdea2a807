"""The kubelet's image credential provider, at the process boundary."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from tests.helper.conftest import ACCESS_KEY
from tests.helper.fake_aws import ASSUMED_KEY, SECRET, FakeAws
from tests.helper.program import REGISTRY, Program, ProgramResult

V1 = "credentialprovider.kubelet.k8s.io/v1"
ROLE = "arn:aws:iam::123456789012:role/pod"


REQUEST = {"kind": "CredentialProviderRequest", "apiVersion": V1, "image": "ecr.example.com/app"}


def ask(program: Program, **members: object) -> ProgramResult:
    """The kubelet's run, whose request has these members besides."""
    environ = {"AWS_ECR_CUSTOM_DISCOVER": "0"}
    return program.run("kubelet", stdin=json.dumps(REQUEST | members), environ=environ)


@pytest.fixture
def mapped(program: Program) -> Program:
    program.map({"ecr.example.com": REGISTRY, "ecr.example.com:8443": REGISTRY})
    return program


@pytest.mark.parametrize(
    ("image", "key"),
    [
        ("ecr.example.com/app", "ecr.example.com"),
        ("ecr.example.com/team/app:1.0@sha256:00", "ecr.example.com"),
        ("ecr.example.com:8443/app", "ecr.example.com:8443"),
        # The kubelet compares the key's port with the image's, so it is echoed as written.
        ("ecr.example.com:443/app", "ecr.example.com:443"),
        (f"{REGISTRY}/app", REGISTRY),
    ],
)
@pytest.mark.parametrize("version", [V1, f"{V1}beta1"])
def test_a_response_has_the_version_and_the_host_of_its_request(
    mapped: Program, image: str, key: str, version: str
) -> None:
    result = ask(mapped, image=image, apiVersion=version)
    assert (result.code, result.stderr) == (0, "")
    response = json.loads(result.stdout)
    seconds = int(response.pop("cacheDuration").removesuffix("s"))
    assert 5.9 * 3600 < seconds <= 6 * 3600
    # The kubelet decodes strictly: not a member more.
    assert response == {
        "kind": "CredentialProviderResponse",
        "apiVersion": version,
        "cacheKeyType": "Registry",
        "auth": {key: {"username": "AWS", "password": SECRET}},
    }


def test_a_host_of_others_gets_an_empty_response(mapped: Program) -> None:
    result = ask(mapped, image="other.example.com/app")
    assert result.code == 0
    assert json.loads(result.stdout) == {
        "kind": "CredentialProviderResponse",
        "apiVersion": V1,
        "cacheKeyType": "Registry",
        "cacheDuration": "0s",
        "auth": {},
    }


def test_a_refusal_of_aws_is_for_the_kubelets_log(mapped: Program, aws: FakeAws) -> None:
    aws.error = (400, "AccessDeniedException", "no")
    result = ask(mapped)
    assert (result.code, result.stdout) == (1, "")
    assert "AWS refused GetAuthorizationToken" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ("[]", "is not a CredentialProviderRequest"),
        (json.dumps(REQUEST | {"kind": "Pod"}), "is not a CredentialProviderRequest"),
        (json.dumps(REQUEST | {"apiVersion": "v2"}), "apiVersion is 'v2'"),
        (json.dumps(REQUEST | {"image": None}), "image is absent"),
        (json.dumps(REQUEST | {"image": ""}), "image is absent"),
        (json.dumps(REQUEST | {"image": 5}), "image is absent"),
        (json.dumps(REQUEST | {"serviceAccountToken": 5}), "serviceAccountToken"),
        (json.dumps(REQUEST | {"serviceAccountAnnotations": ["x"]}), "serviceAccountAnnotations"),
    ],
    ids=lambda each: each[:40],
)
def test_a_malformed_request_is_refused(program: Program, stdin: str, words: str) -> None:
    result = program.run("kubelet", stdin=stdin)
    assert (result.code, result.stdout) == (1, "")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_kubelets_request_is_recognised_by_its_verb_alone(mapped: Program, aws: FakeAws) -> None:
    mapped.refused(json.dumps(REQUEST))
    assert not aws.calls


def test_a_service_account_asks_as_its_own_role_and_shares_nothing(mapped: Program, aws: FakeAws) -> None:
    ask(mapped)
    annotated = {
        "serviceAccountToken": "pod-token",
        "serviceAccountAnnotations": {"eks.amazonaws.com/ecr-role-arn": ROLE},
    }
    before = sorted(path.name for path in mapped.cache.iterdir())
    for _ in range(2):
        result = ask(mapped, **annotated)
        assert json.loads(result.stdout)["auth"]["ecr.example.com"]["password"] == SECRET
        assert "pod-token" not in result.stdout + result.stderr
    assert [call.action for call in aws.calls[1:]] == [
        "AssumeRoleWithWebIdentity",
        "GetAuthorizationToken",
    ] * 2
    assumed = parse_qs(aws.calls[1].body)
    assert (assumed["RoleArn"], assumed["WebIdentityToken"]) == ([ROLE], ["pod-token"])
    assert ASSUMED_KEY in aws.calls[2].authorization
    assert ACCESS_KEY in aws.calls[0].authorization
    assert sorted(path.name for path in mapped.cache.iterdir()) == before


def test_a_service_account_without_an_annotation_has_the_role_of_the_environment(
    mapped: Program, aws: FakeAws
) -> None:
    pod = Program(mapped.path, mapped.home, mapped.environ | {"AWS_ECR_ROLE_ARN": ROLE})
    assert ask(pod, serviceAccountToken="pod-token").code == 0
    assert parse_qs(aws.calls[0].body)["RoleArn"] == [ROLE]


def test_a_service_account_without_a_role_is_refused(mapped: Program) -> None:
    result = ask(mapped, serviceAccountToken="pod-token")
    assert result.code == 1
    assert "has no role; annotate the account with eks.amazonaws.com/ecr-role-arn=arn:" in result.stderr
    assert "pod-token" not in result.stderr


def test_a_role_that_is_none_is_refused_before_aws_is_asked(mapped: Program, aws: FakeAws) -> None:
    annotations = {"eks.amazonaws.com/ecr-role-arn": "user:s3cr3t@role"}
    result = ask(mapped, serviceAccountToken="pod-token", serviceAccountAnnotations=annotations)
    assert result.code == 1
    assert "eks.amazonaws.com/ecr-role-arn is '***@role'" in result.stderr
    assert aws.calls == []
