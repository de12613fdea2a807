"""The clients of one account and region, and what AWS' errors mean to a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore import exceptions as boto
from botocore.config import Config

from infra.errors import DEPLOYER_TEMPLATE, AwsRefused, AwsUnreachable, quoted
from infra.settings import REGION_FORM

if TYPE_CHECKING:
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_apigateway import APIGatewayClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sts import STSClient

_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 8})
_ABSENT = frozenset(
    {
        *("NotFoundException", "ResourceNotFoundException", "NoSuchEntity"),
        *("NoSuchHostedZone", "NoSuchHealthCheck", "NoSuchTagSet", "404", "NoSuchBucket"),
    }
)
# The beginning of an error code, and what to do.
_REMEDIES = {
    ("AccessDenied", "UnauthorizedOperation", "NotAuthorized"): (
        f"the deployer needs what {DEPLOYER_TEMPLATE} allows; then run the command again"
    ),
    ("TooManyRequests", "Throttling", "RequestLimitExceeded"): (
        "AWS limits how often this may be asked; run the command again in a minute"
    ),
    ("ExpiredToken", "InvalidClientTokenId", "UnrecognizedClient", "InvalidToken", "RequestExpired"): (
        "the credentials have expired or are not valid; sign in again, then run the command again"
    ),
}

T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """Whose account the credentials are for."""

    #: Twelve digits.
    id: str
    #: `aws`, `aws-cn`, `aws-us-gov` and the like.
    partition: str

    @property
    def has_cloudfront(self) -> bool:
        """Whether CloudFront takes certificates of ACM in us-east-1 here, as the edge needs it."""
        return self.partition == "aws"


@dataclass(frozen=True)
class Aws:
    """One client per service, all with the same region, profile and patience."""

    region: str
    acm: ACMClient
    apigateway: APIGatewayClient
    cloudformation: CloudFormationClient
    iam: IAMClient
    route53: Route53Client
    s3: S3Client
    sts: STSClient

    @classmethod
    def connect(cls, profile: str | None, region: str | None) -> Aws:
        """`region` None: that of AWS_DEFAULT_REGION or of the profile. Raises AwsUnreachable."""
        with refusals():
            session = boto3.Session(profile_name=profile, region_name=region)
            if session.region_name is None:
                raise boto.NoRegionError()
            if not REGION_FORM.fits(session.region_name):
                problem = (
                    f"{quoted(session.region_name)}, of the environment or the profile, is not a valid region"
                )
                raise AwsUnreachable(f"{problem}; pass --region, or correct AWS_REGION")
            return cls(
                region=session.region_name,
                acm=session.client("acm", config=_RETRIES),
                apigateway=session.client("apigateway", config=_RETRIES),
                cloudformation=session.client("cloudformation", config=_RETRIES),
                iam=session.client("iam", config=_RETRIES),
                route53=session.client("route53", config=_RETRIES),
                s3=session.client("s3", config=_RETRIES),
                sts=session.client("sts", config=_RETRIES),
            )

    def account(self) -> Account:
        with refusals():
            identity = self.sts.get_caller_identity()
        return Account(identity["Account"], identity["Arn"].split(":")[1])


@contextmanager
def refusals() -> Iterator[None]:
    """Turn botocore's errors into ours."""
    try:
        yield
    except boto.ClientError as error:
        raise refusal_of(error) from error
    except boto.NoCredentialsError as error:
        raise AwsUnreachable("no AWS credentials; run `aws configure` or pass --profile") from error
    except boto.NoRegionError as error:
        raise AwsUnreachable("no AWS region; pass --region or set AWS_REGION") from error
    except boto.ProfileNotFound as error:
        profile = quoted(error.kwargs["profile"])
        raise AwsUnreachable(
            f"there is no AWS profile {profile}; `aws configure list-profiles` shows those there are"
        ) from error
    except (boto.SSOError, boto.TokenRetrievalError, boto.CredentialRetrievalError) as error:
        raise AwsUnreachable(f"{_line(error)}; sign in again (`aws sso login`)") from error
    except boto.EndpointConnectionError as error:
        raise AwsUnreachable(f"{_line(error)}; see --region and the network") from error
    except boto.BotoCoreError as error:
        raise AwsUnreachable(f"AWS could not be asked: {_line(error)}") from error


def refusal_of(error: boto.ClientError) -> AwsRefused:
    """An AWS error with what to do about it."""
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "")
    remedy = "nothing more was changed; put it right and run the command again"
    for codes, known in _REMEDIES.items():
        if code.startswith(codes) or (code == "403" and "AccessDenied" in codes):
            remedy = known
    return AwsRefused(error.operation_name, code, message, remedy)


def absent_as_none(ask: Callable[[], T]) -> T | None:
    """What `ask` returns, or None where AWS says that there is no such thing."""
    try:
        return ask()
    except boto.ClientError as error:
        if error.response.get("Error", {}).get("Code") in _ABSENT:
            return None
        raise


def _line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
