"""ECR tokens: what botocore raises becomes one line that holds no secret."""

from __future__ import annotations

import botocore.exceptions as aws
import pytest

from credhelper.ecr_token import refusal


def _refused(code: str, message: str) -> aws.ClientError:
    return aws.ClientError({"Error": {"Code": code, "Message": message}}, "AssumeRole")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aws.NoCredentialsError(), "no AWS credentials"),
        (aws.PartialCredentialsError(provider="env", cred_var="x"), "no AWS credentials"),
        (aws.ProfileNotFound(profile="dev"), "no AWS profile 'dev'"),
        (aws.UnauthorizedSSOTokenError(), "run `aws sso login --profile dev`"),
        (aws.SSOTokenLoadError(error_msg="x", profile_name="dev"), "run `aws sso login --profile dev`"),
        (aws.TokenRetrievalError(provider="sso", error_msg="hunter2"), "run `aws sso login --profile dev`"),
        (aws.CredentialRetrievalError(provider="custom-process", error_msg="hunter2"), "to see why"),
        (aws.EndpointConnectionError(endpoint_url="https://hunter2"), "cannot be reached"),
        (aws.ConnectTimeoutError(endpoint_url="https://hunter2"), "cannot be reached"),
        (aws.ReadTimeoutError(endpoint_url="https://hunter2"), "cannot be reached"),
        (aws.ProxyConnectionError(proxy_url="http://u:hunter2@p", error="x"), "cannot be reached"),
        (aws.SSLError(endpoint_url="https://x", error=OSError("hunter2")), "cannot be reached"),
        (aws.InvalidRegionError(region_name="hunter2"), "could not be asked (InvalidRegionError)"),
        (_refused("SignatureDoesNotMatch", "hunter2"), "clock"),
        (_refused("InvalidSignatureException", "hunter2"), "clock"),
        (_refused("ExpiredTokenException", "hunter2"), "have expired; run `aws sso login --profile dev`"),
        (_refused("UnrecognizedClientException", "hunter2"), "does not know these credentials"),
        (_refused("SomethingElse", "hunter2"), "AWS refused AssumeRole (SomethingElse)"),
        (
            _refused("AccessDenied", "User: x\nis not"),
            "AWS refused AssumeRole (AccessDenied): User: x is not; allow the IAM action sts:AssumeRole",
        ),
        (aws.ClientError({}, "GetAuthorizationToken"), "(unknown)"),
    ],
)
def test_what_aws_says_becomes_one_line_without_a_secret(error: Exception, words: str) -> None:
    line = str(refusal(error, "dev", "us-east-1"))
    assert words in line
    assert "\n" not in line
    assert "hunter2" not in line
