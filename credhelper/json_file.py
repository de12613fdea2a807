"""JSON files that people and other programs edit: reading and writing them.

Reading knows where each member stands, so that a wrong type is reported like a wrong comma: with
file, line and column. Writing replaces the file in one step; the file keeps its mode, its owner, a symbolic
link to it, and the order and the indentation of its members.

Files are written only below directories that belong to this user or to the system: as the superuser in
another user's home, every path could lead elsewhere by the time it is used.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from credhelper.errors import ChangedMeanwhile, FileTrouble, InvalidFile, shown_path

_DECODER = json.JSONDecoder()
_BLANKS = " \t\r\n"
_LARGEST = 16 * 1024 * 1024

#: What the name of a temporary file has between the name of the file to be and a random end.
TEMPORARY = ".new-ecr-custom-"


@dataclass(frozen=True)
class JsonFile:
    """A JSON object in a file."""

    #: Where the file is, or would be.
    path: Path
    #: What is in it; empty for a file that does not exist.
    text: str
    #: The object's members.
    members: Mapping[str, Any]
    #: The offset of each member's value in `text`.
    places: Mapping[str, int] = field(repr=False)

    def refuse(self, name: str, problem: str) -> NoReturn:
        """Raise InvalidFile at the value of the member `name`."""
        line, column = _line_and_column(self.text, self.places.get(name, 0))
        raise InvalidFile(str(self.path), line, column, problem)

    def strings(self, name: str) -> dict[str, str]:
        """The member `name` as an object of strings, empty where it is absent. Raises InvalidFile."""
        value = self.members.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
            self.refuse(name, f"{name} is {json_type(value)}; expected an object of strings")
        return dict(value)


def read_json_file(path: Path) -> JsonFile:
    """Raises InvalidFile for what is not a JSON object, FileTrouble for what cannot be read."""
    try:
        # Opening a FIFO must not wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise FileTrouble(str(path), "read", "it is not a regular file")
            data = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return JsonFile(path, "", {}, {})
    except OSError as error:
        raise FileTrouble(str(path), "read", _reason(error)) from error
    if len(data) > _LARGEST:
        raise InvalidFile(str(path), 1, 1, f"more than {_LARGEST} bytes; expected a JSON object")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = _line_and_column(before, len(before))
        raise InvalidFile(str(path), line, column, "not UTF-8 text; expected a JSON object") from error
    return parse_json_object(path, text)


def parse_json_object(path: Path, text: str) -> JsonFile:
    """Read `text` as the object in `path`, with the place of each member's value. Raises InvalidFile."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidFile(str(path), error.lineno, error.colno, f"not valid JSON: {error.msg}") from error
    except RecursionError as error:
        raise InvalidFile(str(path), 1, 1, "nested too deeply; expected a JSON object") from error
    if not isinstance(value, dict):
        line, column = _line_and_column(text, _skip(text, 0))
        raise InvalidFile(str(path), line, column, f"{json_type(value)}; expected a JSON object")
    return JsonFile(path, text, value, _places(text))


def json_type(value: object) -> str:
    """The name of a JSON value's type, with its article."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def write_json_file(file: JsonFile, members: Mapping[str, Any], *, backup: Path | None = None) -> None:
    """Replace the content of `file` by `members`; a copy of what was there goes to `backup` first.

    A new file gets mode 0600, a new directory 0700: they show which accounts and roles are used. Raises
    FileTrouble, and what `unchanged` raises.
    """
    target = Path(os.path.realpath(file.path))
    text = json.dumps(members, indent=_indentation(file.text), ensure_ascii=False) + "\n"
    try:
        for path in (Path(os.path.abspath(file.path)), target):  # noqa: PTH100 (`absolute` keeps `..`)
            refuse_foreign_directories(path)
        _make_directory(target.parent)
        with unchanged(file):
            if backup is not None and file.text:
                _replace(backup, file.text, like=target)
            _replace(target, text, like=target)
    except OSError as error:
        raise FileTrouble(str(file.path), "write", _reason(error)) from error


@contextmanager
def unchanged(file: JsonFile) -> Iterator[None]:
    """A block at whose start `file` is as it was read, and during which no other such block begins beside it.

    The lock is the directory's own, so there is no lock file for a client to find. Clients take no lock; what
    one writes during the block is lost. Raises ChangedMeanwhile, InvalidFile, FileTrouble.
    """
    with _locked(Path(os.path.realpath(file.path)).parent):
        if read_json_file(file.path).text != file.text:
            raise ChangedMeanwhile(str(file.path))
        yield


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    try:
        import fcntl

        descriptor = os.open(directory, os.O_RDONLY)
    except (ImportError, OSError):  # Windows, or the directory is gone
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def refuse_foreign_directories(path: Path) -> None:
    """Raise FileTrouble where a directory or link on the way to `path` belongs to another user."""
    if not hasattr(os, "geteuid"):  # pragma: no cover (Windows)
        return
    # In a container of another user's the root directory, and with it the system, is nobody's.
    trusted = {0, os.geteuid(), Path("/").stat().st_uid}
    for parent in reversed(path.parents):
        try:
            uid = parent.lstat().st_uid
        except (FileNotFoundError, NotADirectoryError):
            return
        if uid not in trusted:
            raise FileTrouble(
                str(path),
                "write",
                f"{shown_path(str(parent))} belongs to another user (uid {uid})",
                "run this as that user, or set HOME to a directory of yours",
            )


def _make_directory(directory: Path) -> None:
    # `parents=True` would make the ones above with whatever mode the umask leaves.
    missing = [each for each in (directory, *directory.parents) if not each.exists()]
    for each in reversed(missing):
        with suppress(FileExistsError):
            each.mkdir(0o700)


def _replace(target: Path, text: str, *, like: Path) -> None:
    import tempfile  # 10 ms, for the runs that write

    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name}{TEMPORARY}", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            if hasattr(os, "fchown"):  # pragma: no branch (Windows has none)
                _adopt(descriptor, like)
            os.fsync(descriptor)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink()
        raise


def _adopt(descriptor: int, like: Path) -> None:
    """Give the open file the owner and the mode of the file `like`, where there is one."""
    try:
        status = like.stat()
    except FileNotFoundError:
        return
    with suppress(PermissionError):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    # After the owner: a change of the owner clears bits of the mode.
    os.fchmod(descriptor, status.st_mode & 0o7777)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _indentation(text: str) -> str | int:
    # Docker writes its config with tabs, and so does the original helper's `init`.
    for line in text.splitlines()[1:]:
        indentation = line[: len(line) - len(line.lstrip(_BLANKS))]
        if line.strip():
            return indentation or "\t"
    return "\t"


def _places(text: str) -> dict[str, int]:
    """The offset of each value in the object that `text`, known to be JSON, holds."""
    places: dict[str, int] = {}
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        places[name] = at
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return places


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
