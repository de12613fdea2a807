"""What a domain shows before it is asked for anything: its addresses and its certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from credhelper.errors import TimedOut
from credhelper.routing import LONGEST_DISCOVERY, tls_context
from credhelper.waiting import bounded

T = TypeVar("T")


def addresses(name: str) -> list[str]:
    """The addresses of a host name. Raises OSError."""

    def work() -> list[str]:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        return sorted({str(info[4][0]) for info in infos})

    return _in_time("the name's resolution", work)


def certificate_expiry(host: str) -> float:
    """When the certificate of HOST[:PORT] stops being valid, in seconds since the epoch.

    Raises SSLCertVerificationError for one that is not trusted, and OSError.
    """

    def work() -> float:
        parts = urlsplit(f"https://{host}")
        name = parts.hostname or host
        with (
            socket.create_connection((name, parts.port or 443), timeout=LONGEST_DISCOVERY) as connection,
            tls_context().wrap_socket(connection, server_hostname=name) as secured,
        ):
            certificate = secured.getpeercert() or {}
        return float(ssl.cert_time_to_seconds(str(certificate["notAfter"])))

    return _in_time("TLS", work)


def _in_time(what: str, work: Callable[[], T]) -> T:
    try:
        return bounded(LONGEST_DISCOVERY, work, what)
    except TimedOut as error:
        raise TimeoutError(0, error.finding) from error
