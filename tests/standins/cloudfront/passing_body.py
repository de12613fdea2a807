"""A body on its way to the other side: passed on as it comes, or held until it is whole.

What is known, and from where: docs/cloudfront.md#request-bodies.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO

_IN_MEMORY = 1024 * 1024
_PIECE = 256 * 1024


class StreamedBody:
    """Its pieces can be taken once."""

    again = False

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def pieces(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        pass


class HeldBody:
    """Reads `pieces` to the end, into memory or a temporary file; they can be taken again and again."""

    again = True

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by close()
        try:
            self.length = sum(self._file.write(piece) for piece in pieces)
        except BaseException:
            self._file.close()
            raise

    def pieces(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece

    def close(self) -> None:
        self._file.close()


PassingBody = StreamedBody | HeldBody
