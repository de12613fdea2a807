"""Basic credentials in an Authorization header (RFC 7617)."""

import binascii
from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.message import is_printable_ascii


class BasicCredentials(NamedTuple):
    """Without a repr, so that no log can show it."""

    user: str
    password: str

    def __repr__(self) -> str:
        return object.__repr__(self)  # it may hold a credential


def basic_credentials(authorization: Sequence[str]) -> BasicCredentials | None:
    """From all values of the header. Malformed counts as absent: another scheme, bad base64, no colon, an
    empty user or password, control characters, bytes that are no UTF-8, more than one header."""
    if len(authorization) != 1:
        return None
    scheme, _, encoded = authorization[0].partition(" ")
    if scheme.lower() != "basic":
        return None
    encoded = encoded.strip(" ")
    try:
        raw = binascii.a2b_base64(encoded)
        decoded = raw.decode("utf-8")
    except ValueError:  # binascii.Error and UnicodeError are both ValueErrors
        return None
    user, _, password = decoded.partition(":")
    # Tokens are long: encoding again is twice as fast as decoding strictly.
    if binascii.b2a_base64(raw, newline=False) != encoded.encode():
        return None
    if not user or not password or not (is_printable_ascii(decoded) or decoded.isprintable()):
        return None
    return BasicCredentials(user, password)
