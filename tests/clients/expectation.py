"""What a row of the table is expected to do."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Expectation:
    """The last step works, or it fails in words of its own."""

    works: bool
    #: A regular expression for the words of a failure.
    says: str = ""
    #: For people: the reason of the failure.
    why: str = ""
    #: For people: what to do instead.
    workaround: str = ""

    def words(self, output: str) -> str | None:
        """The client's own words that match; None where it said something else."""
        match = re.search(self.says, output)
        return match[0] if match else None


WORKS = Expectation(works=True)
UNAUTHORIZED = Expectation(
    False,
    "unauthorized|authentication required|401|no basic auth credentials|invalid username/password"
    "|Existing credentials are invalid",
    why="BuildKit uploads to the registry's own host, for which it has no credentials here",
    workaround="have the credential helper answer for that host too, as its `init` sets up, or use `edge`",
)
TOO_LARGE = Expectation(
    False,
    "HTTP content length exceeded 10485760 bytes|413|Request Entity Too Large",
    why="an upload passes through API Gateway and Lambda, which take about 4.5 MB in one request",
    workaround="use `edge`, push with Docker's classic image store or `docker buildx build --push`,"
    " or push to the ECR host itself",
)
