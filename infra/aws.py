"""The clients of one account and region, and what AWS' errors mean to a person."""

from __future__ import annotations

import traceback
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
# The beginning of an error code whose text may repeat what was to be signed, a session token in it.
_WRONG_SIGNATURE = (
    "SignatureDoesNotMatch",
    "InvalidSignature",
    "IncompleteSignature",
    "RequestTimeTooSkewed",
)
# The beginning of an error code, and what to do.
_REMEDIES = {
    _WRONG_SIGNATURE: "check this machine's clock and the secret key",
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
_SEE_WHY = "run `aws sts get-caller-identity`, with the same profile, to see why"

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
    """Turn what botocore raises into our errors. Texts of AWS alone are repeated: any other may hold a
    secret, out of a header or of what a credential_process wrote."""
    try:
        yield
    except boto.ClientError as error:
        raise refusal_of(error) from error
    except (boto.NoCredentialsError, boto.PartialCredentialsError) as error:
        raise AwsUnreachable("no AWS credentials; run `aws configure` or pass --profile") from error
    except boto.NoRegionError as error:
        raise AwsUnreachable("no AWS region; pass --region or set AWS_REGION") from error
    except boto.ProfileNotFound as error:
        profile = quoted(error.kwargs["profile"])
        raise AwsUnreachable(
            f"there is no AWS profile {profile}; `aws configure list-profiles` shows those there are"
        ) from error
    except (boto.SSOError, boto.TokenRetrievalError) as error:
        line = "the AWS SSO session is absent or expired; sign in again (`aws sso login`)"
        raise AwsUnreachable(line) from error
    except boto.CredentialRetrievalError as error:
        raise AwsUnreachable(f"the AWS credentials could not be obtained; {_SEE_WHY}") from error
    except boto.EndpointConnectionError as error:
        line = f"Could not connect to {error.kwargs['endpoint_url']}"
        raise AwsUnreachable(f"{line}; see --region and the network") from error
    except (boto.HTTPClientError, boto.ConnectionError) as error:
        advice = "see that the network, the proxy and AWS_ENDPOINT_URL let HTTPS through to it"
        raise AwsUnreachable(f"AWS could not be reached ({type(error).__name__}); {advice}") from error
    except Exception as error:
        if not _of_botocore(error):
            raise
        advice = f"check AWS_ENDPOINT_URL and the profile's credential_process, or {_SEE_WHY}"
        raise AwsUnreachable(f"AWS could not be asked ({type(error).__name__}); {advice}") from error


def refusal_of(error: boto.ClientError) -> AwsRefused:
    """An AWS error with what to do about it."""
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "")
    remedy = "nothing more was changed; put it right and run the command again"
    for codes, known in _REMEDIES.items():
        if code.startswith(codes) or (code == "403" and "AccessDenied" in codes):
            remedy = known
    if code.startswith(_WRONG_SIGNATURE):
        message = ""
    return AwsRefused(error.operation_name, code, message, remedy)


def absent_as_none(ask: Callable[[], T]) -> T | None:
    """What `ask` returns, or None where AWS says that there is no such thing."""
    try:
        return ask()
    except boto.ClientError as error:
        if error.response.get("Error", {}).get("Code") in _ABSENT:
            return None
        raise


def _of_botocore(error: Exception) -> bool:
    """Whether an exception came through botocore, which raises plain ones too: for a malformed endpoint, or
    what a credential_process is or prints."""
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    return any(module.partition(".")[0] in ("boto3", "botocore") for module in modules)
