"""What is remembered on disk between two runs: routes (which registry a host stands for) and tokens.

One small file per record, in a directory of our own (0700) below the cache directory. Each is
written whole to a temporary file (0600) and renamed into place, so parallel writers cannot tear it
or lose each other's records, and a kill leaves either the old record or the new one. A file that is
not ours, is open to others or does not read as a record counts as absent and is replaced.

The text is lines, not JSON, for the `get` from the cache: importing `json` doubles its time.
"""

from credhelper.system import calls

_OF_TOKEN = "ecr-custom token 1"  # noqa: S105 (a heading)
_OF_ROUTE = "ecr-custom route 1"
_LONGEST_RECORD = 64 * 1024
_CLOCK_TOLERANCE = 300.0
"""Seconds that the clock may have been set back since a record was written."""

ROUTE_LIFETIME = 3600.0
REFUSAL_LIFETIME = 60.0
FAILURE_LIFETIME = 10.0
"""Seconds for: a host's registry, an answer that names none, a host that did not answer."""

_POSIX = hasattr(calls, "geteuid")
_ABANDONED_AFTER = 3600.0
_WHOLE_LIFE = 12 * 3600 + _CLOCK_TOLERANCE


class Token:
    """A registry's password (user name `AWS`). Times are seconds since the epoch."""

    __slots__ = ("expires_at", "registry", "requested_at", "secret")

    def __init__(self, registry: str, secret: str, requested_at: float, expires_at: float) -> None:
        self.registry = registry
        self.secret = secret
        self.requested_at = requested_at
        self.expires_at = expires_at

    def fresh(self, now: float) -> bool:
        """Whether to use it without asking for a new one: until half of its life is over."""
        return self.usable(now) and now < (self.requested_at + self.expires_at) / 2

    def usable(self, now: float) -> bool:
        """Whether it can still be valid. A clock that was set back makes its expiry unknowable."""
        return self.requested_at - _CLOCK_TOLERANCE <= now < self.expires_at

    @property
    def storable(self) -> bool:
        """Whether it fits a line, and a JSON string as it is."""
        return bool(self.secret) and plain(self.secret)


class Route:
    """Where a host leads: `registry` is the ECR host whose token to use, with `profile`, `role_arn`
    and `region` from its mapping, each empty where not given. An empty `registry` means that the
    host was found to lead nowhere, for `reason`."""

    __slots__ = ("host", "profile", "reason", "region", "registry", "role_arn")

    def __init__(
        self,
        host: str,
        registry: str,
        profile: str = "",
        role_arn: str = "",
        region: str = "",
        reason: str = "",
    ) -> None:
        self.host = host
        self.registry = registry
        self.profile = profile
        self.role_arn = role_arn
        self.region = region
        self.reason = reason


class Cache:
    """The records below `directory`; with None, one that forgets everything at once.

    Keys are hexadecimal digests from `source`. `token` and `route` return None for what is absent,
    outdated or unreadable. `remember_*` raise OSError where the record cannot be written.
    """

    def __init__(self, directory: "str | None") -> None:
        self.directory = directory

    def token(self, key: str) -> "Token | None":
        lines = self._read(f"token-{key}", _OF_TOKEN, 4)
        if lines is None:
            return None
        requested_at, expires_at = _time(lines[2]), _time(lines[3])
        if requested_at is None or expires_at is None or expires_at - requested_at > _WHOLE_LIFE:
            return None
        token = Token(lines[0], lines[1], requested_at, expires_at)
        return token if token.storable else None

    def remember_token(self, key: str, token: Token) -> None:
        if token.storable:
            lines = (token.registry, token.secret, repr(token.requested_at), repr(token.expires_at))
            self._write(f"token-{key}", _OF_TOKEN, lines)

    def route(self, key: str, now: float) -> "Route | None":
        lines = self._read(f"route-{key}", _OF_ROUTE, 7)
        if lines is None:
            return None
        until = _time(lines[6])
        if until is None or not now < until <= now + ROUTE_LIFETIME + _CLOCK_TOLERANCE:
            return None
        return Route(*lines[:6])

    def remember_route(self, key: str, route: Route, until: float) -> None:
        lines = (route.host, route.registry, route.profile, route.role_arn, route.region, route.reason)
        if all("\n" not in line for line in lines):
            self._write(f"route-{key}", _OF_ROUTE, (*lines, repr(until)))

    def forget(self, host: str, registries: "set[str]") -> None:
        """Drop the routes of `host`, and the tokens of `registries` and of those routes, of all sources."""
        registries = {host} | registries
        names = self._names()
        for name in names:
            lines = self._read(name, _OF_ROUTE, 7)
            if lines is not None and lines[0] == host:
                registries.add(lines[1])
                self._remove(name)
        for name in names:
            lines = self._read(name, _OF_TOKEN, 4)
            if lines is not None and lines[0] in registries:
                self._remove(name)

    def prune(self, now: float) -> None:
        """Drop what is over, what does not read, and temporary files that a kill left behind."""
        for name in self._names():
            if name.startswith("token-"):
                token = self.token(name.removeprefix("token-"))
                over = token is None or not token.usable(now)
            elif name.startswith("route-"):
                over = self.route(name.removeprefix("route-"), now) is None
            elif name.startswith("new-"):
                over = self._age(name, now) > _ABANDONED_AFTER
            else:
                continue
            if over:
                self._remove(name)

    def _names(self) -> "list[str]":
        if self.directory is None:
            return []
        try:
            return calls.listdir(self.directory)
        except OSError:
            return []

    def _age(self, name: str, now: float) -> float:
        try:
            return now - calls.stat(f"{self.directory}/{name}").st_mtime
        except OSError:
            return 0.0

    def _remove(self, name: str) -> None:
        try:
            calls.unlink(f"{self.directory}/{name}")
        except OSError:
            return  # another run was quicker, or the directory is read-only: then it stays, outdated

    def _read(self, name: str, magic: str, count: int) -> "list[str] | None":
        if self.directory is None:
            return None
        try:
            descriptor = calls.open(f"{self.directory}/{name}", calls.O_RDONLY)
        except (OSError, ValueError):
            return None
        try:
            status = calls.fstat(descriptor)
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
        if len(lines) != count + 2 or lines[0] != magic or lines[-1]:
            return None
        return lines[1:-1]

    def _write(self, name: str, magic: str, lines: "tuple[str, ...]") -> None:
        if self.directory is None:
            return
        import os
        import tempfile
        from pathlib import Path

        directory = Path(self.directory)
        directory.parent.mkdir(0o700, parents=True, exist_ok=True)
        directory.mkdir(0o700, exist_ok=True)
        directory.chmod(0o700)
        descriptor, temporary = tempfile.mkstemp(prefix="new-", dir=directory)  # with mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{line}\n" for line in (magic, *lines))
            Path(temporary).replace(directory / name)
        except OSError:
            calls.unlink(temporary)
            raise


def plain(text: str) -> bool:
    """Whether `text` is printable ASCII that a JSON string holds without an escape."""
    return text.isascii() and text.isprintable() and '"' not in text and "\\" not in text


def _time(text: str) -> "float | None":
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e11 else None  # neither a NaN nor an infinity
