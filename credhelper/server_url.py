"""Server URLs: what a client hands to `get` and `erase`, and the registry host that it names.

Clients disagree about the shape: Docker sends HOST[:PORT], `docker logout` also http:// and https://
forms, Docker's own `list` keys are https://HOST, go-containerregistry asks for HOST/REPOSITORY first.
All of them mean the host, and host names know no case.
"""

LONGEST_INPUT = 64 * 1024
"""Bytes; what docker-credential-helpers' own reader takes for a line."""

_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.:[]_")
_DOCKER_HUB = ("docker.io", "docker.com")


class ServerURL:
    """`asked` is the text to echo in an answer; `host` is HOST[:PORT] in lower case, without the
    scheme's own port; `plain_http` tells that http:// was asked for."""

    __slots__ = ("asked", "host", "plain_http")

    def __init__(self, asked: str, host: str, plain_http: bool = False) -> None:
        self.asked = asked
        self.host = host
        self.plain_http = plain_http

    @property
    def without_port(self) -> str:
        return self.host if self.host.endswith("]") else self.host.partition(":")[0]

    @property
    def docker_hub(self) -> bool:
        """Whether it is one of Docker Hub's hosts, which no default and no discovery may take over."""
        name = self.without_port
        return any(name == domain or name.endswith("." + domain) for domain in _DOCKER_HUB)


def read_server_url(data: bytes) -> str:
    """The text of a client's standard input: lines joined, blanks around them dropped.

    As docker-credential-helpers' `Serve` reads it (credentials/credentials.go). Raises InvalidServerURL.
    """
    if len(data) > LONGEST_INPUT:
        raise _invalid("", f"more than {LONGEST_INPUT} bytes on standard input")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _invalid("", "standard input is not text") from error
    return "".join(line.removesuffix("\r") for line in text.split("\n")).strip()


def parse_server_url(text: str) -> ServerURL:
    """Read [SCHEME:][//]HOST[:PORT][/PATH][?QUERY]. Raises InvalidServerURL."""
    scheme, separator, rest = text.partition("://")
    if not separator or "/" in scheme or "?" in scheme:
        scheme, rest = "https", text.removeprefix("//")
    scheme = scheme.lower()
    if scheme not in ("https", "http"):
        raise _invalid(text, f"unsupported scheme: {scheme}")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0].lower()
    host = authority.removesuffix(":443" if scheme == "https" else ":80")
    if not host:
        raise _invalid(text, "no hostname in URL")
    if not _HOST_CHARACTERS.issuperset(host):
        raise _invalid(text, f"{host!r} is not a host name")
    return ServerURL(text, host, scheme == "http")


def _invalid(value: str, reason: str) -> Exception:
    # Imported when there is something to tell: a `get` from memory needs no errors.
    from credhelper.errors import InvalidServerURL

    return InvalidServerURL(value, reason)
