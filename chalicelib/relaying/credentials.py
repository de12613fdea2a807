"""Basic credentials in an Authorization header (RFC 7617)."""

import binascii
from collections.abc import Sequence
from typing import NamedTuple

from chalicelib.http_message import is_printable_ascii, without_repr


@without_repr
class Credentials(NamedTuple):
    """Well-formed Basic credentials. Whether they are good, the registry says."""

    #: The header's whole value, which goes to the registry as it is.
    authorization: str
    #: The same number for the same credentials. A kept connection is used for one such key alone.
    connection_key: int


def credentials_from(authorization: Sequence[str]) -> Credentials | None:
    """From all values of the header. Malformed counts as absent: another scheme, bad base64, no colon, an
    empty user or password, control characters, bytes that are not UTF-8, more than one header."""
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
    # A keyed hash of all of it: the beginnings of ECR's tokens are alike.
    return Credentials(authorization[0], hash(authorization[0]))
