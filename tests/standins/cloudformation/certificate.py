"""ACM certificates with DNS validation, and the record sets of Route 53."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from tests.standins.cloudformation.errors import NotImitated, ResourceFailed
from tests.standins.cloudformation.resource_kind import Actions, Kind, MadeResource, Permission, Placement

CERTIFICATE = "AWS::CertificateManager::Certificate"


def issued_for(site: Placement, arn: str, name: str, region: str) -> None:
    """Whether a certificate can be shown for a name in a region. Raises ResourceFailed."""
    found = site.inventory.find(CERTIFICATE, arn, region)
    names = site.surroundings.certificate_names(arn) if found is None else certified_names(found)
    if f":acm:{region}:" not in arn or not names:
        raise ResourceFailed(f"Invalid certificate ARN: {arn}. The certificate must exist in {region}.")
    # A wildcard stands for one label.
    if not {name, f"*.{name.partition('.')[2]}"} & set(names):
        raise ResourceFailed(f"The certificate provided does not cover {name}")


def certified_names(certificate: MadeResource) -> list[str]:
    properties = certificate.properties
    return [properties["DomainName"], *properties.get("SubjectAlternativeNames", ())]


class CertificateKind(Kind):
    name = CERTIFICATE
    arn_format = "{id}"
    held_by = ("AWS::CloudFront::Distribution", "AWS::ApiGateway::DomainName")
    actions = Actions(
        create=("acm:RequestCertificate", "acm:DescribeCertificate"),
        update=("acm:DescribeCertificate",),
        delete=("acm:DescribeCertificate", "acm:DeleteCertificate"),
    )

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        identifier = UUID(site.unique(draft.logical_id, 32))
        return f"arn:{site.partition}:acm:{site.region}:{site.account}:certificate/{identifier}"

    def permissions(self, site: Placement, verb: str, resource: MadeResource) -> Iterator[Permission]:
        yield from super().permissions(site, verb, resource)
        if verb == "create":
            for zone in filter(None, _zones(resource).values()):
                hosted_zone = f"arn:{site.partition}:route53:::hostedzone/{zone}"
                yield Permission("route53:ChangeResourceRecordSets", hosted_zone)

    def about(self, site: Placement, action: str, resource: MadeResource) -> str:
        # RequestCertificate is about a certificate that has no ARN yet.
        return "*" if action == "acm:RequestCertificate" else resource.physical_id

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        if new.properties.get("ValidationMethod") != "DNS":
            raise ResourceFailed("the certificate waits for an e-mail that nobody answers")
        zones = _zones(new)
        for name in certified_names(new):
            if not site.surroundings.zone_exists(zones.get(name) or ""):
                raise ResourceFailed(f"DNS Record Set is not available. No hosted zone found for {name}")

    def made(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        """Write the validation records. They stay when the certificate goes, as at AWS."""
        for name, zone in _zones(new).items():
            token = hashlib.sha256(f"{site.account} {name}".encode()).hexdigest()[:32]
            record = {
                "Name": f"_{token}.{name}",
                "Type": "CNAME",
                "TTL": 300,
                "ResourceRecords": [{"Value": f"_{token[::-1]}.acm-validations.aws."}],
            }
            site.surroundings.change_record(zone, "UPSERT", record)


def _zones(certificate: MadeResource) -> dict[str, str]:
    """The hosted zones of the validation records, by domain name."""
    options = certificate.properties.get("DomainValidationOptions", ())
    return {each["DomainName"]: each.get("HostedZoneId") for each in options}


_RECORD_ACTIONS = ("route53:GetHostedZone", "route53:ChangeResourceRecordSets", "route53:GetChange")


class RecordSetKind(Kind):
    name = "AWS::Route53::RecordSet"
    actions = Actions(_RECORD_ACTIONS, _RECORD_ACTIONS, _RECORD_ACTIONS)

    def physical_id(self, site: Placement, draft: MadeResource) -> str:
        return str(draft.properties["Name"])

    def unique_name(self, resource: MadeResource) -> None:
        """Route 53 itself refuses a record set that is there."""

    def about(self, site: Placement, action: str, resource: MadeResource) -> str:
        zone = f"hostedzone/{resource.properties.get('HostedZoneId')}"
        return f"arn:{site.partition}:route53:::{'change/C1' if action == 'route53:GetChange' else zone}"

    def check(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        zone = new.properties.get("HostedZoneId", "")
        if not site.surroundings.zone_exists(zone):
            raise ResourceFailed(f"No hosted zone found with ID: {zone}")

    def made(self, site: Placement, new: MadeResource, old: MadeResource | None) -> None:
        zone, after = new.properties["HostedZoneId"], record_of(new)
        if old is None:
            site.surroundings.change_record(zone, "CREATE", after)
            return
        before, keys = record_of(old), ("Name", "Type", "SetIdentifier")
        if [before.get(key) for key in keys] != [after.get(key) for key in keys]:
            site.surroundings.change_record(zone, "DELETE", before)
        site.surroundings.change_record(zone, "UPSERT", after)

    def removed(self, site: Placement, resource: MadeResource) -> None:
        site.surroundings.change_record(resource.properties["HostedZoneId"], "DELETE", record_of(resource))


def record_of(resource: MadeResource) -> dict[str, Any]:
    """As Route 53's own API spells a record set."""
    properties = resource.properties
    if "AliasTarget" not in properties:
        raise NotImitated("record sets other than aliases")
    health = str(properties["AliasTarget"].get("EvaluateTargetHealth", False)).lower() == "true"
    kept = {key: value for key, value in properties.items() if key not in ("HostedZoneId", "Comment")}
    return {**kept, "AliasTarget": {**properties["AliasTarget"], "EvaluateTargetHealth": health}}


KINDS = (CertificateKind(), RecordSetKind())
