"""A custom domain, whole and running: fake ECR, the packaged service as Lambda functions, the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.standins.certificates import Certificates
from tests.standins.ecr import FakeEcr
from tests.standins.gateway import Behaviour, Gateway, Observer
from tests.standins.lambda_function import LambdaFunction
from tests.standins.package import Package
from tests.standins.proxy_event import ApiIdentity


@dataclass(frozen=True)
class Domain:
    gateway: Gateway
    ecr: FakeEcr
    functions: Mapping[str, LambdaFunction]
    """By logical id in the template."""
    certificates: Certificates

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
    behaviour: Behaviour | None = None,
    limit: int = 4,
    name: str = "localhost",
    observe: Observer | None = None,
    observe_registry: Observer | None = None,
    certificates: Certificates | None = None,
) -> Iterator[Domain]:
    """Runs the package in front of `registry` (HOST:PORT), or of a fake ECR, which runs in any case.

    The three hosts have different names by default: localhost, 127.0.0.1 and, for the bucket, 127.0.0.2.
    The functions trust the certificates of the run (`certificates`, or new ones), as they would trust
    Amazon's.
    """
    with ExitStack() as stack:
        certificates = certificates or Certificates(directory)
        ecr = stack.enter_context(
            FakeEcr(
                certificates.server_context("127.0.0.1", "127.0.0.2"), token=token, observe=observe_registry
            )
        )
        given = {
            "ECR_REGISTRY": registry or ecr.authority,
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
                behaviour=behaviour,
                name=name,
                observe=observe,
            )
        )
        yield Domain(gateway, ecr, functions, certificates)
