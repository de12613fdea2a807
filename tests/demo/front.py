"""What the demo's clients ask: the service in two modes, with one registry behind both."""

from __future__ import annotations

import importlib.util
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chalicelib.settings import REDIRECT_MODE, RedirectMode
from tests.standins.chalice_local import ChaliceLocal
from tests.standins.ecr import FakeEcr


@dataclass(frozen=True)
class DemoFront:
    """The service in one mode."""

    origin: str
    #: What the function, or `chalice local`, has logged so far.
    log: Callable[[], str]
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True)
class Fronts:
    """The service in the modes `edge` and `relay`, and the registry behind both."""

    edge: DemoFront
    relay: DemoFront
    ecr: FakeEcr = field(repr=False)
    #: What stands for AWS, for people to read.
    description: str
    #: Whether there is a cache in front of the service.
    cached: bool


def can_run_lambda() -> bool:
    """Whether Lambda's runtime client is installed: on Linux pyproject.toml asks for it."""
    return importlib.util.find_spec("awslambdaric") is not None


@contextmanager
def deployed(directory: Path) -> Iterator[Fronts]:
    """The zip that `chalice package` makes and the generated template of the edge, run by the stand-ins for
    Lambda, API Gateway and CloudFront."""
    # Here, since they import what is installed on Linux alone.
    from tests.standins.domain import running_domain
    from tests.standins.package import package
    from tests.standins.project import make_project

    packaged = package(make_project(directory / "project", {"dev": {}}), "dev", directory / "package")
    for name in ("edge", "relay"):
        (directory / name).mkdir()
    mode = {REDIRECT_MODE: RedirectMode.EDGE.value}
    with (
        running_domain(directory / "edge", packaged, variables=mode) as edge,
        running_domain(
            directory / "relay", packaged, registry=edge.ecr.authority, certificates=edge.certificates
        ) as relay,
    ):
        tls = edge.certificates.client_context()
        yield Fronts(
            DemoFront(edge.origin, lambda: "\n".join(edge.log), tls),
            DemoFront(relay.origin, lambda: "\n".join(relay.log), tls),
            edge.ecr,
            "Stand-ins for ECR, CloudFront, API Gateway and Lambda run what would be deployed.",
            cached=True,
        )


@contextmanager
def local(directory: Path) -> Iterator[Fronts]:
    """`chalice local`, which carries /_registry/* itself."""
    with (
        # Another name for the bucket: clients drop their credentials where the name changes.
        FakeEcr(None, bucket_name="localhost", bucket_address="127.0.0.1") as ecr,
        ChaliceLocal(ecr.origin, directory / "edge", mode="edge") as edge,
        ChaliceLocal(ecr.origin, directory / "relay", mode="relay") as relay,
    ):
        yield Fronts(
            DemoFront(edge.origin, lambda: edge.log),
            DemoFront(relay.origin, lambda: relay.log),
            ecr,
            "`chalice local` plays CloudFront here, and a stand-in plays ECR.",
            cached=False,
        )
