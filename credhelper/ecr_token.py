"""ECR tokens: what AWS gives for a route, or the reason and the remedy where it gives none.

AWS is asked through botocore alone; boto3 would add 25 ms to every run. Region, FIPS and dual-stack come
from the registry's name, so each registry's own API endpoint is asked; ECR Public's API is in us-east-1.
AWS_ENDPOINT_URL and everything else that botocore reads stays in force.

No error from here holds what AWS or another program said, for it can repeat a token or a key. So errors
are raised outside of the `except` block: they have neither cause nor context.
"""

from __future__ import annotations

import base64
import binascii
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import botocore.exceptions as aws
import botocore.session
from botocore.config import Config
from botocore.parsers import ResponseParserError

from credhelper import VERSION
from credhelper.cached_get import RegistryRoute, Token
from credhelper.errors import TokenRefused, without_secrets
from credhelper.registry_host import EcrRegistry, ecr_registry, shown

T = TypeVar("T")

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 5.0
ATTEMPTS = 3
_SESSION_NAME = "docker-credential-ecr-custom"

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN_KEY = frozenset({"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"})
_WRONG_CLOCK = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedException"})


@dataclass(frozen=True)
class WebIdentity:
    """A service account's token and the role to assume with it: how the kubelet speaks for a pod."""

    role_arn: str
    #: The service account's token; never shown.
    token: str = field(repr=False)


class AwsSession:
    """AWS as seen with a route's credentials. Every method raises TokenRefused, and only that."""

    def __init__(self, route: RegistryRoute, identity: WebIdentity | None = None) -> None:
        registry = ecr_registry(route.registry)
        if registry is None:
            raise TokenRefused(f"{route.registry!r} is not a valid ECR registry host")
        self.route = route
        self.registry: EcrRegistry = registry
        self.region = route.region or registry.region
        self._identity = identity
        self._session = botocore.session.Session(profile=route.profile or None)

    def token(self) -> Token:
        """A new token for the route's registry (GetAuthorizationToken)."""
        requested_at = time.time()
        entry = self._call(self._authorization)
        secret = _password(entry.get("authorizationToken"))
        expires_at = self._call(lambda: float(entry["expiresAt"].timestamp()))
        return Token(self.route.registry, secret, requested_at, expires_at)

    def caller(self) -> str:
        """The ARN that these credentials stand for (sts:GetCallerIdentity, which needs no permission)."""
        return self._call(lambda: str(self._client("sts").get_caller_identity()["Arn"]))

    def endpoint(self) -> str:
        """The URL of the API that belongs to the registry's host name; nothing is asked."""
        service = "ecr-public" if self.registry.public else "ecr"
        return self._call(lambda: str(self._client(service).meta.endpoint_url))

    def _authorization(self) -> dict[str, Any]:
        if self.registry.public:
            client = self._client("ecr-public")
            return dict(client.get_authorization_token()["authorizationData"])
        # Deprecated in the API's documentation and honoured all the same. Without it a caller of
        # another account gets the token of his own registry.
        response = self._client("ecr").get_authorization_token(registryIds=[self.registry.account])
        for entry in response["authorizationData"]:
            ecr = ecr_registry(entry.get("proxyEndpoint", "").removeprefix("https://"))
            if ecr is None or ecr.account == self.registry.account:
                return dict(entry)
        raise KeyError(self.registry.account)

    def _client(self, service: str) -> Any:  # noqa: ANN401 (botocore makes its clients' classes up)
        return self._session.create_client(
            service,
            region_name="us-east-1" if service == "ecr-public" else self.region,
            config=self._config(service),
            **self._keys(),
        )

    def _config(self, service: str) -> Config:
        ecr = service != "sts"
        return Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            user_agent_extra=f"docker-credential-ecr-custom/{VERSION}",
            # None, not False: then AWS_USE_FIPS_ENDPOINT and the profile still decide.
            use_fips_endpoint=(ecr and self.registry.fips) or None,
            use_dualstack_endpoint=(ecr and self.registry.dual_stack) or None,
        )

    def _keys(self) -> dict[str, Any]:
        """The keys of the role to assume; empty where the session's own credentials are to be used."""
        if self._identity is None and not self.route.role_arn:
            return {}
        sts: Any = self._session.create_client("sts", region_name=self.region, config=self._config("sts"))
        if self._identity is not None:
            response = sts.assume_role_with_web_identity(
                RoleArn=self._identity.role_arn,
                RoleSessionName=_SESSION_NAME,
                WebIdentityToken=self._identity.token,
            )
        else:
            response = sts.assume_role(RoleArn=self.route.role_arn, RoleSessionName=_SESSION_NAME)
        keys = response["Credentials"]
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def _call(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (aws.BotoCoreError, aws.ClientError) as error:
            refused = refusal(error, self.route.profile or self._session.profile or "", self.region)
            if self._identity is not None:
                # Whatever answers for AWS was sent the token, and its message is repeated.
                finding = without_secrets(refused.finding, (self._identity.token,))
                refused = TokenRefused(finding, refused.next_step)
        except (ResponseParserError, KeyError, AttributeError, TypeError, ValueError, OSError) as error:
            # A response of another shape, a malformed credential_process, an unreadable SSO cache.
            refused = TokenRefused(
                f"AWS gave nothing usable ({type(error).__name__})",
                f"run `aws sts get-caller-identity{_option(self.route.profile)}` to see more",
            )
        raise refused


def request_token(route: RegistryRoute, identity: WebIdentity | None = None) -> Token:
    """A new token for `route`, asked for as the environment or as `identity`. Raises TokenRefused."""
    return AwsSession(route, identity).token()


def available_profiles() -> list[str]:
    """The names of the profiles in the AWS configuration files. Raises TokenRefused."""
    try:
        return list(botocore.session.Session().available_profiles)
    except aws.BotoCoreError as error:
        problem = type(error).__name__
    raise TokenRefused(f"the AWS configuration files cannot be read ({problem})", "run `aws configure list`")


def is_region_of(region: str, partition: str) -> bool:
    """Whether `region` has the form of the regions in `partition`; a new one needs no new botocore."""
    without_profile = {"profile": (None, None, None, None)}  # a session fails where AWS_PROFILE names none
    try:
        return str(botocore.session.Session(without_profile).get_partition_for_region(region)) == partition
    except aws.UnknownRegionError:
        return False


def _password(encoded: object) -> str:
    try:
        decoded = base64.b64decode(str(encoded), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        decoded = ""
    user, separator, password = decoded.partition(":")
    if user != "AWS" or not separator or not password:
        raise TokenRefused("AWS answered with a token that is not a base64 text of `AWS:password`")
    return password


def refusal(error: Exception, profile: str, region: str) -> TokenRefused:
    """The one line for what botocore raised: what happened and what to do. Pure.

    Messages of AWS and of other programs are not repeated, but for a missing permission: a signature
    error's text holds the session token, a credential_process's whatever it likes.
    """
    option = _option(profile)
    if isinstance(error, aws.ClientError):
        return _service_refusal(error, option)
    if isinstance(error, (aws.SSOError, aws.TokenRetrievalError)) or "SSO" in type(error).__name__:
        return TokenRefused("the AWS SSO session is absent or expired", f"run `aws sso login{option}`")
    if isinstance(error, aws.ProfileNotFound):
        return TokenRefused(
            f"there is no AWS profile {shown(profile)!r}",
            "see `aws configure list-profiles`, and where AWS_PROFILE or custom.json names it",
        )
    if isinstance(error, (aws.NoCredentialsError, aws.PartialCredentialsError)):
        return TokenRefused(
            "there are no AWS credentials",
            f"set AWS_PROFILE, or run `aws sso login{option}` or `aws configure{option}`",
        )
    if isinstance(error, aws.CredentialRetrievalError):
        return TokenRefused(
            "the AWS credentials could not be obtained",
            f"run `aws sts get-caller-identity{option}` to see why",
        )
    if isinstance(error, (aws.HTTPClientError, aws.ConnectionError)):
        return TokenRefused(
            f"the AWS API in {region} cannot be reached ({type(error).__name__})",
            "see that the network, the proxy and AWS_ENDPOINT_URL let HTTPS through to it",
        )
    return TokenRefused(
        f"AWS could not be asked ({type(error).__name__})",
        f"run `aws sts get-caller-identity{option}` to see why",
    )


def _service_refusal(error: aws.ClientError, option: str) -> TokenRefused:
    details = error.response.get("Error", {})
    code, operation = str(details.get("Code", "unknown")), error.operation_name
    if code in _EXPIRED:
        return TokenRefused(
            "the AWS credentials have expired", f"run `aws sso login{option}`, or renew them as you got them"
        )
    if code in _UNKNOWN_KEY:
        return TokenRefused(
            f"AWS does not know these credentials ({code})", f"run `aws sts get-caller-identity{option}`"
        )
    if code in _WRONG_CLOCK:
        return TokenRefused(
            f"AWS refused the signature ({code})", "check this machine's clock and the secret key"
        )
    if code in _DENIED:
        service = "sts" if operation.startswith("AssumeRole") else "ecr"
        message = " ".join(str(details.get("Message", "")).split())[:300]
        return TokenRefused(
            f"AWS refused {operation} ({code}): {message}",
            f"allow the IAM action {service}:{operation} to these credentials",
        )
    return TokenRefused(f"AWS refused {operation} ({code})", f"run `aws sts get-caller-identity{option}`")


def _option(profile: str) -> str:
    return f" --profile {shlex.quote(profile)}" if profile else ""
