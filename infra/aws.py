"""The clients of one account and region, and what AWS' errors mean to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError, ProfileNotFound

from infra.errors import AwsRefused, AwsUnreachable

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_sts import STSClient

POLICY_PATH = "docs/deployer-policy.json"

# API Gateway's control plane takes some calls once in 30 seconds only, so a call is tried for about a minute.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
ATTEMPTS = 8
_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})

_DENIED = ("AccessDenied", "UnauthorizedOperation", "NotAuthorized")
_THROTTLED = ("TooManyRequests", "Throttling", "RequestLimitExceeded", "PriorRequestNotComplete")
_EXPIRED = ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "InvalidToken")
_ABSENT = frozenset(
    {
        "NotFoundException",
        "ResourceNotFoundException",
        "NoSuchEntity",
        "NoSuchHostedZone",
        "NoSuchHealthCheck",
    }
)

T = TypeVar("T")


@dataclass(frozen=True)
class Aws:
    """One client per service, all with the same region, profile and patience."""

    region: str
    acm: ACMClient
    apigateway: APIGatewayClient
    iam: IAMClient
    functions: LambdaClient
    logs: CloudWatchLogsClient
    route53: Route53Client
    sts: STSClient

    @classmethod
    def connect(cls, profile: str | None, region: str | None) -> Aws:
        """`region` None: the profile's or the environment's. Raises AwsUnreachable."""
        with refusals():
            session = boto3.Session(profile_name=profile, region_name=region)
            if session.region_name is None:
                raise NoRegionError()
            return cls(
                region=session.region_name,
                acm=session.client("acm", config=_RETRIES),
                apigateway=session.client("apigateway", config=_RETRIES),
                iam=session.client("iam", config=_RETRIES),
                functions=session.client("lambda", config=_RETRIES),
                logs=session.client("logs", config=_RETRIES),
                route53=session.client("route53", config=_RETRIES),
                sts=session.client("sts", config=_RETRIES),
            )


@contextmanager
def refusals() -> Iterator[None]:
    """Turn botocore's errors into ours."""
    try:
        yield
    except ClientError as error:
        raise refusal_of(error) from error
    except NoCredentialsError as error:
        raise AwsUnreachable("no AWS credentials; run `aws configure` or pass --profile") from error
    except NoRegionError as error:
        raise AwsUnreachable("no AWS region; pass --region or set AWS_REGION") from error
    except ProfileNotFound as error:
        raise AwsUnreachable(f"{error}; `aws configure list-profiles` shows those there are") from error
    except BotoCoreError as error:
        raise AwsUnreachable(f"AWS could not be asked: {error}") from error


def refusal_of(error: ClientError) -> AwsRefused:
    """An AWS error with what to do about it."""
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "")
    remedy = "nothing more was changed; put it right and run the command again"
    if code.startswith(_DENIED):
        remedy = f"the deployer needs what {POLICY_PATH} allows; then run the command again"
    elif code.startswith(_THROTTLED):
        remedy = "AWS limits how often this may be asked; run the command again in a minute"
    elif code.startswith(_EXPIRED):
        remedy = "the credentials are no longer good; sign in again"
    return AwsRefused(error.operation_name, code, message, remedy)


def absent_as_none(ask: Callable[[], T]) -> T | None:
    """What `ask` returns, or None where AWS says that there is no such thing."""
    try:
        return ask()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") in _ABSENT:
            return None
        raise
