"""Basic credentials in an Authorization header (RFC 7617)."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class BasicCredentials:
    """Neither appears in the value's repr, so that no log can show it."""

    user: str = field(repr=False)
    password: str = field(repr=False)


def basic_credentials(authorization: Sequence[str]) -> BasicCredentials | None:
    """From all values of the header. Malformed counts as absent: another scheme, bad base64, no colon, an
    empty user or password, control characters, bytes that are no UTF-8, more than one header."""
    if len(authorization) != 1:
        return None
    scheme, _, encoded = authorization[0].partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(" "), validate=True).decode("utf-8")
    except ValueError:  # binascii.Error and UnicodeError are both ValueErrors
        return None
    user, _, password = decoded.partition(":")
    if not user or not password or not decoded.isprintable():
        return None
    return BasicCredentials(user, password)
