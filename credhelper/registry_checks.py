"""Checks of a repository through the domain: may this identity pull from it, and push to it.

The registry is asked as a client asks it, with the token, along redirects on the domain's own name. The
token goes to no other host but an ECR registry's own (where the domain only redirects), for which `get`
gives a token as well. A redirect to the bucket with the layers is looked at and not followed.

Which IAM action a request needs: "Amazon ECR API operations that are called by Docker clients",
https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html, and the example policies
in https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from credhelper.cached_get import Token
from credhelper.errors import HelperError
from credhelper.registry_host import EcrRegistry, ecr_registry
from credhelper.routing import EDGE_PREFIX, REDIRECTS, DomainResponse, ask, at_host

#: Seconds for one answer of the registry; the redirect service itself allows that long.
_LONGEST_ANSWER = 20.0
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
class Repository:
    """A repository behind a domain, as a pull names it."""

    name: str
    #: A tag, or a digest after `sha256:`.
    reference: str

    @classmethod
    def parse(cls, text: str) -> Repository | None:
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
            raise CheckFailed(f"{text!r} is not a valid REPOSITORY[:TAG]", "name it as `docker pull` does")
        return cls(name, reference)


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks the registry behind a domain."""

    #: HOST[:PORT] that is asked.
    domain: str
    #: The registry that the domain stands for.
    registry: str
    #: The token's owner, as an ARN.
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
        """The host that answered in the end, and its answer. Raises DiscoveryFailed."""
        basic = base64.b64encode(f"AWS:{self.token.secret}".encode()).decode()
        host = self.domain
        for _ in range(_MOST_REDIRECTS):
            response = ask(
                host,
                target,
                method=method,
                headers=(("Authorization", f"Basic {basic}"), *headers),
                body=body,
                longest_body=longest_body,
                seconds=_LONGEST_ANSWER,
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
    try:
        name = urlsplit(location).hostname or ""
    except ValueError:
        return None
    path = at_host(name, location)
    return (name, path) if path is not None and ecr_registry(name) is not None else None


def check_registry(visitor: Visitor) -> str:
    """GET /v2/, which every client asks first."""
    host, response = visitor.ask("GET", "/v2/")
    if response.status != 200:
        raise CheckFailed(
            f"{host} answers {response.status} to the token",
            "see that the domain and custom.json mean the same registry, and that a registry policy or a VPC "
            "endpoint policy does not refuse these credentials",
        )
    return f"{host} accepts the token"


def check_manifest(visitor: Visitor, repository: Repository) -> tuple[str, str]:
    """The image's manifest; what was found, and the digest of one of its layers."""
    reference, platform = repository.reference, ""
    for _ in range(2):  # an index, and then the manifest of one platform
        host, response = visitor.ask(
            "GET",
            f"/v2/{repository.name}/manifests/{reference}",
            headers=(("Accept", ", ".join(_MANIFEST_TYPES)),),
            longest_body=_LONGEST_MANIFEST,
        )
        if response.status != 200:
            raise refusal(visitor, host, response, "ecr:BatchGetImage", repository)
        try:
            manifest = json.loads(response.body)
            if not manifest.get("manifests"):
                layer = str((manifest.get("layers") or [manifest["config"]])[0]["digest"])
                return f"{repository.name}:{repository.reference} can be read{platform}", layer
            entry = manifest["manifests"][0]
            reference = str(entry["digest"])
            platform = ", of its platforms " + "/".join(map(str, (entry.get("platform") or {}).values()))
        except (ValueError, AttributeError, KeyError, IndexError, TypeError) as error:
            raise CheckFailed(
                f"{host} answers with a manifest that does not read as one ({type(error).__name__})",
                "see what was pushed under this tag",
            ) from error
    raise CheckFailed(f"{repository.reference} is an index of indexes", "name one image of it by its digest")


def check_layer(visitor: Visitor, repository: Repository, digest: str) -> str:
    """The redirect to one layer; it is not followed, for the bucket must never see the token."""
    host, response = visitor.ask("GET", f"/v2/{repository.name}/blobs/{digest}", longest_body=0)
    if response.status == 200:
        return f"{host} sends the layer itself"
    if response.status not in REDIRECTS:
        raise refusal(visitor, host, response, "ecr:GetDownloadUrlForLayer", repository)
    # Its query is a credential for the layer.
    return f"the layer is at {urlsplit(response.location).hostname}"


def check_push(visitor: Visitor, repository: Repository) -> str:
    """What a push does up to its first bytes: an upload is started, given one byte, and cancelled."""
    blobs = f"/v2/{repository.name}/blobs"
    host, response = visitor.ask("HEAD", f"{blobs}/{_NO_BLOB}")
    if response.status not in (200, 404) and response.status not in REDIRECTS:
        raise refusal(visitor, host, response, "ecr:BatchCheckLayerAvailability", repository)
    host, response = visitor.ask("POST", f"{blobs}/uploads/", body=b"")
    following = destination(host, response.location)
    if response.status != 202 or following is None:
        raise refusal(visitor, host, response, "ecr:InitiateLayerUpload", repository)
    upload_host, target = following
    upload = Visitor(upload_host, visitor.registry, visitor.caller, visitor.token)
    binary = (("Content-Type", "application/octet-stream"), ("Content-Range", "0-0"))
    host, response = upload.ask("PATCH", target, headers=binary, body=b"\0")
    if response.status not in (202, 204):
        upload.ask("DELETE", target)
        raise refusal(visitor, host, response, "ecr:UploadLayerPart", repository)
    after = destination(host, response.location)
    _, cancelled = upload.ask("DELETE", after[1] if after is not None and after[0] == host else target)
    end = "cancelled" if cancelled.status in (200, 202, 204) else "left to expire"
    return (
        f"an upload to {repository.name} was started and {end}; {_limit(visitor.domain, upload_host, target)}"
        "not tried: ecr:CompleteLayerUpload and ecr:PutImage"
    )


def _limit(domain: str, upload_host: str, target: str) -> str:
    if upload_host == domain and not target.startswith(EDGE_PREFIX) and ecr_registry(domain) is None:
        return f"{_RELAY_LIMIT}; "
    return ""


_RELAY_LIMIT = "without an edge, a layer over 4.5 MB is answered 413"
_PAST_RELAY = "deploy the edge (REDIRECT_MODE=edge), or push to the registry's own host"


def refusal(
    visitor: Visitor, host: str, response: DomainResponse, action: str, repository: Repository
) -> CheckFailed:
    """What the registry refused, and the next step. Pure.

    `action` is what the request needs; the registry's own words say it more precisely where they do.
    """
    code, message = _oci_error(response.body)
    named = _ACTION.search(message)
    action = named[0] if named else action
    ecr = ecr_registry(visitor.registry)
    said = f": {message}" if message else ""
    finding = f"{host} answers {response.status}{said}"
    if response.status == 413:
        return CheckFailed(f"{finding} ({_RELAY_LIMIT})", _PAST_RELAY)
    if response.status == 404 and code == "NAME_UNKNOWN":
        return CheckFailed(
            f"there is no repository {repository.name} in {visitor.registry}",
            f"see `aws ecr describe-repositories{_options(ecr)}`",
        )
    if response.status == 404:
        return CheckFailed(
            f"there is no {repository.reference} in the repository {repository.name}",
            f"see `aws ecr list-images --repository-name {repository.name}{_options(ecr)}`",
        )
    if response.status == 401:
        return CheckFailed(finding, "see that the domain and custom.json mean the same registry")
    if response.status != 403:
        return CheckFailed(finding, "see the log of the redirect service, and the registry's")
    account = ecr.account if ecr is not None else None
    caller = visitor.caller
    if account is not None and f":{account}:" not in caller:
        step = (
            f"{visitor.registry} belongs to another account: allow {action} to {caller} in the "
            f"repository's policy there (`aws ecr set-repository-policy`), and in the identity's own"
        )
    elif "explicit deny" in message:
        step = f"find the policy that denies {action} to {caller}, of the repository or of the identity"
    else:
        step = (
            f"allow {action} to {caller}, in its IAM policy or in the policy of the repository "
            f"{repository.name}"
        )
    return CheckFailed(f"{finding}; the IAM action {action} is missing", step)


def _options(ecr: EcrRegistry | None) -> str:
    if ecr is None or ecr.account is None:
        return ""
    return f" --registry-id {ecr.account} --region {ecr.region}"


def _oci_error(body: bytes) -> tuple[str, str]:
    """Code and message of the OCI error in an answer, in one line each; empty where it has none."""
    try:
        error = json.loads(body)["errors"][0]
        code, message = str(error.get("code", "")), str(error.get("message", ""))
    except (ValueError, AttributeError, KeyError, IndexError, TypeError):
        return "", ""
    return code, "".join(each if each.isprintable() else " " for each in message)[:400]
