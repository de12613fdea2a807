"""`get` from the cache: the path that nearly every `docker pull` takes, in about a millisecond.

It knows neither JSON nor AWS nor the network. Where the cache has no fresh token, the helper does the work.

The cache is a directory with one small file per record: routes (which registry a host stands for) and
tokens. The directory must belong to this user and be closed to everybody else, or there is no cache;
a file that is not such a file, or does not read as the record that was looked for, counts as absent.
Records are lines rather than JSON, because importing `json` doubles the time.
"""

import sys

from credhelper.server_url import ServerURL
from credhelper.settings import HelperSettings, calls

# hashlib loads OpenSSL, which takes longer than everything else here. The modules that it wraps are
# CPython's own affair and may move or be left out of a build.
try:
    if sys.version_info >= (3, 12):  # pragma: no cover (one of the two, by Python's version)
        from _sha2 import sha256  # type: ignore[import-not-found]
    else:  # pragma: no cover
        from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:  # pragma: no cover (builds of Python without these modules)
    from hashlib import sha256

#: Seconds for which a host's registry is kept.
ROUTE_LIFETIME = 3600.0
#: Seconds by which the clock may have been set back since a record was written.
CLOCK_TOLERANCE = 300.0

TOKEN_HEADING = "ecr-custom token 2"  # noqa: S105 (the first line of a file)
ROUTE_HEADING = "ecr-custom route 2"

_LONGEST_RECORD = 64 * 1024
_LONGEST_LIFE = 12 * 3600 + CLOCK_TOLERANCE
_POSIX = hasattr(calls, "geteuid")
_REGULAR_FILE, _KIND_OF_FILE = 0o100000, 0o170000
if _POSIX:
    # Links are not followed, and opening a FIFO does not wait for its other end.
    _READ = calls.O_RDONLY | calls.O_NOFOLLOW | calls.O_NONBLOCK | calls.O_CLOEXEC
    _DIRECTORY = _READ | calls.O_DIRECTORY
else:  # pragma: no cover (Windows)
    _READ = calls.O_RDONLY | calls.O_BINARY  # type: ignore[attr-defined]


class Token:
    """A registry's password; the user name is `AWS`. Times are seconds since the epoch."""

    __slots__ = ("expires_at", "registry", "requested_at", "secret")

    def __init__(self, registry: str, secret: str, requested_at: float, expires_at: float) -> None:
        #: The registry's host name.
        self.registry = registry
        #: The password; never shown.
        self.secret = secret
        #: When AWS was asked for it.
        self.requested_at = requested_at
        #: When it stops being valid.
        self.expires_at = expires_at

    def is_fresh(self, now: float) -> bool:
        """Whether to use it without asking for a new one: until half of its life is over."""
        return self.is_usable(now) and now < (self.requested_at + self.expires_at) / 2

    def is_usable(self, now: float) -> bool:
        """Whether it can still be valid. A clock that was set back makes its expiry unknowable."""
        return self.requested_at - CLOCK_TOLERANCE <= now < self.expires_at

    @property
    def is_storable(self) -> bool:
        """Whether it fits a line, and a JSON string as it is."""
        return bool(self.secret) and is_plain(self.secret)


class RegistryRoute:
    """Where a host leads."""

    __slots__ = ("host", "next_step", "profile", "reason", "region", "registry", "role_arn")

    def __init__(
        self,
        host: str,
        registry: str,
        profile: str = "",
        role_arn: str = "",
        region: str = "",
        reason: str = "",
        next_step: str = "",
    ) -> None:
        #: HOST[:PORT].
        self.host = host
        #: The ECR host name whose token to use; empty where the host stands for no registry.
        self.registry = registry
        #: The mapping's AWS profile, or empty.
        self.profile = profile
        #: The mapping's role, or empty.
        self.role_arn = role_arn
        #: The mapping's region, or empty.
        self.region = region
        #: Why there is no registry; empty where there is one.
        self.reason = reason
        #: What to do about that, or empty.
        self.next_step = next_step


class CacheReader:
    """The records in `directory`; with None there are none.

    Keys are digests, from `route_key` and `token_key`. Each method returns None for a record that is
    absent, over, or not the one that was looked for.
    """

    def __init__(self, directory: "str | None") -> None:
        self.directory = directory

    def token(self, key: str, registry: str) -> "Token | None":
        """The token of `registry` under `key`."""
        lines = self.lines(f"token-{key}", TOKEN_HEADING, 5)
        if lines is None or lines[0] != key or lines[1] != registry:
            return None
        requested_at, expires_at = _time(lines[3]), _time(lines[4])
        if requested_at is None or expires_at is None or expires_at - requested_at > _LONGEST_LIFE:
            return None
        token = Token(registry, lines[2], requested_at, expires_at)
        return token if token.is_storable else None

    def route(self, key: str, host: str, now: float) -> "RegistryRoute | None":
        """The route of `host` under `key`."""
        lines = self.lines(f"route-{key}", ROUTE_HEADING, 9)
        if lines is None or lines[0] != key or lines[1] != host:
            return None
        until = _time(lines[8])
        if until is None or not now < until <= now + ROUTE_LIFETIME + CLOCK_TOLERANCE:
            return None
        return RegistryRoute(*lines[1:8])

    def lines(self, name: str, heading: str, count: int) -> "list[str] | None":
        """The `count` lines after `heading` in the file `name`; None where it is not such a file."""
        if self.directory is None:
            return None
        try:
            descriptor = self._open(self.directory, name)
        except (OSError, ValueError):
            return None
        try:
            status = calls.fstat(descriptor)
            if status.st_mode & _KIND_OF_FILE != _REGULAR_FILE:
                return None
            if _POSIX and (status.st_uid != calls.geteuid() or status.st_mode & 0o077):
                return None
            data = calls.read(descriptor, _LONGEST_RECORD)
        except OSError:
            return None
        finally:
            calls.close(descriptor)
        try:
            lines = data.decode().split("\n")
        except UnicodeDecodeError:
            return None
        # The empty string after the last newline shows that the record is whole.
        if len(lines) != count + 2 or lines[0] != heading or lines[-1]:
            return None
        return lines[1:-1]

    def _open(self, directory: str, name: str) -> int:
        if not _POSIX:  # pragma: no cover (Windows)
            return calls.open(f"{directory}/{name}", _READ)
        parent = open_private_directory(directory)
        try:
            return calls.open(name, _READ, dir_fd=parent)
        finally:
            calls.close(parent)


def open_private_directory(path: str) -> int:
    """A descriptor of the directory at `path`.

    Raises OSError where it is a link, belongs to another user, or is open to others.
    """
    descriptor = calls.open(path, _DIRECTORY)
    status = calls.fstat(descriptor)
    if status.st_uid == calls.geteuid() and not status.st_mode & 0o077:
        return descriptor
    calls.close(descriptor)
    if status.st_uid != calls.geteuid():
        raise PermissionError(1, "the directory belongs to another user", path)
    raise PermissionError(1, "the directory is open to other users", path)


def route_key(settings: HelperSettings, host: str, plain_http: bool) -> str:
    """The key of what is known about `host` under this configuration."""
    return _digest(
        "route",
        host,
        str(plain_http),
        settings.discover_text,
        settings.default_registry,
        *map(
            _identity,
            (settings.config_path, settings.docker_config_path, settings.containers_auth_path),
        ),
    )


def token_key(settings: HelperSettings, route: RegistryRoute) -> str:
    """The key of the token for `route`, as asked for with this environment's AWS credentials.

    It says whose credentials botocore would use, not which they are at the moment: the mapping's
    profile, role and region, all AWS variables, and the identity of every file that botocore reads. So a
    role or an SSO session keeps its token while its short-lived keys change, and nobody else ever gets it.
    What is secret among these goes into the digest alone, which shows nothing of it.
    """
    return _digest(
        "token",
        route.registry,
        route.profile,
        route.role_arn,
        route.region,
        *map(_identity, settings.aws_files),
        *settings.aws_variables,
    )


def cached_credentials(url: ServerURL, settings: HelperSettings, now: float) -> "bytes | None":
    """What a `get` of `url` prints; None where the cache has no fresh token for it."""
    if settings.cache_directory is None or not is_plain(url.text):
        return None
    cache = CacheReader(settings.cache_directory)
    route = cache.route(route_key(settings, url.host, url.plain_http), url.host, now)
    if route is None or not route.registry:
        return None
    token = cache.token(token_key(settings, route), route.registry)
    return credentials_bytes(url.text, token) if token is not None and token.is_fresh(now) else None


def credentials_bytes(text: str, token: Token) -> bytes:
    """The protocol's credentials, byte for byte as docker-credential-helpers writes them.

    Nothing is escaped, so this is only for what `is_plain` holds of.
    """
    return f'{{"ServerURL":"{text}","Username":"AWS","Secret":"{token.secret}"}}\n'.encode()


def is_plain(text: str) -> bool:
    """Whether `text` is printable ASCII that a JSON string holds without an escape."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _identity(path: "str | None") -> str:
    """What changes whenever the file at `path` is replaced or edited; its content is not read."""
    if path is None:
        return ""
    try:
        status = calls.stat(path)
    except (OSError, ValueError):
        return f"{path}\n-"
    return (
        f"{path}\n{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}"
    )


def _digest(*parts: str) -> str:
    # Neither variables nor paths can hold a NUL, so the parts cannot run into each other.
    text = "\0".join(parts)
    return str(sha256(text.encode("utf-8", "surrogateescape")).hexdigest())


def _time(text: str) -> "float | None":
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e11 else None  # neither a NaN nor an infinity
