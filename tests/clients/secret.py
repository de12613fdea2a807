"""The search for a credential in what was printed and logged."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

# What Go's net/url leaves as it is in user info, beside letters, digits and "-._~".
_GO_USER_INFO = "$&+,;="
_CORE = 24


@dataclass(frozen=True)
class Secret:
    """A registry's user and token, whose traces must stand nowhere."""

    user: str
    token: str = field(repr=False)

    def forms(self) -> dict[str, str]:
        """Every form that a trace may have, by its name."""
        middle = len(self.token) // 2
        basic = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        return {
            "the token": self.token,
            "the token, percent-encoded": quote(self.token, safe=""),
            "the token as Go writes user info": quote(self.token, safe=_GO_USER_INFO),
            "the token in base64": base64.b64encode(self.token.encode()).decode(),
            "the Basic credentials": basic,
            # In whatever encoding: letters and digits stay what they are. Cut off at either end, too.
            "a part of the token": self.token[middle - _CORE // 2 : middle + _CORE // 2],
            "a part of the Basic credentials": basic[16 : 16 + _CORE],
        }

    def traces(self, text: str) -> list[str]:
        """The names of the forms that stand in `text`, as it is or percent-decoded."""
        views = (text, unquote(text))
        return [name for name, form in self.forms().items() if any(form in view for view in views)]
