"""What Amazon's documentation does not say about CloudFront, or says only once though much rests on it; each
is tried in every way it could be.

What is known, and from where: docs/cloudfront.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Bodies(Enum):
    """When a body goes on to the other side."""

    #: Each piece as it arrives.
    STREAMED = "streamed"
    #: Once all of it is there.
    BUFFERED = "buffered"


class ChunkedBody(Enum):
    """How a request body without a length goes to the origin."""

    #: As it came: Transfer-Encoding is among the headers that are "forwarded".
    CHUNKED = "chunked"
    #: With its Content-Length, once all of it is there.
    MEASURED = "measured"


class EventUri(Enum):
    """`request.uri` in a viewer-response event, after a viewer-request function changed it."""

    #: As the viewer sent it.
    VIEWERS = "the viewer's"
    #: As the function left it.
    REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Unknowns:
    """The defaults are what the documentation makes most likely."""

    #: Of requests and of responses.
    bodies: Bodies = Bodies.STREAMED
    #: Of requests alone; a response without a length goes on chunked (confirmed).
    chunked_body: ChunkedBody = ChunkedBody.CHUNKED
    #: Of the viewer-response event.
    event_uri: EventUri = EventUri.VIEWERS
    #: Whether errors are kept (for 10 s, or as CustomErrorResponses says) where the policy keeps nothing. The
    #: documentation says no; a kept 404 would break pushes.
    errors_cached_without_caching: bool = False
    #: Whether the request goes to the origin a second time when the connection was reset before a response.
    #: Only a buffered body can be sent again.
    sent_again_after_reset: bool = False
    #: Whether the read timeout counts from the head on, while the body is still arriving.
    read_timeout_runs_during_upload: bool = False
    #: Whether functions see the path as it is matched (RFC 3986, 6.2.2) instead of as sent. Without a
    #: function the origin gets it as sent.
    paths_normalised: bool = False
    #: Whether a request passes as it came when its function fails; else it is answered 503. The documentation
    #: has that 503, and does not say that it always comes.
    failed_function_passes: bool = False


OPPOSITE = Unknowns(
    bodies=Bodies.BUFFERED,
    chunked_body=ChunkedBody.MEASURED,
    event_uri=EventUri.REWRITTEN,
    errors_cached_without_caching=True,
    sent_again_after_reset=True,
    read_timeout_runs_during_upload=True,
    paths_normalised=True,
    failed_function_passes=True,
)
