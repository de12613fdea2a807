"""The protocol of docker-credential-helpers: one verb, standard input, one line on standard output.

Clients compare the lines of failures as strings, so standard output holds the protocol's words and
nothing else; the reason, for a person, goes to standard error, which Docker shows. Source:
docker-credential-helpers, credentials/credentials.go (`Serve`, `HandleCommand`) and error.go.

`serve` is where a run begins for which the cache alone was not enough, whatever its verb; what only some
verbs need is imported when they do.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from credhelper import VERSION
from credhelper.cached_get import Token
from credhelper.errors import HelperError, InvalidInput, InvalidServerURL, shown_path
from credhelper.helper import CredentialHelper
from credhelper.registry_host import shown
from credhelper.server_url import LONGEST_INPUT, ServerURL, parse_server_url, read_server_url
from credhelper.settings import INTERRUPTED, HelperSettings

NAME = "docker-credential-ecr-custom"

#: Makes Docker go on without credentials; any other failure would end its command (error.go).
CREDENTIALS_NOT_FOUND = "credentials not found in native keychain"
MISSING_SERVER_URL = "no credentials server URL"
MISSING_USERNAME = "no credentials username"

PAGE = "docs/credential-helper.md in the repository of custom-ecr-domain"
USAGE = f"Usage: {NAME} <store|get|erase|list|version>"
HELP = f"""\
{USAGE}
  What Docker, podman and other clients run; get and erase read a server URL from standard input.

For people:
  {NAME} init [DOMAIN [REGISTRY]] [--profile P] [--role-arn ARN]
        [--region R] [--containers-auth] [--json]           set Docker, and podman, up for a domain
  {NAME} init --remove DOMAIN | --remove --all   undo that
  {NAME} doctor [DOMAIN[/REPOSITORY[:TAG]]] [--push] [--json]
        find out what does not work, and what to do
  {NAME} --version

For Kubernetes nodes:
  {NAME} kubelet   the kubelet's image credential provider

To read: {PAGE}"""
VERSION_LINE = f"{NAME} (credhelper) {VERSION}"


class Failure(Exception):
    """A failure as the protocol words it: the one line for standard output. Exit code 1."""


class ProtocolRun:
    """One run of the protocol.

    `read` gives standard input, and is called only by verbs that have any. `url` is what it held, where
    that has been read and parsed already.
    """

    def __init__(
        self,
        helper: CredentialHelper,
        read: Callable[[], bytes],
        url: ServerURL | None,
        stdout: TextIO,
        stderr: TextIO,
    ) -> None:
        self._helper = helper
        self._read = read
        self._url = url
        self._stdout = stdout
        self._stderr = stderr

    def run(self, arguments: list[str]) -> int:
        """Run a verb; the exit code."""
        try:
            self._run_verb(arguments)
        except Failure as failure:
            print(failure, file=self._stdout)
            return 1
        except HelperError as error:
            print(f"{NAME}: {error}", file=self._stderr)
            print(CREDENTIALS_NOT_FOUND, file=self._stdout)
            return 1
        return 0

    def _run_verb(self, arguments: list[str]) -> None:
        verbs: Mapping[str, Callable[[], None]] = {
            "get": self._get,
            "store": self._store,
            "erase": self._erase,
            "list": self._list,
        } | dict.fromkeys(("version", "--version", "-v"), self._version)
        if arguments in (["--help"], ["-h"]):
            print(HELP, file=self._stdout)
            return
        if len(arguments) != 1:
            print(f"{NAME}: see {NAME} --help", file=self._stderr)
            raise Failure(USAGE)
        verb = verbs.get(arguments[0])
        if verb is None:
            print(f"{NAME}: see {NAME} --help", file=self._stderr)
            raise Failure(f"{NAME}: unknown action: {shown(arguments[0])}")
        verb()

    def _get(self) -> None:
        url = self._url or parse_server_url(self._text())
        print(credentials_line(url.text, self._helper.get(url)), file=self._stdout)

    def _store(self) -> None:
        """Take what `docker login` wants kept, and keep nothing: tokens come from AWS."""
        data = self._read()
        if len(data) > LONGEST_INPUT:
            raise InvalidInput(f"more than {LONGEST_INPUT} bytes on standard input")
        try:
            credentials = json.loads(data)
        except (ValueError, RecursionError):
            # The text of the error would show a part of the password.
            raise Failure("invalid JSON on standard input") from None
        if not isinstance(credentials, dict):
            raise Failure("expected a JSON object on standard input")
        if not credentials.get("ServerURL"):
            raise Failure(MISSING_SERVER_URL)
        if not credentials.get("Username"):
            raise Failure(MISSING_USERNAME)

    def _erase(self) -> None:
        text = self._text()
        with suppress(InvalidServerURL):  # nothing can be kept under what is not a server URL
            self._helper.erase(parse_server_url(text))

    def _list(self) -> None:
        print(json.dumps(self._helper.list(), separators=(",", ":")), file=self._stdout)

    def _version(self) -> None:
        print(VERSION_LINE, file=self._stdout)

    def _text(self) -> str:
        text = read_server_url(self._read())
        if not text:
            raise Failure(MISSING_SERVER_URL)
        return text


def credentials_line(text: str, token: Token) -> str:
    """What a `get` prints, without the newline; the server URL's `text` comes back as it came."""
    credentials = {"ServerURL": text, "Username": "AWS", "Secret": token.secret}
    return json.dumps(credentials, separators=(",", ":"), ensure_ascii=False)


def serve(
    arguments: list[str],
    settings: HelperSettings,
    read: Callable[[], bytes],
    started: float,
    url: ServerURL | None = None,
) -> int:
    """Run the verb in `arguments` with the process's standard streams; the exit code.

    Everything that is written has left the process when this returns. A reader that has closed its
    end early is not an error worth a word; the exit code is 1 all the same.
    """
    stdout, stderr = _stream(sys.stdout), _stream(sys.stderr)
    try:
        try:
            return _run(arguments, settings, read, started, url, stdout, stderr)
        except SystemExit as end:  # argparse, after --help and after a usage error
            return end.code if isinstance(end.code, int) else 1
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            stdout.flush()
            stderr.flush()
    except BrokenPipeError:
        return 1
    except OSError as error:
        with suppress(OSError):
            print(f"{NAME}: cannot write to standard output: {error.strerror}", file=stderr, flush=True)
        return 1


def _stream(stream: TextIO | None) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper):  # None where the process was started without one
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 (until the process ends)
    # A server URL can hold any text, and the locale perhaps cannot.
    stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return stream


def _run(
    arguments: list[str],
    settings: HelperSettings,
    read: Callable[[], bytes],
    started: float,
    url: ServerURL | None,
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    def warn(line: str) -> None:
        print(f"{NAME}: {line}", file=stderr)

    command = arguments[0] if arguments else ""
    try:
        if command == "init":
            from credhelper.init import run_init

            return run_init(arguments[1:], settings, sys.stdin or open(os.devnull), stdout, stderr)  # noqa: PTH123
        if command == "doctor":
            from credhelper.doctor import run_doctor

            return run_doctor(arguments[1:], settings, stdout)
        helper = CredentialHelper(settings, warn, started)
        if arguments == ["kubelet"]:
            from credhelper.kubelet import respond_to_kubelet

            print(respond_to_kubelet(read(), helper, time.time), file=stdout)
            return 0
        return ProtocolRun(helper, read, url, stdout, stderr).run(arguments)
    except HelperError as error:
        warn(str(error))
        return 1
    except OSError as error:
        if isinstance(error, BrokenPipeError) or not error.filename:
            raise
        warn(f"{error.strerror}: {shown_path(str(error.filename))}")
    except Exception as error:  # noqa: BLE001 (a bug here must not end a `docker pull` that needs no credentials)
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        # Its text could hold anything, a credential included.
        warn(f"unexpected {type(error).__name__} at {where}; please report it")
    if command not in ("init", "doctor", "kubelet"):
        print(CREDENTIALS_NOT_FOUND, file=stdout)
    return 1
