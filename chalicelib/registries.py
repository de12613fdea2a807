"""The registries behind one name: a default, and others for repositories under a prefix."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from chalicelib.registry_host import RegistryHost

# Path components of a repository's name, as ECR takes them:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_PREFIX = re.compile(r"(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*/)+")


class RegistryPrefix(NamedTuple):
    """The repositories under a prefix, and the registry that has them."""

    #: It ends with a slash: `payments/` holds the repository `payments` and all below it.
    prefix: str
    registry: RegistryHost


class Registries(NamedTuple):
    """All registries behind the name."""

    #: The registry of every repository without a prefix.
    default: RegistryHost
    #: The longest prefix first.
    prefixes: tuple[RegistryPrefix, ...] = ()

    def of_repository(self, repository: str) -> RegistryHost:
        """The registry of a repository, whose name may be percent-encoded."""
        if self.prefixes:
            name = unquote(repository) + "/"
            for prefix, registry in self.prefixes:
                if name.startswith(prefix):
                    return registry
        return self.default

    def with_authority(self, authority: str) -> RegistryHost | None:
        """The registry whose `HOST[:PORT]` is exactly this text; None where none is."""
        for registry in self.all():
            if registry.authority == authority:
                return registry
        return None

    def all(self) -> tuple[RegistryHost, ...]:
        """Every registry once, the default first."""
        return tuple(dict.fromkeys((self.default, *(each.registry for each in self.prefixes))))


def is_prefix(text: str) -> bool:
    """Whether a text is one or more path components of a repository's name, each with its slash."""
    return _PREFIX.fullmatch(text) is not None


def region_fault(registries: tuple[RegistryHost, ...]) -> str | None:
    """Why one token cannot serve all of these registries, or None.

    An ECR token is good for every registry of its region and for no other region's:
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
    """
    first = registries[0]
    for other in registries[1:]:
        if _region(other) != _region(first):
            return (
                f"{other.authority} is in {_region(other)} and {first.authority} in {_region(first)}, "
                "and a client has one token for the name, which is good for one region"
            )
    return None


def _region(registry: RegistryHost) -> str:
    if registry.ecr is None:
        return "no region of ECR"
    return f"{registry.ecr.region} ({registry.ecr.partition})"
