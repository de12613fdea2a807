"""URLs: which paths may stand in a Location, and what a URL in a registry's response becomes.

A Location of ours names a configured registry, our own host (a relative one) or, in a response that a
registry gave, the host to which it sends layer downloads. None ever holds user info.
"""

import re
from urllib.parse import quote, urljoin, urlsplit

from chalicelib.http_message import Query, is_printable_ascii
from chalicelib.registry_host import RegistryHost

# API Gateway allows 10,240 bytes for all headers together (AWS: API Gateway quotas); all others take well
# under 1 KiB.
MAX_LOCATION = 10_240 - 1_024
# CloudFront takes URLs of 8,192 bytes (AWS: CloudFront quotas), the scheme and our own host among them.
MAX_EDGE_LOCATION = 8_192 - 264

_UNRESERVED_QUERY = "/:@-._~"
# RFC 3986's path characters; anything else must arrive percent-encoded.
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/%-]*")
# A malformed escape, an escaped control character, and the backslash, which some clients read as a slash.
_UNFIT_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%(?:[01].|7[Ff]|5[Cc])")
_DOT_SEGMENT = re.compile(r"(?:/|%2[Ff])(?:\.|%2[Ee]){1,2}(?:/|%2[Ff]|$)")
# What URL parsers agree about: no user info, no escape, no backslash, ASCII alone.
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)


def path_fault(path: str) -> str | None:
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


def location_from(registry: RegistryHost, target: str, reference: str, elsewhere: bool) -> str | None:
    """A URL reference in the registry's response to `target`, as our client should see it.

    The registry's own URLs become relative ones, so that the client comes back to our name with its
    credentials. None is returned for what is not a URL, has another scheme or user info, is too long, or
    has an authority that two URL parsers could read in two ways; and for a URL at another host unless
    `elsewhere`. That is for redirects alone: clients take an upload's Location for our own word, and send
    the host that it names their credentials (skopeo does).
    """
    if not is_printable_ascii(reference) or " " in reference or not 0 < len(reference) <= MAX_LOCATION:
        return None
    try:
        absolute = urljoin(registry.origin + target, reference)
        parts = urlsplit(absolute)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("https", registry.scheme) or not _AUTHORITY.fullmatch(parts.netloc):
        return None
    if not registry.same_origin(parts.scheme, parts.hostname or "", port):
        return absolute if elsewhere else None
    # "//host" would be another host; the other ways to spell one are faults of any path.
    if parts.path.startswith("//") or path_fault(parts.path or "/"):
        return None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def link_parts(value: str) -> tuple[str, str] | None:
    """The URL reference and the parameters of a `Link` header such as `<URL>; rel="next"`, as registries page
    their lists (RFC 8288). None for what is malformed, and for a second link, which would go unread."""
    reference, closed, parameters = value[1:].partition(">")
    if not value.startswith("<") or not closed or "<" in value[1:]:
        return None
    return reference, parameters


def _quoted(text: str) -> str:
    # Lone surrogates, which JSON can carry and UTF-8 cannot, become "?".
    return quote(text, safe=_UNRESERVED_QUERY, errors="replace")
