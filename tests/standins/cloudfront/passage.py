"""One request's way through CloudFront, for observers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.standins.http_message import HttpRequest, HttpResponse


@dataclass(frozen=True)
class Passage:
    """Heads only, secrets and all; the bodies of these messages are empty but for responses of CloudFront's
    own and those that were kept."""

    #: As the viewer sent it.
    viewer_request: HttpRequest
    #: The domain name of the origin that was asked; None where none was.
    origin: str | None
    #: As it went to the origin.
    origin_request: HttpRequest | None
    #: As it came from the origin.
    origin_response: HttpResponse | None
    #: As the viewer got it.
    viewer_response: HttpResponse

    @property
    def from_cache(self) -> bool:
        return self.origin_request is None and bool(self.viewer_response.values("Age"))


PassageObserver = Callable[[Passage], None]
