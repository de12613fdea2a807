"""The world as a registry client sees it: the public DNS and HTTPS, and nothing of AWS' API."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

TIMEOUT = 30.0


class NotReached(Exception):
    """No response: the name does not resolve, nothing listens, or TLS failed; the message says which."""


@dataclass(frozen=True)
class Reply:
    """An HTTP response; header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


class Outside(Protocol):
    """What verification needs of the world; redirects are not followed."""

    def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of a name. Raises NotReached."""

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        """GET `target` (path and query) at `origin` (https://HOST[:PORT]). Raises NotReached."""


@dataclass(frozen=True)
class Internet:
    """The real one. `tls` None: the system's authorities."""

    tls: ssl.SSLContext | None = None

    def addresses(self, host: str) -> tuple[str, ...]:
        try:
            found = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NotReached(f"the name {host} does not resolve ({error})") from error
        return tuple(sorted({str(entry[4][0]) for entry in found}))

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        scheme, _, authority = origin.partition("://")
        connection: http.client.HTTPConnection
        if scheme == "https":
            tls = self.tls or ssl.create_default_context()
            connection = http.client.HTTPSConnection(authority, timeout=TIMEOUT, context=tls)
        else:
            connection = http.client.HTTPConnection(authority, timeout=TIMEOUT)
        try:
            connection.request("GET", target, headers=dict(headers))
            response = connection.getresponse()
            response.read()
        except ssl.SSLCertVerificationError as error:
            raise NotReached(
                f"{authority} shows a certificate that does not hold: {error.verify_message}"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise NotReached(f"{authority} does not answer ({error or type(error).__name__})") from error
        finally:
            connection.close()
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()})
