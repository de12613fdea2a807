"""A custom domain, whole and running: fake ECR, the packaged service as Lambda functions, the gateway and,
for the mode `edge`, CloudFront in front of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chalicelib.settings import ECR_REGISTRY, REDIRECT_MODE, RedirectMode, Settings
from infra.edge_template import edge_template
from tests.standins.certificates import Certificates
from tests.standins.cloudfront.cloudfront import CloudFront
from tests.standins.cloudfront.passage import PassageObserver
from tests.standins.cloudfront.unknowns import Unknowns
from tests.standins.ecr import FakeEcr
from tests.standins.gateway import Gateway
from tests.standins.http_message import Observer
from tests.standins.lambda_function import LambdaFunction
from tests.standins.package import Package
from tests.standins.proxy_event import ApiIdentity

API_TARGET = "d-abcdefghij.execute-api.us-west-2.amazonaws.com"
"""What API Gateway would name as the target of the custom domain."""


@dataclass(frozen=True)
class Domain:
    """What runs. Clients ask `authority`."""

    gateway: Gateway
    ecr: FakeEcr
    #: By logical id in the template.
    functions: Mapping[str, LambdaFunction]
    certificates: Certificates
    #: None where the gateway stands in front.
    cloudfront: CloudFront | None = None

    @property
    def authority(self) -> str:
        """HOST:PORT, as in an image's name."""
        return (self.cloudfront or self.gateway).authority

    @property
    def origin(self) -> str:
        """https://HOST:PORT"""
        return (self.cloudfront or self.gateway).origin

    @property
    def log(self) -> list[str]:
        """What all functions wrote."""
        return [line for function in self.functions.values() for line in function.log]


@contextmanager
def running_domain(
    directory: Path,
    packaged: Package,
    *,
    registry: str | None = None,
    token: str | None = None,
    variables: Mapping[str, str] | None = None,
    limit: int = 4,
    name: str = "localhost",
    observe: Observer | None = None,
    observe_registry: Observer | None = None,
    observe_edge: PassageObserver | None = None,
    unknowns: Unknowns | None = None,
    certificates: Certificates | None = None,
) -> Iterator[Domain]:
    """Runs the package in front of `registry` (HOST:PORT), or of a fake ECR, which runs in any case.

    With REDIRECT_MODE=edge among the `variables`, CloudFront stands in front of the gateway, and leads to
    each registry that the variables name; `unknowns` and `observe_edge` are its. The hosts have different
    names by default: localhost (gateway and CloudFront, as at AWS), 127.0.0.1 and, for the bucket,
    127.0.0.2. The functions trust the certificates of the run (`certificates`, or new ones), as they would
    trust Amazon's.
    """
    with ExitStack() as stack:
        certificates = certificates or Certificates(directory)
        ecr = stack.enter_context(
            FakeEcr(
                certificates.server_context("127.0.0.1", "127.0.0.2"), token=token, observe=observe_registry
            )
        )
        given = {
            ECR_REGISTRY: registry or ecr.authority,
            "SSL_CERT_FILE": str(certificates.authority_pem),
            **(variables or {}),
        }
        functions = {
            identifier: stack.enter_context(
                LambdaFunction(source, directory / identifier, limit=limit, variables=given)
            )
            for identifier, source in packaged.functions.items()
        }
        gateway = stack.enter_context(
            Gateway(
                packaged.definition,
                {function.source.arn: function for function in functions.values()},
                certificates.server_context(name),
                api=ApiIdentity(stage=packaged.stage),
                name=name,
                observe=observe,
            )
        )
        cloudfront = None
        if given.get(REDIRECT_MODE) == RedirectMode.EDGE.value:
            registries = Settings.from_environment(given).registries("")
            certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1"
            cloudfront = stack.enter_context(
                CloudFront(
                    edge_template(registries.all()),
                    {"DomainName": name, "CertificateArn": certificate, "ApiTarget": API_TARGET},
                    context=certificates.server_context(name),
                    trust=certificates.client_context(),
                    origins={API_TARGET: ("127.0.0.1", gateway.port)},
                    name=name,
                    unknowns=unknowns,
                    observe=observe_edge,
                )
            )
        yield Domain(gateway, ecr, functions, certificates, cloudfront)
