"""ECR tokens in this process: each registry's own endpoint, and errors that hold nothing of a token."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from credhelper.cached_get import RegistryRoute
from credhelper.ecr_token import AwsSession
from credhelper.errors import TokenRefused
from tests.helper.fake_aws import fake_aws

ID = "123456789012"
REGISTRY = f"{ID}.dkr.ecr.us-east-1.amazonaws.com"


@pytest.fixture(autouse=True)
def _an_identity_of_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nowhere",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)


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
def test_each_registry_asks_the_endpoint_of_its_own_form(
    registry: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The deployment's tests give this process an AWS of their own.
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert AwsSession(RegistryRoute(registry, registry)).endpoint() == endpoint


def held_by(error: BaseException) -> Iterator[object]:
    """The error, whatever it was raised from or while handling, and all their attributes and arguments."""
    todo: list[object] = [error]
    seen: set[int] = set()
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseException):
            todo += [*each.args, each.__cause__, each.__context__, *vars(each).values()]
            todo += [getattr(each, name, None) for name in ("object", "doc", "response")]
        elif isinstance(each, (dict, list, tuple)):
            todo += each.values() if isinstance(each, dict) else each


SECRET = "hunter2"


def _encoded(data: bytes, **members: object) -> object:
    token = base64.b64encode(data).decode()
    return {"authorizationData": [{"authorizationToken": token, "expiresAt": 4e9, **members}]}


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"authorizationData": []},
        _encoded(b"AWS"),
        _encoded(b"AWS:"),
        _encoded(b"AWS:\xff" + SECRET.encode()),
        _encoded(b"bob:" + SECRET.encode()),
        _encoded(b"AWS:" + SECRET.encode(), proxyEndpoint=f"https://{REGISTRY.replace(ID, '9' * 12)}"),
        {"authorizationData": [{"authorizationToken": f"{SECRET}!", "expiresAt": 4e9}]},
        {"authorizationData": [{"authorizationToken": f"QVdTOg=={SECRET}"}]},
        {"authorizationData": SECRET},
        {"authorizationData": {SECRET: SECRET}},
    ],
)
def test_a_response_of_another_shape_is_refused_without_a_part_of_the_token(
    response: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_aws() as running:
        running.token_response = response
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        with pytest.raises(TokenRefused) as refused:
            AwsSession(RegistryRoute(REGISTRY, REGISTRY)).token()
    encoded = base64.b64encode(SECRET.encode()).decode().rstrip("=")
    for each in held_by(refused.value):
        assert SECRET not in repr(each)
        assert encoded not in repr(each)


def test_no_error_holds_what_aws_said_of_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_aws() as running:
        running.error = (400, "InvalidSignatureException", f"the canonical string holds {SECRET}")
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        with pytest.raises(TokenRefused) as refused:
            AwsSession(RegistryRoute(REGISTRY, REGISTRY)).token()
    assert [each for each in held_by(refused.value) if SECRET in repr(each)] == []


def test_an_identity_that_is_no_xml_is_refused_without_a_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_aws() as running:
        running.caller = f"<html>{SECRET}"
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        with pytest.raises(TokenRefused, match="nothing usable") as refused:
            AwsSession(RegistryRoute(REGISTRY, REGISTRY)).caller()
    assert [each for each in held_by(refused.value) if SECRET in repr(each)] == []
