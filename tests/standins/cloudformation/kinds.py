"""Every kind of resource that the stand-in can make, by its name."""

from __future__ import annotations

from tests.standins.cloudformation import (
    certificate,
    content_delivery,
    functions_and_logs,
    monitoring,
    rest_api,
)
from tests.standins.cloudformation.errors import NotImitated
from tests.standins.cloudformation.resource_kind import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for module in (functions_and_logs, rest_api, certificate, content_delivery, monitoring)
    for kind in module.KINDS
}


def kind_of(name: str) -> Kind:
    """Raises NotImitated."""
    if name not in KINDS:
        raise NotImitated(f"resources of type {name}")
    return KINDS[name]
