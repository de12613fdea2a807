"""What a row of the table is expected to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Expectation:
    """The last step works, or it fails in words of its own."""

    works: bool
    #: Regular expressions for the words of a failure, of which one must match: the most telling first.
    says: tuple[str, ...] = ()
    #: For people: the reason of the failure.
    why: str = ""
    #: For people: what to do instead.
    workaround: str = ""

    def words(self, output: str) -> str | None:
        """The client's own words that match; None where it said something else."""
        matches = (re.search(each, output) for each in self.says)
        return next((match[0] for match in matches if match), None)


WORKS = Expectation(works=True)
UNAUTHORIZED = Expectation(
    False,
    (
        "authentication required",
        "no basic auth credentials",
        "invalid username/password",
        "unauthorized",
        r"\b401\b",
    ),
    why="BuildKit uploads to the registry's own host, for which it has no credentials here",
    workaround="have the credential helper answer for that host too, as its `init` sets up, or use `edge`",
)
_STATUS = (r"\b413\b", "Request Entity Too Large")
#: API Gateway refuses in words that cannot be changed.
TOO_LARGE = Expectation(
    False,
    ("HTTP content length exceeded 10485760 bytes", *_STATUS),
    why="an upload passes through API Gateway and Lambda, which take about 4.5 MB in one request",
    workaround="use `edge`, push with Docker's classic image store or `docker buildx build --push`,"
    " or push to the ECR host itself",
)
_OUR_WORDS = "API Gateway and Lambda pass no more than about 4.5 MB"
#: API Gateway accepts the upload and Lambda does not: it is refused in our words, as the client shows them.
TOO_LARGE_FOR_LAMBDA = replace(TOO_LARGE, says=(_OUR_WORDS,))
#: The same, where a client shows nothing but the status.
TOO_LARGE_FOR_LAMBDA_UNSEEN = replace(TOO_LARGE, says=_STATUS)
