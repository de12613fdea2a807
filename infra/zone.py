"""Route 53 hosted zones: which one a name belongs in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from infra.aws import Aws, absent_as_none, refusals


@dataclass(frozen=True)
class Zone:
    """`name` is lower-case and without its trailing dot."""

    id: str
    name: str
    private: bool

    def holds(self, domain: str) -> bool:
        return domain == self.name or domain.endswith("." + self.name)


def closest(zones: Iterable[Zone], domain: str) -> Zone | None:
    """The public zone that the public DNS would ask: the one with the longest name over `domain`."""
    fitting = (zone for zone in zones if not zone.private and zone.holds(domain))
    return max(fitting, key=lambda zone: len(zone.name), default=None)


def zones_of(aws: Aws) -> tuple[Zone, ...]:
    """All hosted zones of the account."""
    with refusals():
        pages = aws.route53.get_paginator("list_hosted_zones").paginate()
        return tuple(
            _zone(item["Id"], item["Name"], item.get("Config", {}).get("PrivateZone", False))
            for page in pages
            for item in page["HostedZones"]
        )


def zone(aws: Aws, zone_id: str) -> Zone | None:
    """One hosted zone, None where the account has none of that id."""
    with refusals():
        found = absent_as_none(lambda: aws.route53.get_hosted_zone(Id=zone_id))
    if found is None:
        return None
    item = found["HostedZone"]
    return _zone(item["Id"], item["Name"], item.get("Config", {}).get("PrivateZone", False))


def _zone(zone_id: str, name: str, private: bool) -> Zone:
    return Zone(zone_id.rpartition("/")[2], name.rstrip(".").lower(), private)
