"""Someone who pushes and pulls at a name that was deployed, with credentials for the registry behind it."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from infra.outside import NotReached
from tests.deploy.public_internet import PublicInternet
from tests.standins.certificates import Certificates
from tests.standins.registry_client import CRANE, RegistryClient

MEGABYTE = 1_000_000


def registry_user(
    internet: PublicInternet, certificates: Certificates, domain: str, password: str
) -> RegistryClient:
    """A client that finds the domain as the public DNS has it now."""

    def resolve(authority: str) -> tuple[str, int] | None:
        try:
            return internet.address(authority) if urlsplit(f"//{authority}").hostname == domain else None
        except NotReached as error:
            raise OSError(str(error)) from error

    return RegistryClient(
        f"https://{domain}", password, CRANE, tls=certificates.client_context(), resolve=resolve
    )


def push_and_pull(client: RegistryClient, repository: str, size: int) -> None:
    """A fresh layer of `size` bytes there and back. Raises UnexpectedStatus, ValueError."""
    layer = secrets.token_bytes(size)
    with client:
        client.push(repository, "latest", layer)
        if client.pull(repository, "latest") != [layer]:
            raise ValueError("another layer came back")
