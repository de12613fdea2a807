"""Writing to the cache: keeping, removing and pruning records, and the file that locks are taken on.

Each record is written whole to a temporary file (0600) and renamed into place. So parallel writers
cannot tear it or lose each other's records, and a kill leaves either the old record or the new one.
All of it happens inside of one opened directory, the cache's own (0700), which is made where it is
absent and refused where it is another user's or open to others.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from credhelper.cached_get import (
    ROUTE_HEADING,
    TOKEN_HEADING,
    CacheReader,
    RegistryRoute,
    Token,
    open_private_directory,
)

#: Seconds for which a host is remembered as one that stands for no registry.
REFUSAL_LIFETIME = 60.0
#: Seconds for which a host is remembered as one that did not respond.
FAILURE_LIFETIME = 10.0

_ABANDONED_AFTER = 3600.0
_POSIX = hasattr(os, "geteuid")
_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_LOCK = "lock"


class Cache(CacheReader):
    """The records in `directory`; with None, a cache that keeps nothing.

    `keep_*` raise OSError where the record cannot be written.
    """

    def keep_token(self, key: str, token: Token) -> None:
        """Keep `token` under `key`."""
        if token.is_storable:
            times = (repr(token.requested_at), repr(token.expires_at))
            self._write(f"token-{key}", TOKEN_HEADING, (key, token.registry, token.secret, *times))

    def keep_route(self, key: str, route: RegistryRoute, until: float) -> None:
        """Keep `route` under `key`, until a time in seconds since the epoch.

        A route to another registry that was there stays under another name, for `records_of`.
        """
        lines = (
            key,
            route.host,
            route.registry,
            route.profile,
            route.role_arn,
            route.region,
            route.reason,
            route.next_step,
        )
        if all("\n" not in line for line in lines):
            name = f"route-{key}"
            before = self.lines(name, ROUTE_HEADING, 9)
            if before is not None and before[2] not in ("", route.registry):
                self._write(f"{name}-{before[2]}", ROUTE_HEADING, tuple(before))
            self._write(name, ROUTE_HEADING, (*lines, repr(until)))

    def records_of(self, host: str, registries: set[str]) -> list[str]:
        """The files with routes of `host`, also with those that are over, and with tokens of their registries
        and of `registries`."""
        registries = {host} | registries
        found = []
        with self._opened() as place:
            names = place.names()
        for name in names:
            lines = self.lines(name, ROUTE_HEADING, 9)
            if lines is not None and lines[1] == host:
                registries.add(lines[2])
                found.append(name)
        for name in names:
            lines = self.lines(name, TOKEN_HEADING, 5)
            if lines is not None and lines[1] in registries:
                found.append(name)
        return found

    def remove(self, names: Iterable[str]) -> None:
        """Remove the files `names`; what is gone already is not an error."""
        with self._opened() as place:
            for name in names:
                place.remove(name)

    def prune(self, now: float) -> None:
        """Drop what is over, what does not read, and temporary files that a kill left behind.

        A route stays as long as a usable token of its registry: without it, `records_of` would not find that.
        """
        registries = set()
        with self._opened() as place:
            for name in sorted(place.names(), reverse=True):  # tokens before routes
                if name.startswith("token-"):
                    lines = self.lines(name, TOKEN_HEADING, 5)
                    token = self.token(lines[0], lines[1]) if lines is not None else None
                    over = token is None or not token.is_usable(now)
                    if token is not None and not over:
                        registries.add(token.registry)
                elif name.startswith("route-"):
                    lines = self.lines(name, ROUTE_HEADING, 9)
                    over = lines is None or (
                        lines[2] not in registries
                        and self.route(name.removeprefix("route-"), lines[1], now) is None
                    )
                elif name.startswith("new-"):
                    over = now - place.modified_at(name, now) > _ABANDONED_AFTER
                else:
                    continue
                if over:
                    place.remove(name)

    def clear(self) -> None:
        """Remove every file of the cache and then its directory. Raises OSError."""
        if self.directory is None:
            return
        with self._opened(required=True) as place:
            for name in place.names():
                if name == _LOCK or name.startswith(("token-", "route-", "new-")):
                    place.remove(name)
        Path(self.directory).rmdir()

    def open_lock(self) -> int:
        """A descriptor of the file on which locks are taken. Raises OSError where there can be none."""
        if self.directory is None:
            raise FileNotFoundError
        self._make_directory(self.directory)
        with self._opened(required=True) as place:
            return place.open(_LOCK, os.O_RDWR | os.O_CREAT)

    def _write(self, name: str, heading: str, lines: tuple[str, ...]) -> None:
        if self.directory is None:
            return
        self._make_directory(self.directory)
        with self._opened(required=True) as place:
            temporary = f"new-{os.getpid()}-{os.urandom(8).hex()}"
            descriptor = place.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                    file.writelines(f"{line}\n" for line in (heading, *lines))
                place.rename(temporary, name)
            except OSError as error:
                place.remove(temporary)
                raise OSError(error.errno, error.strerror, f"{self.directory}/{name}") from None

    @contextmanager
    def _opened(self, required: bool = False) -> Iterator[_Place]:
        """The directory; where there is none or it is refused, an empty one, or OSError if `required`."""
        if self.directory is None:
            yield _Place("", None)
        elif not _POSIX:  # pragma: no cover (Windows)
            yield _Place(f"{self.directory}/", None)
        else:
            try:
                descriptor = open_private_directory(self.directory)
            except OSError:
                if required:
                    raise
                yield _Place("", None)
                return
            try:
                yield _Place("", descriptor)
            finally:
                os.close(descriptor)

    @staticmethod
    def _make_directory(directory: str) -> None:
        path = Path(directory)
        if path.is_dir():
            return
        missing = [path]
        while not (parent := missing[-1].parent).is_dir() and parent != missing[-1]:
            missing.append(parent)
        # As the superuser in another user's home: what was made there would lock that user out.
        if _POSIX and missing[-1].parent.stat().st_uid not in (0, os.geteuid()):
            raise PermissionError(1, "the directory belongs to another user", str(missing[-1].parent))
        for each in reversed(missing):
            with suppress(FileExistsError):
                each.mkdir(0o700)


class _Place(NamedTuple):
    """An opened directory."""

    #: What goes before a file's name.
    prefix: str
    #: The directory's descriptor; None on Windows, and where there is nothing to open.
    descriptor: int | None

    def open(self, name: str, flags: int) -> int:
        return os.open(self.prefix + name, flags | _NO_LINK, 0o600, dir_fd=self.descriptor)

    def rename(self, name: str, new_name: str) -> None:
        os.replace(
            self.prefix + name, self.prefix + new_name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor
        )

    def names(self) -> list[str]:
        if self.descriptor is None and not self.prefix:
            return []
        try:
            return os.listdir(self.prefix if self.descriptor is None else self.descriptor)  # noqa: PTH208
        except OSError:
            return []

    def modified_at(self, name: str, default: float) -> float:
        try:
            return os.stat(self.prefix + name, dir_fd=self.descriptor, follow_symlinks=False).st_mtime
        except OSError:
            return default

    def remove(self, name: str) -> None:
        # Another run may have been quicker, or the directory is read-only: then the file stays, outdated.
        with suppress(OSError):
            os.unlink(self.prefix + name, dir_fd=self.descriptor)
