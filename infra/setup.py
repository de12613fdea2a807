"""`init`: find what a domain needs in the account, ask for what cannot be found, write the stage."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chalicelib.registry_host import InvalidRegistry, RegistryHost
from infra import certificate as certificates
from infra import zone as zones
from infra.aws import Aws
from infra.certificate import Certificate
from infra.clock import Clock
from infra.configuration import configuration_of
from infra.configuration_file import read_document, stage_to_set_up, with_stage, write_document
from infra.errors import InvalidConfiguration, NotReady
from infra.own_settings import CONFIG_PATH, OWN_KEY
from infra.survey import account_of
from infra.terminal import Terminal
from infra.zone import Zone

OWN_TAG = "custom-ecr-domain"


@dataclass(frozen=True)
class Wishes:
    """What the flags said; None: find it, or ask. `own` goes under our key of the stage as it is."""

    stage: str
    domain: str | None = None
    zone_id: str | None = None
    certificate_arn: str | None = None
    registry: str | None = None
    yes: bool = False
    own: dict[str, Any] = field(default_factory=dict)


def initialize(
    project: Path,
    aws: Aws,
    wishes: Wishes,
    terminal: Terminal,
    clock: Clock,
) -> str:
    """Set a stage up and return its name. Requests a certificate where the region has none for the
    domain, and waits for it; creates nothing else."""
    document = read_document(project)
    account = account_of(aws)
    stage = stage_to_set_up(document, wishes.stage, aws.region)
    terminal.progress(f"account {account.account}, region {aws.region}, stage {stage}")
    entry = document["stages"].get(stage) or document["stages"].get(wishes.stage, {})
    known = entry.get("api_gateway_custom_domain", {}).get("domain_name", "") if OWN_KEY in entry else ""
    domain = _domain(wishes.domain or terminal.ask("domain name of the registry:", known), stage)
    registry = None if wishes.registry is None else _registry(wishes.registry, stage)
    zone = _zone(aws, domain, wishes.zone_id)
    terminal.progress(f"zone {zone.id} ({zone.name})")

    def document_with(certificate_arn: str) -> dict[str, Any]:
        entry = {"domain_name": domain, "certificate_arn": certificate_arn, "tags": {OWN_TAG: stage}}
        own = {"region": aws.region, "hosted_zone_id": zone.id, **wishes.own}
        changed = with_stage(document, stage, like=wishes.stage, domain=entry, own=own, registry=registry)
        configuration_of(changed, stage)
        return changed

    # What `up` would refuse is refused before a certificate is asked for.
    unknown = f"arn:{account.partition}:acm:{aws.region}:{account.account}:certificate/unknown"
    document_with(wishes.certificate_arn or unknown)
    arn = wishes.certificate_arn or _certificate(aws, domain, zone, wishes, terminal, clock)
    terminal.progress(f"certificate {arn}")
    write_document(project, document_with(arn))
    terminal.progress(f"wrote the stage {stage} to {CONFIG_PATH}; next: python -m infra up --stage {stage}")
    return stage


def _domain(text: str, stage: str) -> str:
    domain = text.strip().lower().rstrip(".")
    try:
        host = RegistryHost.parse(domain)
    except InvalidRegistry as error:
        raise InvalidConfiguration(CONFIG_PATH, stage, "domain_name", text, error.reason) from error
    if host.host != domain or "." not in domain:
        raise InvalidConfiguration(
            CONFIG_PATH, stage, "domain_name", text, "expected a name such as ecr.example.com"
        )
    return domain


def _registry(text: str, stage: str) -> str:
    key = "environment_variables.ECR_REGISTRY"
    try:
        RegistryHost.parse(text)
    except InvalidRegistry as error:
        raise InvalidConfiguration(CONFIG_PATH, stage, key, text, error.reason) from error
    return text


def _zone(aws: Aws, domain: str, zone_id: str | None) -> Zone:
    if zone_id is not None:
        named = zones.zone(aws, zone_id)
        if named is not None and named.holds(domain) and not named.private:
            return named
        what = "is not in this account" if named is None else f"is for {named.name}"
        if named is not None and named.private:
            what = "is private"
        advice = f"leave --zone-id out to have the zone of {domain} found"
        raise NotReady((f"the zone {zone_id} (--zone-id) {what}; {advice}",))
    found = zones.closest(zones.zones_of(aws), domain)
    if found is None:
        raise NotReady(
            (
                f"no public hosted zone of this account holds {domain} (--domain); create one "
                "(aws route53 create-hosted-zone) and delegate to it, or use the account that has it",
            )
        )
    return found


def _certificate(
    aws: Aws,
    domain: str,
    zone: Zone,
    wishes: Wishes,
    terminal: Terminal,
    clock: Clock,
) -> str:
    there = certificates.certificates_in(aws)
    issued = certificates.best(there, domain)
    if issued is not None:
        return issued.arn
    waiting: Certificate | None = certificates.pending(there, domain)
    if waiting is None:
        if not wishes.yes:
            terminal.confirm(f"no certificate in {aws.region} is for {domain}; request one?")
        arn = certificates.request(aws, domain)
        terminal.progress(f"requested the certificate {arn}")
    else:
        arn = waiting.arn
        terminal.progress(f"the certificate {arn} was requested before")
    certificates.publish(aws, zone.id, certificates.validation_record(aws, arn, clock))
    certificates.wait_until_issued(aws, arn, terminal.progress, clock)
    return arn
