"""The client families, and what each can be answered: the one table behind every decision.

A redirect to another host ends in "no basic auth credentials" for most clients, each in its own way;
the rows below are what was measured with the real clients, and the `clients` test ring measures them
again. A family gets CARRY only after the leak test passes for it: Docker's containerd store and crane
print a redirect's URL when the registry answers 403 or 500.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Treatment(Enum):
    """PLAIN: 307 to the registry. CHALLENGE: 307 to our own challenge route. RELAY: the service asks
    the registry itself. CARRY: 307 to the registry with the credentials in the URL's user info."""

    PLAIN = "plain"
    CHALLENGE = "challenge"
    RELAY = "relay"
    CARRY = "carry"


@dataclass(frozen=True)
class Family:
    """One row: how requests without credentials, with credentials, and uploads with credentials fare.

    `products` are the first product names of its User-Agent, lower-case. `trusts_head` is False where
    the client takes a manifest's size from a HEAD answer that also names its digest: the digest is
    then left out, so that it fetches the manifest instead.
    """

    name: str
    products: tuple[str, ...]
    anonymous: Treatment
    messages: Treatment
    uploads: Treatment
    trusts_head: bool = True


# containers/image keeps its credentials to the host it was configured for, but takes user info from a
# redirect and prints it nowhere, at no log level.
CONTAINERS_IMAGE = Family(
    "containers/image",
    ("skopeo", "containers", "buildah", "podman", "cri-o"),
    Treatment.PLAIN,
    Treatment.CARRY,
    Treatment.CARRY,
)
# The classic image store follows the registry's own challenge with the credentials it has for us.
DOCKER_CLASSIC = Family("docker", ("docker",), Treatment.PLAIN, Treatment.PLAIN, Treatment.PLAIN)
# moby's authorizerFromAuthConfig gives credentials to nobody but the host of the image's name.
DOCKER_CONTAINERD = Family(
    "docker-containerd",
    ("containerd-client",),
    Treatment.CHALLENGE,
    Treatment.RELAY,
    Treatment.RELAY,
    trusts_head=False,
)
# containerd's pusher drops its credentials where the upload goes on at another host.
CONTAINERD = Family(
    "containerd",
    ("containerd",),
    Treatment.CHALLENGE,
    Treatment.RELAY,
    Treatment.RELAY,
    trusts_head=False,
)
# It authenticates at the registry's own host too, if the credential helper is set up for it, and so
# pushes layers of any size.
BUILDKIT = Family(
    "buildkit",
    ("buildkit",),
    Treatment.CHALLENGE,
    Treatment.RELAY,
    Treatment.PLAIN,
    trusts_head=False,
)
OTHER = Family("other", (), Treatment.PLAIN, Treatment.RELAY, Treatment.RELAY)

FAMILIES = (CONTAINERS_IMAGE, DOCKER_CLASSIC, DOCKER_CONTAINERD, CONTAINERD, BUILDKIT, OTHER)
_BY_PRODUCT = {product: family for family in FAMILIES for product in family.products}


def family_of(user_agent: str) -> Family:
    """The family of a User-Agent, by its first product; OTHER where it names none we know.

    Docker's containerd store adds the product `containerd-client/VERSION` to Docker's own, so that
    registries can tell. What a daemon quotes of its caller, in `UpstreamClient(…)`, does not count.
    """
    product, _, rest = user_agent.partition("/")
    family = _BY_PRODUCT.get(product.lower(), OTHER)
    if family is DOCKER_CLASSIC and " containerd-client/" in rest.partition("UpstreamClient(")[0]:
        return DOCKER_CONTAINERD
    return family
