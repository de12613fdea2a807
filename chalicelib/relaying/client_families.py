"""The client families that the relay treats in ways of their own, as measured (tests/clients).

Everyone else is challenged without credentials and relayed with them.
"""

from typing import NamedTuple


class Family(NamedTuple):
    """What the relay has to know about a client."""

    #: As the log names it.
    name: str
    #: The products with which its User-Agent begins, in lower case.
    products: tuple[str, ...]
    #: It is always redirected to the registry itself.
    always_plain: bool = False
    #: Its uploads are redirected to the registry itself.
    uploads_plain: bool = False
    #: A manifest HEAD is answered without the digest, so that it fetches the manifest instead of taking
    #: the length of the HEAD for the manifest's.
    drops_manifest_digest: bool = False
    #: It reads only the status of a blob HEAD. Others may write the length of the HEAD into a manifest.
    ignores_blob_length: bool = False


# Docker's classic image store answers the registry's own challenge with the credentials that it has for us,
# and so pushes layers of any size.
DOCKER_CLASSIC = Family("docker", ("docker",), always_plain=True, ignores_blob_length=True)
# containerd and Docker's containerd image store.
CONTAINERD = Family(
    "containerd",
    ("containerd", "containerd-client"),
    drops_manifest_digest=True,
    ignores_blob_length=True,
)
# BuildKit authenticates at the registry's own host too, and so pushes layers of any size.
BUILDKIT = Family(
    "buildkit", ("buildkit",), uploads_plain=True, drops_manifest_digest=True, ignores_blob_length=True
)
# crane and cosign stand on go-containerregistry.
GO_CONTAINERREGISTRY = Family(
    "go-containerregistry", ("crane", "cosign", "go-containerregistry"), ignores_blob_length=True
)
ORAS = Family("oras", ("oras", "oras-go", "helm"), ignores_blob_length=True)
# skopeo, podman, buildah and CRI-O among them: containers/image takes the length of a blob HEAD for the size
# that it writes into the manifest.
OTHER = Family("other", ())

FAMILIES = (DOCKER_CLASSIC, CONTAINERD, BUILDKIT, GO_CONTAINERREGISTRY, ORAS, OTHER)
_BY_PRODUCT = {product: family for family in FAMILIES for product in family.products}


def family_of(user_agent: str) -> Family:
    """By the first product of a User-Agent. Docker's containerd store adds `containerd-client/VERSION`, so
    that registries can tell; what a daemon quotes of its caller in `UpstreamClient(…)` does not count."""
    product, _, rest = user_agent.partition("/")
    family = _BY_PRODUCT.get(product.lower(), OTHER)
    if family is DOCKER_CLASSIC and " containerd-client/" in rest.partition("UpstreamClient(")[0]:
        return CONTAINERD
    return family
