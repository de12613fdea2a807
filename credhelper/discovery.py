"""Discovery: asking a domain which ECR registry it stands for.

The redirect service answers `GET https://DOMAIN/v2/` without credentials by a redirect to
`https://REGISTRY/v2/`. That redirect is not followed: its host is all that is wanted, and only a host
that fits the ECR grammar is believed. Whom to ask is decided in routing: the client will send the token
to the host that was asked.
"""

from __future__ import annotations

import http.client
import ssl
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPMessage
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from credhelper import VERSION
from credhelper.deadline import bounded
from credhelper.errors import DiscoveryFailed, HostNotServed, TimedOut
from credhelper.registry_host import InvalidRegistry, RegistryHost

LONGEST_DISCOVERY = 3.0
"""Seconds for the whole question, name resolution and TLS included."""

USER_AGENT = f"docker-credential-ecr-custom/{VERSION}"


@dataclass(frozen=True)
class Reply:
    """The head of a domain's answer to a question for /v2/."""

    status: int
    location: str = ""
    challenge: str = ""


class _NotFollowed(urllib.request.HTTPRedirectHandler):
    def http_error_302(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> None:
        """Leave the redirect as the answer that it is; its address is not even parsed here."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


def ask(host: str, *, authorization: str = "", seconds: float = LONGEST_DISCOVERY) -> Reply:
    """What `GET https://HOST/v2/` answers, redirects not followed. Raises DiscoveryFailed."""
    request = urllib.request.Request(f"https://{host}/v2/", headers={"User-Agent": USER_AGENT})
    if authorization:
        # Never handed on by urllib: not to a proxy, and there is no redirect that it follows.
        request.add_unredirected_header("Authorization", authorization)
    opener = urllib.request.build_opener(_NotFollowed, urllib.request.HTTPSHandler(context=tls_context()))

    def work() -> Reply:
        try:
            with opener.open(request, timeout=seconds) as answer:
                return Reply(answer.status, challenge=answer.headers.get("WWW-Authenticate", ""))
        except urllib.error.HTTPError as answer:
            with answer:
                headers = answer.headers
                return Reply(answer.code, headers.get("Location", ""), headers.get("WWW-Authenticate", ""))

    try:
        return bounded(seconds, work, "the answer")
    except TimedOut as error:
        raise DiscoveryFailed(host, f"no answer within {seconds:g} s") from error
    except urllib.error.URLError as error:
        raise DiscoveryFailed(host, _reason(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise DiscoveryFailed(host, _reason(error)) from error


def tls_context() -> ssl.SSLContext:
    """The system's trust (SSL_CERT_FILE and SSL_CERT_DIR honoured), certificates and names checked."""
    context = ssl.create_default_context()
    if sys.platform == "darwin" and not context.get_ca_certs():
        # python.org's macOS builds come without any certificate; botocore brings its own.
        package = find_spec("botocore")
        if package is not None and package.origin:
            context.load_verify_locations(str(Path(package.origin).with_name("cacert.pem")))
    return context


def registry_of(host: str, reply: Reply) -> str:
    """The ECR host that a domain's reply names. Pure. Raises HostNotServed."""
    if reply.status not in (301, 302, 303, 307, 308) or not reply.location:
        raise HostNotServed(host, f"https://{host}/v2/ answers {reply.status} and redirects nowhere")
    try:
        target = urlsplit(reply.location)
        named = target.username is not None or target.password is not None
        port, name = target.port, target.hostname or ""
    except ValueError as error:
        raise HostNotServed(host, f"https://{host}/v2/ redirects to a malformed address") from error
    if target.scheme != "https" or named or port not in (None, 443):
        raise HostNotServed(host, f"https://{host}/v2/ redirects to no plain https address, but to {name!r}")
    try:
        registry = RegistryHost.parse(name)
    except InvalidRegistry as error:
        raise HostNotServed(host, f"https://{host}/v2/ redirects to {name!r}, outside of ECR") from error
    if registry.ecr is None:
        raise HostNotServed(host, f"https://{host}/v2/ redirects to {name!r}, outside of ECR")
    return registry.host


def _reason(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error) or type(error).__name__
