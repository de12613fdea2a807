"""What an error of AWS, or of Chalice, means to the one who reads it."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
)

from infra.aws import absent_as_none, refusal_of, refusals
from infra.chalice_cli import failure_of
from infra.errors import AwsRefused, AwsUnreachable, ChaliceFailed, InfraError


def client_error(code: str, message: str = "why.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetThing")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("AccessDenied", "docs/deployer-policy.json"),
        ("AccessDeniedException", "docs/deployer-policy.json"),
        ("UnauthorizedOperation", "docs/deployer-policy.json"),
        ("TooManyRequestsException", "in a minute"),
        ("ThrottlingException", "in a minute"),
        ("PriorRequestNotComplete", "in a minute"),  # Route 53's own word for it
        ("ExpiredTokenException", "sign in again"),
        ("InvalidClientTokenId", "sign in again"),
        ("InternalFailure", "run the command again"),
    ],
)
def test_each_kind_of_refusal_says_what_to_do(code: str, remedy: str) -> None:
    line = str(refusal_of(client_error(code)))
    assert line.startswith(f"AWS refused GetThing ({code}): why; ")
    assert remedy in line


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NoCredentialsError(), "no AWS credentials"),
        (ProfileNotFound(profile="x"), "aws configure list-profiles"),
        (EndpointConnectionError(endpoint_url="https://x"), "could not be asked"),
    ],
)
def test_what_never_reached_aws(error: Exception, expected: str) -> None:
    with pytest.raises(AwsUnreachable, match=expected), refusals():
        raise error


def test_only_absence_is_none() -> None:
    def absent() -> str:
        raise client_error("NoSuchEntity")

    def denied() -> str:
        raise client_error("AccessDenied")

    assert absent_as_none(absent) is None
    with pytest.raises(ClientError):
        absent_as_none(denied)


# As Chalice 1.34 prints it: wrapped, and once more above a traceback.
_DENIED = "An error occurred (AccessDeniedException) when calling the CreateFunction operation:"
DENIED = f"""Creating deployment package.
Traceback (most recent call last):
  File "chalice/deploy/deployer.py", line 377, in deploy
botocore.exceptions.ClientError: {_DENIED} User: x is not authorized to perform: lambda:CreateFunction

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
chalice.deploy.deployer.ChaliceDeploymentError: ERROR - While deploying your chalice application:

 An error occurred (AccessDeniedException) when calling the CreateFunction
 operation: User: x is not authorized
"""


@pytest.mark.parametrize(
    ("said", "kind", "expected"),
    [
        (
            DENIED,
            AwsRefused,
            "AWS refused CreateFunction (AccessDeniedException): "
            "User: x is not authorized to perform: lambda:CreateFunction; the deployer needs",
        ),
        ("no module named x\n\n", ChaliceFailed, "`chalice deploy` failed (exit 2): no module named x;"),
        ("", ChaliceFailed, "it printed nothing"),
    ],
)
def test_chalices_last_word_is_one_line(said: str, kind: type[InfraError], expected: str) -> None:
    error = failure_of("chalice deploy", 2, said.splitlines())
    assert type(error) is kind
    assert expected in str(error)
    assert "\n" not in str(error)
