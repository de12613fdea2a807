"""Server URLs: what a client hands to `get` and `erase`, and the registry host in it.

Clients disagree about the shape. Docker sends HOST[:PORT], `docker logout` also http:// and https://
forms, Docker's own `list` keys are https://HOST, and go-containerregistry sends HOST/REPOSITORY first.
All of them mean the host, and a host name is the same in capitals.
"""

#: Bytes; the longest line that docker-credential-helpers' own reader takes.
LONGEST_INPUT = 64 * 1024

_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.:[]_")
_DOCKER_HUB = ("docker.io", "docker.com")


class ServerURL:
    """A server URL, parsed."""

    __slots__ = ("host", "plain_http", "text")

    def __init__(self, text: str, host: str, plain_http: bool = False) -> None:
        #: The text as it came: `get` prints it again.
        self.text = text
        #: HOST[:PORT] in lower case, without the scheme's own port.
        self.host = host
        #: Whether the URL's scheme is http.
        self.plain_http = plain_http

    @property
    def name(self) -> str:
        """The host without its port."""
        return self.host if self.host.endswith("]") else self.host.partition(":")[0]

    @property
    def path(self) -> str:
        """What follows the first `/` after the host, as it came."""
        rest = self.text.partition("://")[2] or self.text
        return rest.removeprefix("//").partition("/")[2]

    @property
    def is_docker_hub(self) -> bool:
        """Whether the host is one of Docker Hub's, for which no ECR registry can stand in."""
        name = self.name
        return any(name == domain or name.endswith("." + domain) for domain in _DOCKER_HUB)


def read_server_url(data: bytes) -> str:
    """The text of a client's standard input: its lines joined, without blanks around them.

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
    """Read [SCHEME:][//]HOST[:PORT][/PATH][?QUERY]; an image's digest may end it. Raises InvalidServerURL."""
    scheme, separator, rest = text.partition("://")
    if not separator or "/" in scheme or "?" in scheme:
        scheme, rest = "https", text.removeprefix("//")
    scheme = scheme.lower()
    if scheme not in ("https", "http"):
        raise _invalid(text, "its scheme is neither https nor http")
    authority = rest.partition("/")[0].partition("?")[0].partition("#")[0].lower()
    host = authority.removesuffix(":443" if scheme == "https" else ":80")
    if not host:
        raise _invalid(text, "it has no host name")
    before, at, after = rest.partition("@")
    # No other `@`, wherever it stands: a password can hold a `/`, and USER:4711/x@HOST is not USER at a port.
    if at and ("/" not in before or "@" in after or not after.startswith(("sha256:", "sha512:"))):
        raise _invalid(text, "user name and password have no place in it")
    if not _HOST_CHARACTERS.issuperset(host):
        raise _invalid(text, "its host name has a character that no host name can have")
    return ServerURL(text, host, scheme == "http")


def _invalid(text: str, reason: str) -> Exception:
    # Imported when there is something to say: a `get` from the cache needs no errors.
    from credhelper.errors import InvalidServerURL

    return InvalidServerURL(text, reason)
