"""Checks of a repository through the domain: may this identity pull from it, and push to it.

The registry is asked as a client asks it, with the token, along redirects on the domain's own name. The
token goes to no other host but an ECR registry's own (where the domain only redirects), for which `get`
gives a token as well. A redirect to the bucket with the layers is looked at and not followed.

Which IAM action a request needs is in docs/iam.md, and for a push in
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from credhelper.cached_get import Token
from credhelper.errors import HelperError
from credhelper.registry_host import EcrRegistry, ecr_registry, shown
from credhelper.routing import EDGE_PREFIX, REDIRECTS, DomainResponse, ask, at_host

#: Seconds for one response of the registry; the redirect service itself allows that long.
_LONGEST_RESPONSE = 20.0
_LONGEST_MANIFEST = 4 * 1024 * 1024
_MOST_REDIRECTS = 5
_MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_NO_BLOB = "sha256:" + "0" * 64
_ACTION = re.compile(r"\becr(?:-public)?:[A-Za-z]+")


class CheckFailed(HelperError):
    """A check that found its condition not to hold."""


@dataclass(frozen=True)
class ImageName:
    """What follows the domain in an image's name."""

    repository: str
    #: A tag or a digest.
    reference: str

    @classmethod
    def parse(cls, text: str) -> ImageName | None:
        """Read REPOSITORY[:TAG] or REPOSITORY@DIGEST; None for an empty text. Raises CheckFailed."""
        if not text.strip("/"):
            return None
        name, at, digest = text.partition("@")
        name, colon, tag = name.partition(":")
        reference = digest if at else tag if colon else "latest"
        # https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
        if not re.fullmatch(r"[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*", name) or not re.fullmatch(
            r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,127}", reference
        ):
            raise CheckFailed(
                f"{shown(text)!r} is not a valid REPOSITORY[:TAG]", "name it as `docker pull` does"
            )
        return cls(name, reference)


def token_forms(token: Token) -> tuple[str, str]:
    """The token's secret, and the form in which a registry is sent it; no finding may hold either."""
    return token.secret, base64.b64encode(f"AWS:{token.secret}".encode()).decode()


@dataclass(frozen=True)
class TokenHolder:
    """Somebody with a token, who asks the registry behind a domain."""

    #: HOST[:PORT] that is asked.
    domain: str
    #: The registry that the domain stands for.
    registry: str
    #: The ARN of the credentials that got the token.
    caller: str
    token: Token

    def ask(
        self,
        method: str,
        target: str,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes | None = None,
        longest_body: int = 64 * 1024,
    ) -> tuple[str, DomainResponse]:
        """The host that responded in the end, and its response. Raises DiscoveryFailed."""
        _, basic = token_forms(self.token)
        host = self.domain
        for _ in range(_MOST_REDIRECTS):
            response = ask(
                host,
                target,
                method=method,
                headers=(("Authorization", f"Basic {basic}"), *headers),
                body=body,
                longest_body=longest_body,
                seconds=_LONGEST_RESPONSE,
            )
            following = destination(host, response.location) if response.status in REDIRECTS else None
            if following is None:
                break
            host, target = following
        return host, response


def destination(host: str, location: str) -> tuple[str, str] | None:
    """Where to send the token next: `host` itself or an ECR registry's own, with a path. Pure."""
    path = at_host(host, location)
    if path is not None:
        return host, path
    name = _host_of(location)
    path = at_host(name, location)
    return (name, path) if path is not None and ecr_registry(name) is not None else None


def _host_of(location: str) -> str:
    try:
        return urlsplit(location).hostname or ""
    except ValueError:
        return ""


def check_registry(holder: TokenHolder) -> str:
    """GET /v2/, which every client asks first."""
    host, response = holder.ask("GET", "/v2/")
    if response.status != 200:
        raise CheckFailed(
            f"{host} answers {response.status} to the token",
            "see that the domain and custom.json mean the same registry, and that a registry policy or a VPC "
            "endpoint policy does not refuse these credentials",
        )
    return f"{host} accepts the token"


def check_manifest(holder: TokenHolder, image: ImageName) -> tuple[str, str]:
    """The image's manifest; what was found, and the digest of one of its layers."""
    reference, platform = image.reference, ""
    for _ in range(2):  # an index, and then the manifest of one platform
        host, response = holder.ask(
            "GET",
            f"/v2/{image.repository}/manifests/{reference}",
            headers=(("Accept", ", ".join(_MANIFEST_TYPES)),),
            longest_body=_LONGEST_MANIFEST,
        )
        if response.status != 200:
            raise refusal(holder, host, response, "ecr:BatchGetImage", image)
        try:
            manifest = json.loads(response.body)
            if not manifest.get("manifests"):
                layer = str((manifest.get("layers") or [manifest["config"]])[0]["digest"])
                return f"{image.repository}:{image.reference} can be read{platform}", layer
            entry = manifest["manifests"][0]
            reference = str(entry["digest"])
            platform = _one_line(f" for {'/'.join(map(str, (entry.get('platform') or {}).values()))}")
        except (ValueError, AttributeError, KeyError, IndexError, TypeError) as error:
            raise CheckFailed(
                f"{host} answers with a manifest that does not read as one ({type(error).__name__})",
                "see what was pushed under this tag",
            ) from error
    raise CheckFailed(f"{image.reference} is an index of indexes", "name one image of it by its digest")


def check_layer(holder: TokenHolder, image: ImageName, digest: str) -> str:
    """The redirect to one layer; it is not followed, for the bucket must never see the token."""
    host, response = holder.ask("GET", f"/v2/{image.repository}/blobs/{digest}", longest_body=0)
    if response.status == 200:
        return f"{host} sends the layer itself"
    if response.status not in REDIRECTS:
        raise refusal(holder, host, response, "ecr:GetDownloadUrlForLayer", image)
    # The rest of the address is a credential for the layer.
    bucket = _host_of(response.location)
    if not bucket:
        raise CheckFailed(
            f"{host} redirects the layer to an address without a host", "see the registry's log"
        )
    return f"the layer is at {_one_line(bucket)}"


def check_push(holder: TokenHolder, image: ImageName) -> str:
    """What a push does up to its first bytes: an upload is started, given one byte, and cancelled."""
    blobs = f"/v2/{image.repository}/blobs"
    host, response = holder.ask("HEAD", f"{blobs}/{_NO_BLOB}")
    if response.status not in (200, 404) and response.status not in REDIRECTS:
        raise refusal(holder, host, response, "ecr:BatchCheckLayerAvailability", image)
    # Of another type, API Gateway would not pass the bytes as they are.
    binary = (("Content-Type", "application/octet-stream"),)
    host, response = holder.ask("POST", f"{blobs}/uploads/", headers=binary, body=b"")
    following = destination(host, response.location)
    if response.status != 202 or following is None:
        raise refusal(holder, host, response, "ecr:InitiateLayerUpload", image)
    upload_host, target = following
    upload = TokenHolder(upload_host, holder.registry, holder.caller, holder.token)
    part = (*binary, ("Content-Range", "0-0"))
    host, response = upload.ask("PATCH", target, headers=part, body=b"\0")
    if response.status not in (201, 202, 204):  # ECR says 201, where the specification has 202
        upload.ask("DELETE", target)
        raise refusal(holder, host, response, "ecr:UploadLayerPart", image)
    after = destination(host, response.location)
    _, cancelled = upload.ask("DELETE", after[1] if after is not None and after[0] == host else target)
    end = "cancelled" if cancelled.status in (200, 202, 204) else "left to expire"
    return (
        f"an upload to {image.repository} was started and {end}; "
        f"{_limit(holder.domain, upload_host, target)}"
        "not tried: ecr:CompleteLayerUpload and ecr:PutImage"
    )


def _limit(domain: str, upload_host: str, target: str) -> str:
    if upload_host == domain and not target.startswith(EDGE_PREFIX) and ecr_registry(domain) is None:
        return f"{_RELAY_LIMIT}; "
    return ""


_RELAY_LIMIT = "without an edge, a layer over 4.5 MB is answered 413"
_PAST_RELAY = "deploy the edge (REDIRECT_MODE=edge), or push to the registry's own host"


def refusal(
    holder: TokenHolder, host: str, response: DomainResponse, action: str, image: ImageName
) -> CheckFailed:
    """What the registry refused, and the next step. Pure.

    `action` is what the request needs; the registry's own words say it more precisely where they do.
    """
    code, message = _oci_error(response.body)
    in_message = _ACTION.search(message)
    action = in_message[0] if in_message else action
    ecr = ecr_registry(holder.registry)
    finding = f"{host} answers {response.status}" + (f": {message}" if message else "")
    if response.status == 413:
        return CheckFailed(f"{finding} ({_RELAY_LIMIT})", _PAST_RELAY)
    if response.status == 404 and code == "NAME_UNKNOWN":
        return CheckFailed(
            f"there is no repository {image.repository} in {holder.registry}",
            f"see `aws ecr describe-repositories{_options(ecr)}`",
        )
    if response.status == 404:
        return CheckFailed(
            f"there is no {image.reference} in the repository {image.repository}",
            f"see `aws ecr list-images --repository-name {image.repository}{_options(ecr)}`",
        )
    if response.status == 401:
        return CheckFailed(finding, "see that the domain and custom.json mean the same registry")
    if response.status != 403:
        return CheckFailed(finding, "see the log of the redirect service, and the registry's")
    account = ecr.account if ecr is not None else None
    caller = holder.caller
    if account is not None and f":{account}:" not in caller:
        step = (
            f"{holder.registry} belongs to another account: allow {action} to {caller} in the "
            f"repository's policy there (`aws ecr set-repository-policy`), and in the identity's own"
        )
    elif "explicit deny" in message:
        step = f"find the policy that denies {action} to {caller}, of the repository or of the identity"
    else:
        step = (
            f"allow {action} to {caller}, in its IAM policy or in the policy of the repository "
            f"{image.repository}"
        )
    return CheckFailed(f"{finding}; the IAM action {action} is missing", step)


def _options(ecr: EcrRegistry | None) -> str:
    if ecr is None or ecr.account is None:
        return ""
    return f" --registry-id {ecr.account} --region {ecr.region}"


def _oci_error(body: bytes) -> tuple[str, str]:
    """Code and message of the OCI error in a response, in one line each; empty where it has none."""
    try:
        error = json.loads(body)["errors"][0]
        code, message = str(error.get("code", "")), str(error.get("message", ""))
    except (ValueError, AttributeError, KeyError, IndexError, TypeError):
        return "", ""
    return code, _one_line(message)


def _one_line(text: str) -> str:
    # It comes from outside, and could hold what a terminal acts upon.
    return "".join(each if each.isprintable() else " " for each in text)[:400]
