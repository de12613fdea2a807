"""What a live run found, as a file that its user can send: facts about AWS, and nothing about him.

The domain, the repository and account numbers are replaced by words. Of headers that are not listed here
only the names are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from credhelper.errors import without_secrets
from tests.live.live_domain import NO_RESPONSE
from tests.standins.http_client import ReceivedResponse

#: Headers whose values say something about API Gateway, CloudFront or ECR, and nothing about the user.
_WHOLE = frozenset(
    {
        "age",
        "allow",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "docker-distribution-api-version",
        "location",
        "range",
        "server",
        "transfer-encoding",
        "www-authenticate",
        "x-amzn-errortype",
        "x-amzn-remapped-content-length",
        "x-amzn-remapped-www-authenticate",
        "x-cache",
    }
)
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
_UPLOAD = re.compile(r"(/blobs/uploads/)[^/?\"]+")
_QUERY_VALUE = re.compile(r"([?&][^=&\s]+=)[^&\s\"]+")
_BODY = 300


class SecretFound(Exception):
    """The report would have held a credential, so it was not written."""


@dataclass
class LiveReport:
    """Facts by name, and the outcome of each test."""

    domain: str
    repository: str
    facts: dict[str, object] = field(default_factory=dict, repr=False)
    outcomes: dict[str, str] = field(default_factory=dict, repr=False)
    #: Texts that must never be written.
    secrets: list[str] = field(default_factory=list, repr=False)

    def record(self, fact: str, value: object) -> None:
        self.facts[fact] = value

    def response(self, response: ReceivedResponse, *, body: bool = False) -> dict[str, object]:
        """A response without what is only its user's."""
        headers = [
            [name, self.text(value)] for name, value in response.headers.items() if name.lower() in _WHOLE
        ]
        others = sorted({name for name in response.headers if name.lower() not in _WHOLE})
        kept: dict[str, object] = {"status": response.status, "headers": headers, "other_headers": others}
        if body:
            kept["body"] = self.text(response.body[:_BODY].decode("latin-1"))
        return kept

    def attempt(self, fact: str, send: Callable[[], ReceivedResponse]) -> ReceivedResponse | None:
        """The response, which is recorded with its body; where none comes, the error is."""
        try:
            response = send()
        except NO_RESPONSE as error:
            self.record(fact, {"error": type(error).__name__})
            return None
        self.record(fact, self.response(response, body=True))
        return response

    def text(self, text: str) -> str:
        """A text without names, account numbers, upload sessions and values of queries."""
        host = self.domain.partition(":")[0]
        for name, word in ((self.domain, "DOMAIN"), (host, "DOMAIN"), (self.repository, "REPOSITORY")):
            text = text.replace(name, word) if name else text
        text = _ACCOUNT.sub("ACCOUNT", text)
        return _QUERY_VALUE.sub(r"\1VALUE", _UPLOAD.sub(r"\1SESSION", text))

    def shows_secret(self, text: str) -> bool:
        """Whether a secret is in `text`, or a piece of one, as in a body or an output that was cut off."""
        return without_secrets(text, self.secrets) != text

    def write(self, path: Path, about: Mapping[str, object]) -> None:
        """Raises SecretFound, and writes nothing then."""
        document = {"format": 1, **about, "outcomes": self.outcomes, "facts": self.facts}
        text = json.dumps(document, indent=2, sort_keys=True) + "\n"
        if self.shows_secret(text):
            raise SecretFound(
                "the report holds a credential and was not written: please tell us, see SECURITY.md"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
