"""The client families, and what each can be answered: the table behind every decision, as measured with
real clients. A family gets CARRY only after the leak test passes for it: Docker's containerd store and
crane print a redirect's URL when the registry answers 403 or 500.
"""

from enum import Enum
from typing import NamedTuple


class Treatment(Enum):
    """307 to the registry; 307 to our challenge route; the registry asked by us; 307 to the registry with
    the credentials as user info."""

    PLAIN = "plain"
    CHALLENGE = "challenge"
    RELAY = "relay"
    CARRY = "carry"


class Family(NamedTuple):
    """Requests without credentials, with them, and uploads with them. `products` begin the User-Agent.

    Unless it `trusts_head`, a manifest HEAD is answered without the digest, so that the client fetches
    the manifest instead of believing a length that the gateway may have changed.
    """

    name: str
    products: tuple[str, ...]
    anonymous: Treatment
    messages: Treatment
    uploads: Treatment
    trusts_head: bool = True


# Takes user info from a redirect and prints it nowhere, at no log level.
CONTAINERS_IMAGE = Family(
    "containers/image",
    ("skopeo", "containers", "buildah", "podman", "cri-o"),
    Treatment.PLAIN,
    Treatment.CARRY,
    Treatment.CARRY,
)
# Answers the registry's own challenge with the credentials it has for us.
DOCKER_CLASSIC = Family("docker", ("docker",), Treatment.PLAIN, Treatment.PLAIN, Treatment.PLAIN)
# Docker's containerd store among them: moby's authorizerFromAuthConfig gives credentials to the host of
# the image's name alone, and containerd's pusher drops them where an upload goes on at another host.
CONTAINERD = Family(
    "containerd",
    ("containerd", "containerd-client"),
    Treatment.CHALLENGE,
    Treatment.RELAY,
    Treatment.RELAY,
    trusts_head=False,
)
# Authenticates at the registry's own host too, and so pushes layers of any size.
BUILDKIT = Family(
    "buildkit",
    ("buildkit",),
    Treatment.CHALLENGE,
    Treatment.RELAY,
    Treatment.PLAIN,
    trusts_head=False,
)
OTHER = Family("other", (), Treatment.PLAIN, Treatment.RELAY, Treatment.RELAY)

FAMILIES = (CONTAINERS_IMAGE, DOCKER_CLASSIC, CONTAINERD, BUILDKIT, OTHER)
_BY_PRODUCT = {product: family for family in FAMILIES for product in family.products}


def family_of(user_agent: str) -> Family:
    """By the first product of a User-Agent. Docker's containerd store adds `containerd-client/VERSION`, so
    that registries can tell; what a daemon quotes of its caller in `UpstreamClient(…)` does not count."""
    product, _, rest = user_agent.partition("/")
    family = _BY_PRODUCT.get(product.lower(), OTHER)
    if family is DOCKER_CLASSIC and " containerd-client/" in rest.partition("UpstreamClient(")[0]:
        return CONTAINERD
    return family
