"""Locations. One names the configured registry, our own host (a relative one) or, in an answer that the
registry itself gave, the host it sends layer downloads to; never another."""

import re
from urllib.parse import quote, urljoin, urlsplit

from chalicelib.credentials import BasicCredentials
from chalicelib.message import Query, is_printable_ascii
from chalicelib.registry_host import RegistryHost

# API Gateway allows 10,240 bytes for all headers together (AWS: API Gateway quotas); all others take well
# under 1 KiB.
MAX_LOCATION = 10_240 - 1_024

_UNRESERVED_QUERY = "/:@-._~"
# RFC 3986's path characters; anything else must arrive percent-encoded.
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*")
# What is no escape, an escaped control character, and the backslash, which some clients read as a slash.
_UNFIT_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:[01].|7[Ff]|5[Cc])")
_DOT_SEGMENT = re.compile(r"(?:/|%2[Ff])(?:\.|%2[Ee]){1,2}(?:/|%2[Ff]|$)")


def fault_of_path(path: str) -> str | None:
    """What makes a path unfit for a Location, or None. Clients rewrite dot segments and backslashes, so
    the registry would be asked for something else than was decided on."""
    if not _PATH.fullmatch(path):
        return "has characters that a URL path cannot hold"
    if "%" in path and _UNFIT_ESCAPE.search(path):
        return "has an escape that is malformed or stands for a control character or a backslash"
    if ("/." in path or "%" in path) and _DOT_SEGMENT.search(path):
        return "has a dot segment"
    return None


def with_query(path: str, query: Query) -> str:
    """The query rebuilt from its decoded pairs: all values, in order, empty ones kept."""
    if not query:
        return path
    pairs = [f"{_quoted(name)}={_quoted(value)}" for name, value in query]
    return f"{path}?{'&'.join(pairs)}"


def at_registry(registry: RegistryHost, target: str, credentials: BasicCredentials | None = None) -> str:
    """The URL of `target` at the registry, with the credentials as user info if given."""
    if credentials is None:
        return registry.origin + target
    user = quote(credentials.user, safe="")
    password = quote(credentials.password, safe="")
    return f"{registry.scheme}://{user}:{password}@{registry.authority}{target}"


def from_registry(registry: RegistryHost, target: str, reference: str) -> str | None:
    """A URL reference in the registry's answer to `target`, as our client should see it: relative to us
    where it is the registry's own, so that the client comes back here with its credentials. None where
    it is no URL, of another scheme, with user info, too long, or would lead to a host that the registry
    did not name.
    """
    if not is_printable_ascii(reference) or " " in reference or not 0 < len(reference) <= MAX_LOCATION:
        return None
    try:
        absolute = urljoin(registry.origin + target, reference)
        parts = urlsplit(absolute)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if not host or parts.username is not None or parts.scheme not in ("https", registry.scheme):
        return None
    if not registry.same_origin(parts.scheme, host, port):
        return absolute
    # "//host" would be another host; the other ways to spell one are faults of any path.
    if parts.path.startswith("//") or fault_of_path(parts.path or "/"):
        return None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _quoted(text: str) -> str:
    # Lone surrogates, which JSON can carry and UTF-8 cannot, become "?".
    return quote(text, safe=_UNRESERVED_QUERY, errors="replace")
