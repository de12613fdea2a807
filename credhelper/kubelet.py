"""The kubelet's image credential provider: a CredentialProviderRequest in, a response out.

https://kubernetes.io/docs/reference/config-api/kubelet-credentialprovider.v1/. The kubelet runs this
program with the request on standard input, reads the response strictly (no member that it does not
know) and logs standard error when the exit code is not 0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from credhelper.cache import Token
from credhelper.errors import HostNotServed, InvalidInput
from credhelper.helper import CredentialHelper
from credhelper.identity import WebIdentity
from credhelper.server_url import ServerURL, parse_server_url
from credhelper.settings import KUBELET_ROLE

API_GROUP = "credentialprovider.kubelet.k8s.io"
API_VERSIONS = tuple(f"{API_GROUP}/{version}" for version in ("v1", "v1beta1"))
ROLE_ANNOTATION = "eks.amazonaws.com/ecr-role-arn"
"""On a service account: the role to take on with its token (cloud-provider-aws reads the same)."""


@dataclass(frozen=True)
class ImageRequest:
    """What the kubelet asks: `image` is HOST[:PORT]/PATH, perhaps with a tag or digest.

    `service_account_token` and `role_arn` are empty unless the kubelet is configured to send them.
    """

    api_version: str
    image: str
    service_account_token: str = field(default="", repr=False)
    role_arn: str = ""

    @property
    def url(self) -> ServerURL:
        return parse_server_url(self.image)

    @property
    def authority(self) -> str:
        """HOST[:PORT] as written: the kubelet looks a response's key up in the image's own spelling."""
        return self.image.partition("/")[0]


def is_kubelet_request(data: bytes) -> bool:
    """Whether standard input of a `get` is the kubelet's rather than Docker's."""
    return data.lstrip()[:1] == b"{" and b"CredentialProviderRequest" in data


def parse_request(data: bytes) -> ImageRequest:
    """Read the kubelet's request. Raises InvalidInput."""
    try:
        request = json.loads(data)
    except (ValueError, RecursionError):
        # Without its text: the request may hold a service account's token.
        raise InvalidInput("standard input is no JSON; expected a CredentialProviderRequest") from None
    if not isinstance(request, dict) or request.get("kind") != "CredentialProviderRequest":
        raise InvalidInput("standard input is no CredentialProviderRequest")
    version = request.get("apiVersion")
    if version not in API_VERSIONS:
        raise InvalidInput(f"apiVersion is {version!r}; expected {' or '.join(API_VERSIONS)}")
    image = request.get("image")
    if not isinstance(image, str) or not image:
        raise InvalidInput("image is absent; expected HOST/REPOSITORY")
    token = request.get("serviceAccountToken") or ""
    annotations = request.get("serviceAccountAnnotations") or {}
    if not isinstance(token, str) or not isinstance(annotations, dict):
        raise InvalidInput("serviceAccountToken or serviceAccountAnnotations is of another type")
    return ImageRequest(version, image, token, str(annotations.get(ROLE_ANNOTATION, "")))


def response(request: ImageRequest, token: Token | None, now: float) -> dict[str, Any]:
    """The response: the token for the host as the image names it, or none.

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


def answer_kubelet(data: bytes, helper: CredentialHelper) -> str:
    """The response's text. A host that is not ours gets an empty one. Raises HelperError."""
    request = parse_request(data)
    try:
        # Its matchImages name the hosts that it asks about.
        route = helper.route(request.url, named=True)
    except HostNotServed as error:
        helper.warn(str(error))
        return json.dumps(response(request, None, 0))
    if not request.service_account_token:
        token = helper.token(route)
    else:
        role_arn = request.role_arn or helper.settings.kubelet_role
        if not role_arn:
            raise InvalidInput(
                "the service account names no role",
                f"annotate it with {ROLE_ANNOTATION} or set {KUBELET_ROLE}",
            )
        token = helper.token_as(WebIdentity(role_arn, request.service_account_token), route)
    return json.dumps(response(request, token, helper.clock()))
