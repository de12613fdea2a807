"""The protocol of docker-credential-helpers: one verb, standard input, one answer on standard output.

Clients compare the answers of failures as strings, so standard output holds the protocol's words and
nothing else; the reason, for a person, goes to standard error, which Docker shows. Source:
docker-credential-helpers, credentials/credentials.go (`Serve`, `HandleCommand`) and error.go.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TextIO

from credhelper import VERSION
from credhelper.cache import Token
from credhelper.errors import HelperError, InvalidInput, InvalidServerURL
from credhelper.helper import CredentialHelper
from credhelper.kubelet import answer_kubelet, is_kubelet_request
from credhelper.server_url import LONGEST_INPUT, parse_server_url, read_server_url

NAME = "docker-credential-ecr-custom"

CREDENTIALS_NOT_FOUND = "credentials not found in native keychain"
"""Makes Docker go on without credentials; any other failure would end its command (error.go)."""
MISSING_SERVER_URL = "no credentials server URL"
MISSING_USERNAME = "no credentials username"

USAGE = f"Usage: {NAME} <store|get|erase|list|version>"
MORE_USAGE = f"""\
For people: {NAME} init [DOMAIN [REGISTRY]]    set up Docker for a domain
            {NAME} doctor [DOMAIN]             find out what does not work, and what to do
For nodes:  {NAME} kubelet                     a kubelet's image credential provider"""
VERSION_LINE = f"{NAME} (credhelper) {VERSION}"


class Failure(Exception):
    """A failure as the protocol words it: the one line for standard output. Exit code 1."""


class Exchange:
    """One run of the protocol: `read` gives standard input, and is called only by verbs that have any."""

    def __init__(
        self, helper: CredentialHelper, read: Callable[[], bytes], stdout: TextIO, stderr: TextIO
    ) -> None:
        self._helper = helper
        self._read = read
        self._stdout = stdout
        self._stderr = stderr

    def run(self, arguments: list[str]) -> int:
        """Answer a verb; the exit code."""
        try:
            self._answer(arguments)
        except Failure as failure:
            print(failure, file=self._stdout)
            return 1
        except HelperError as error:
            print(f"{NAME}: {error}", file=self._stderr)
            print(CREDENTIALS_NOT_FOUND, file=self._stdout)
            return 1
        return 0

    def _answer(self, arguments: list[str]) -> None:
        verbs: Mapping[str, Callable[[], None]] = {
            "get": self._get,
            "store": self._store,
            "erase": self._erase,
            "list": self._list,
        } | dict.fromkeys(("version", "--version", "-v"), self._version)
        if len(arguments) != 1:
            print(MORE_USAGE, file=self._stderr)
            raise Failure(USAGE)
        if arguments[0] in ("--help", "-h"):
            print(USAGE, file=self._stdout)
            print(MORE_USAGE, file=self._stderr)
            return
        verb = verbs.get(arguments[0])
        if verb is None:
            raise Failure(f"{NAME}: unknown action: {arguments[0]}")
        verb()

    def _get(self) -> None:
        data = self._read()
        if is_kubelet_request(data):
            # A kubelet that was configured without `args: [kubelet]`.
            print(answer_kubelet(data, self._helper), file=self._stdout)
            return
        text = self._server_url(data)
        token = self._helper.get(parse_server_url(text))
        print(answer_line(text, token), file=self._stdout)

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
        text = self._server_url(self._read())
        try:
            url = parse_server_url(text)
        except InvalidServerURL:
            return  # nothing can be remembered under it
        self._helper.erase(url)

    def _list(self) -> None:
        print(json.dumps(self._helper.list(), separators=(",", ":")), file=self._stdout)

    def _version(self) -> None:
        print(VERSION_LINE, file=self._stdout)

    def _server_url(self, data: bytes) -> str:
        text = read_server_url(data)
        if not text:
            raise Failure(MISSING_SERVER_URL)
        return text


def answer_line(asked: str, token: Token) -> str:
    """The answer to a `get`, without the newline; `asked` comes back as it came."""
    answer = {"ServerURL": asked, "Username": "AWS", "Secret": token.secret}
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
