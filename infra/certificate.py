"""Certificates of ACM."""

from __future__ import annotations

from dataclasses import dataclass

from infra.aws import Aws, absent_as_none, refusals


@dataclass(frozen=True)
class Certificate:
    """What ACM says about a certificate."""

    #: In ACM's words: ISSUED, PENDING_VALIDATION, EXPIRED and the like.
    status: str
    #: The domain name and the alternative names, in lower case.
    names: tuple[str, ...]

    def covers(self, domain: str) -> bool:
        """Whether one of the names is `domain`, or a wildcard for exactly its first label (RFC 6125)."""
        return domain in self.names or "*." + domain.partition(".")[2] in self.names


def certificate(aws: Aws, arn: str) -> Certificate | None:
    """One certificate, None where there is none of that ARN."""
    with refusals():
        found = absent_as_none(lambda: aws.acm.describe_certificate(CertificateArn=arn))
    if found is None:
        return None
    detail = found["Certificate"]
    names = {detail.get("DomainName", ""), *detail.get("SubjectAlternativeNames", [])}
    return Certificate(detail.get("Status", ""), tuple(sorted(name.lower() for name in names)))
