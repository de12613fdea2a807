"""What an error of AWS, or of the way to it, means to a person."""

from __future__ import annotations

import boto3
import pytest
from botocore import exceptions as boto

from infra.aws import absent_as_none, refusal_of, refusals
from infra.errors import AwsUnreachable


def refused(code: str) -> boto.ClientError:
    details = {"Error": {"Code": code, "Message": "a reason\n  of AWS."}}
    return boto.ClientError(details, "DescribeStacks")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AccessDenied", "the deployer needs what infra/templates/deployer.json allows"),
        ("AccessDeniedException", "the deployer needs what infra/templates/deployer.json allows"),
        ("UnauthorizedOperation", "the deployer needs what infra/templates/deployer.json allows"),
        ("403", "the deployer needs what infra/templates/deployer.json allows"),
        ("TooManyRequestsException", "run the command again in a minute"),
        ("Throttling", "run the command again in a minute"),
        ("RequestLimitExceeded", "run the command again in a minute"),
        ("ExpiredTokenException", "sign in again, then run the command again"),
        ("InvalidClientTokenId", "sign in again, then run the command again"),
        ("ValidationError", "nothing more was changed; put it right and run the command again"),
    ],
)
def test_a_refusal_is_one_line_with_what_to_do(code: str, remedy: str) -> None:
    line = str(refusal_of(refused(code)))
    assert line.startswith(f"AWS refused DescribeStacks ({code}): a reason of AWS; ")
    assert remedy in line


@pytest.mark.parametrize(
    "code",
    [
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "RequestTimeTooSkewed",
    ],
)
def test_what_was_to_be_signed_is_not_repeated(code: str) -> None:
    """AWS's text may quote it, and it holds the session token."""
    line = str(refusal_of(refused(code)))
    assert line == f"AWS refused DescribeStacks ({code}); check this machine's clock and the secret key"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (boto.NoCredentialsError(), "no AWS credentials; run `aws configure` or pass --profile"),
        (
            boto.PartialCredentialsError(provider="env", cred_var="X"),
            "no AWS credentials; run `aws configure`",
        ),
        (boto.NoRegionError(), "no AWS region; pass --region or set AWS_REGION"),
        (boto.ProfileNotFound(profile="x"), "there is no AWS profile 'x'; `aws configure list-profiles`"),
        (boto.EndpointConnectionError(endpoint_url="https://x"), "see --region and the network"),
        (boto.ReadTimeoutError(endpoint_url="https://x"), "AWS could not be reached (ReadTimeoutError); see"),
        (
            boto.HTTPClientError(error="Invalid header value b's3cr3t'"),
            "could not be reached (HTTPClientError)",
        ),
        (
            boto.CredentialRetrievalError(provider="custom-process", error_msg="s3cr3t"),
            "the AWS credentials could not be obtained; run `aws sts get-caller-identity`",
        ),
        (boto.TokenRetrievalError(provider="sso", error_msg="s3cr3t"), "sign in again (`aws sso login`)"),
    ],
)
def test_what_keeps_a_call_from_aws_is_one_line(error: Exception, line: str) -> None:
    with pytest.raises(AwsUnreachable) as unreachable, refusals():
        raise error
    assert line in str(unreachable.value)
    assert "s3cr3t" not in str(unreachable.value)


def test_a_plain_exception_of_botocore_is_one_line_too() -> None:
    with pytest.raises(AwsUnreachable) as unreachable, refusals():
        boto3.client("sts", region_name="us-west-2", endpoint_url="user:s3cr3t@127.0.0.1:9")
    assert str(unreachable.value).startswith("AWS could not be asked (ValueError); check AWS_ENDPOINT_URL")
    assert "s3cr3t" not in str(unreachable.value)


def test_a_defect_of_ours_is_not_taken_for_an_error_of_aws() -> None:
    with pytest.raises(ValueError, match="ours"), refusals():
        raise ValueError("ours")


@pytest.mark.parametrize("code", ["NoSuchHostedZone", "ResourceNotFoundException", "404", "NoSuchBucket"])
def test_what_is_not_there_is_none(code: str) -> None:
    def ask() -> str:
        raise refused(code)

    assert absent_as_none(ask) is None


def test_any_other_refusal_is_not_taken_for_absence() -> None:
    def ask() -> str:
        raise refused("AccessDenied")

    with pytest.raises(boto.ClientError):
        absent_as_none(ask)
