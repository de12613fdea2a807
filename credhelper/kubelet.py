"""The kubelet's image credential provider: a CredentialProviderRequest in, a response out.

https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/. The kubelet runs this
program with the request on standard input, reads the response strictly (no member that it does not
know) and logs standard error when the exit code is not 0.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from credhelper.cached_get import Token
from credhelper.errors import HostNotServed, InvalidInput
from credhelper.helper import CredentialHelper
from credhelper.mapping import ROLE_ARN_FORM, is_role_arn
from credhelper.registry_host import shown
from credhelper.server_url import ServerURL, parse_server_url
from credhelper.settings import KUBELET_ROLE

API_GROUP = "credentialprovider.kubelet.k8s.io"
API_VERSIONS = tuple(f"{API_GROUP}/{version}" for version in ("v1", "v1beta1"))
#: On a service account: the role to assume with its token (cloud-provider-aws reads the same).
ROLE_ANNOTATION = "eks.amazonaws.com/ecr-role-arn"


@dataclass(frozen=True)
class ImageRequest:
    """What the kubelet asks."""

    #: The request's apiVersion, which the response repeats.
    api_version: str
    #: HOST[:PORT]/PATH, perhaps with a tag or digest.
    image: str
    #: Empty unless the kubelet is configured to send it; never shown.
    service_account_token: str = field(default="", repr=False)
    #: The role in the service account's annotation, or empty.
    role_arn: str = ""

    @property
    def url(self) -> ServerURL:
        return parse_server_url(self.image)

    @property
    def authority(self) -> str:
        """HOST[:PORT] as written: the kubelet looks a response's key up in the image's own spelling."""
        return self.image.partition("/")[0]


def parse_request(data: bytes) -> ImageRequest:
    """Read the kubelet's request. Raises InvalidInput."""
    try:
        request = json.loads(data)
    except (ValueError, RecursionError):
        request = None
    # The error for what is not JSON holds no part of it: it may hold a service account's token.
    if request is None:
        raise InvalidInput("standard input is not valid JSON; expected a CredentialProviderRequest")
    if not isinstance(request, dict) or request.get("kind") != "CredentialProviderRequest":
        raise InvalidInput("standard input is not a CredentialProviderRequest")
    version = request.get("apiVersion")
    if version not in API_VERSIONS:
        raise InvalidInput(f"apiVersion is {shown(str(version))!r}; expected {' or '.join(API_VERSIONS)}")
    image = request.get("image")
    if not isinstance(image, str) or not image:
        raise InvalidInput("image is absent; expected HOST/REPOSITORY")
    token = request.get("serviceAccountToken") or ""
    annotations = request.get("serviceAccountAnnotations") or {}
    if not isinstance(token, str) or not isinstance(annotations, dict):
        raise InvalidInput("serviceAccountToken or serviceAccountAnnotations is of another type")
    return ImageRequest(version, image, token, str(annotations.get(ROLE_ANNOTATION, "")))


def response(request: ImageRequest, token: Token | None, now: float) -> dict[str, Any]:
    """The response: the token for the host as the image has it, or none.

    The kubelet keeps it for half of what is left, so that it never starts a pull with an expired one.
    With a service account's token it keeps it for that account alone (its `cacheType` sees to it).
    """
    auth = {} if token is None else {request.authority: {"username": "AWS", "password": token.secret}}
    seconds = 0 if token is None else max(int((token.expires_at - now) / 2), 0)
    return {
        "kind": "CredentialProviderResponse",
        "apiVersion": request.api_version,
        "cacheKeyType": "Registry",
        "cacheDuration": f"{seconds}s",
        "auth": auth,
    }


def respond_to_kubelet(data: bytes, helper: CredentialHelper, clock: Callable[[], float]) -> str:
    """The response's text. A host that stands for no ECR registry gets an empty one. Raises HelperError."""
    request = parse_request(data)
    try:
        # That the kubelet asks does not list the host: `*.example.com` in its matchImages matches the hosts
        # of others, and whoever runs one would be given the node's token by naming an ECR registry.
        route = helper.route(request.url)
    except HostNotServed as error:
        helper.warn(str(error))
        return json.dumps(response(request, None, clock()))
    if not request.service_account_token:
        token = helper.token(route)
        return json.dumps(response(request, token, clock()))
    role_arn = request.role_arn or helper.settings.kubelet_role
    if not is_role_arn(role_arn):
        source = ROLE_ANNOTATION if request.role_arn else KUBELET_ROLE
        problem = f"{source} is {shown(role_arn)!r}" if role_arn else "the service account has no role"
        raise InvalidInput(
            problem,
            f"annotate the account with {ROLE_ANNOTATION}={ROLE_ARN_FORM}, or set {KUBELET_ROLE} to one",
        )
    from credhelper.ecr_token import WebIdentity  # with botocore, which only this branch needs at once

    token = helper.token_as(WebIdentity(role_arn, request.service_account_token), route)
    return json.dumps(response(request, token, clock()))
