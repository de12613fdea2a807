"""The search for a credential in what was printed, logged, kept or handed on."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, unquote

# What Go's net/url leaves as it is in user info, beside letters, digits and "-._~".
_GO_USER_INFO = "$&+,;="
_PART = 16
"""Characters of a part that is searched: whatever is printed of 31 characters in a row holds one."""
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|\\(.)")
USER_INFO = re.compile(r"//[^/?#\s]*@")
"""User info in a URL, which ends before the path."""


@dataclass(frozen=True)
class Secret:
    """A registry's user and token, whose traces must stand nowhere.

    A part of the token is found in every encoding that leaves letters and digits what they are.
    """

    user: str
    token: str = field(repr=False)

    @cached_property
    def wholes(self) -> Mapping[str, tuple[str, ...]]:
        """The token in every form that it may have, by the form's name."""
        token = self.token.encode()
        return {
            "the token": (self.token,),
            "the token, percent-encoded": (quote(self.token, safe=""),),
            "the token as Go writes user info": (quote(self.token, safe=_GO_USER_INFO),),
            "the token, escaped in JSON": (
                json.dumps(self.token)[1:-1].replace("/", r"\/"),
                "".join(each if each.isalnum() else f"\\u{ord(each):04x}" for each in self.token),
            ),
            "the token in base64": (
                base64.b64encode(token).decode(),
                base64.urlsafe_b64encode(token).decode(),
            ),
            "the Basic credentials": (self._basic,),
        }

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """What is left of a form that was cut off, or stands in another form: its name, by the part."""
        token = self.token.encode()
        forms = (
            ("a part of the token", self.token),
            ("a part of the Basic credentials", self._basic),
            # Inside of something longer, such as a configuration file or what Docker sends to its daemon.
            *(("a part of the token in base64", _shifted(token, shift)) for shift in range(3)),
            ("a part of the token in hexadecimal", token.hex()),
            ("a part of the token as Go prints bytes", " ".join(map(str, token))),
        )
        return {part: name for name, form in reversed(forms) for part in _parts(form)}

    def traces(self, text: str) -> list[str]:
        """What of it stands in `text`: as it is, percent-decoded, or with its escapes resolved."""
        views = {text, unquote(text), _ESCAPE.sub(_unescaped, text)}
        found = {
            name: None
            for name, forms in self.wholes.items()
            if any(form in view for form in forms for view in views)
        }
        parts = self.parts
        for view in views:
            pieces = (view[start : start + _PART] for start in range(len(view) - _PART + 1))
            found.update((parts[piece], None) for piece in pieces if piece in parts)
        return list(found)

    @property
    def _basic(self) -> str:
        return base64.b64encode(f"{self.user}:{self.token}".encode()).decode()


def _parts(text: str) -> Iterator[str]:
    """The text in pieces of the same length, without what is left at its end."""
    for start in range(0, len(text) - _PART + 1, _PART):
        yield text[start : start + _PART]


def _shifted(content: bytes, shift: int) -> str:
    """The characters of `content` in base64, after `shift` bytes of something else, which do not depend on
    what stands before and after it."""
    encoded = base64.b64encode(bytes(shift) + content).decode()
    return encoded[4 if shift else 0 : len(encoded) - 4]


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else match[3]
