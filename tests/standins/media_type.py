"""Media types as API Gateway compares them: with parameters left out, `*` standing for anything.

What is known, and from where: docs/api-gateway.md#bodies.
"""

from __future__ import annotations


def is_binary(media_type: str, binary_media_types: frozenset[str]) -> bool:
    """Whether a Content-Type, or the first entry of an Accept, is among an API's binary types."""
    kind = media_type.partition(";")[0].strip().lower()
    if not kind:
        return False
    return bool({kind, kind.partition("/")[0] + "/*", "*/*"} & binary_media_types)


def first_of(accept: str) -> str:
    """The first media type of an Accept header; API Gateway looks at no other."""
    return accept.partition(",")[0].strip()
