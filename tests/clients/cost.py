"""What pulls and pushes through the domain cost: requests and money, by client and mode.

    python -m tests.clients.cost    writes docs/cost.md from docs/cost.json

tests/clients/test_cost.py counts; `make matrix` stores what it counted and runs this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.clients.matrix import markdown_table

STORED = Path(__file__).parents[2] / "docs" / "cost.json"
PAGE = STORED.with_suffix(".md")
LAYERS = 10

# Dollars, us-east-1, the first tier of each. https://aws.amazon.com/api-gateway/pricing/,
# https://aws.amazon.com/lambda/pricing/ and https://aws.amazon.com/cloudfront/pricing/ (HTTPS requests of
# viewers in the United States and Europe; CloudFront Functions), read in November 2026.
_REST_API_REQUEST = 3.50e-6
_LAMBDA_REQUEST = 0.20e-6
_ARM_GB_SECOND = 0.0000133334
_CLOUDFRONT_REQUEST = 1.00e-6
_CLOUDFRONT_FUNCTION = 0.10e-6
_MEMORY_GB = 256 / 1024
_ECR_WAIT = 0.05

Key = tuple[str, str]


@dataclass(frozen=True)
class Service:
    """What an operation costs in API Gateway and Lambda."""

    requests: int
    #: In the function, all requests of the operation together.
    seconds: float

    @property
    def dollars(self) -> float:
        compute = self.seconds * _MEMORY_GB * _ARM_GB_SECOND
        return self.requests * (_REST_API_REQUEST + _LAMBDA_REQUEST) + compute


@dataclass(frozen=True)
class Cost:
    """One operation of one client, with an image of LAYERS layers."""

    client: str
    version: str
    operation: str
    #: Requests at the registry where the client asks it itself.
    straight: int
    #: Requests at CloudFront, in mode edge.
    edge: int
    #: Those of them that CloudFront passed on to the registry.
    edge_registry: int
    #: In mode edge, where CloudFront keeps no redirect yet, and where it keeps those of a minute before.
    cold: Service
    warm: Service
    #: In mode relay.
    relay: Service

    @property
    def key(self) -> Key:
        return self.client, self.operation

    @property
    def of_what(self) -> tuple[str, str]:
        """For people."""
        return f"{self.client} {self.version}", self.operation

    @property
    def requests(self) -> tuple[int, ...]:
        """As the page's columns have them."""
        at_service = (each.requests for each in (self.cold, self.warm, self.relay))
        return self.straight, self.edge, self.edge_registry, *at_service

    @property
    def dollars(self) -> tuple[float, float, float]:
        """In mode edge, with a cold and with a warm cache, and in mode relay."""
        # A function runs for each request, and for each response of the registry that is not an error.
        functions = (self.edge + self.edge_registry) * _CLOUDFRONT_FUNCTION
        cloudfront = self.edge * _CLOUDFRONT_REQUEST + functions
        return cloudfront + self.cold.dollars, cloudfront + self.warm.dollars, self.relay.dollars


def read_costs() -> dict[Key, Cost]:
    """What is stored; empty where nothing is yet."""
    listed = map(_cost, json.loads(STORED.read_text())) if STORED.exists() else ()
    return {cost.key: cost for cost in listed}


def _cost(stored: Mapping[str, object]) -> Cost:
    services = {name: Service(**stored[name]) for name in ("cold", "warm", "relay")}  # type: ignore[arg-type]
    return Cost(**{**stored, **services})  # type: ignore[arg-type]


def write_costs(costs: Iterable[Cost]) -> None:
    lines = ",\n".join(" " + json.dumps(asdict(cost)) for cost in costs)
    STORED.write_text(f"[\n{lines}\n]\n")


def page(costs: Mapping[Key, Cost]) -> str:
    """docs/cost.md."""
    requests = markdown_table(
        ("client", "", "straight", "edge: CloudFront", "ECR", "cold", "warm", "relay: API Gateway"),
        ((*cost.of_what, *map(str, cost.requests)) for cost in costs.values()),
    )
    dollars = markdown_table(
        ("client", "", "edge, cold", "edge, warm", "relay"),
        ((*cost.of_what, *(f"${1e6 * each:.0f}" for each in cost.dollars)) for cost in costs.values()),
    )
    waited = 1e6 * _ECR_WAIT * _MEMORY_GB * _ARM_GB_SECOND
    return f"""# Cost

`make matrix` counts what this page tells, and writes it. Each operation is done with an image of {LAYERS}
layers of 3 KB. The size of a layer does not change the number of requests, and layers are downloaded from
the bucket of ECR, so that nothing of ours is asked for them.

## Requests

**straight** is the number of requests at ECR where the client asks it without us. In mode `edge`, a client
sends the requests under **CloudFront** to our name. CloudFront passes those under **ECR** on to the registry
and answers the others with redirects, for which it asks API Gateway and the function: **cold** is their
number when it keeps no redirect yet, **warm** when another client pulled the same image in the minute before.
In mode `relay`, all requests are at **API Gateway** and the function.

{requests}
`docker buildx build --push` under Docker's own driver pushes twice, BuildKit first and then the daemon, and
has the blobs and the manifest of an attestation to push beside the image's.

## Dollars for a million operations

{dollars}
These are the published prices of the first tier for us-east-1, without what is free: REST API $3.50 per
million requests, Lambda $0.20 per million and $0.0000133334 per GB-second on arm64 at the 256 MB that the
function has, CloudFront $1.00 per million HTTPS requests of viewers in the United States and Europe and $0.10
per million runs of a CloudFront Function. Durations are those measured here, where the registry is a process
on the same machine. At AWS a relayed request waits for ECR as well: each {1000 * _ECR_WAIT:.0f} ms of waiting
adds ${waited:.2f} per million requests.

Not counted: data transfer (manifests are a few KB; layers are ECR's own transfer, with or without us), about
$0.02 per GB that is uploaded through CloudFront, a hosted zone ($0.50 a month), four alarms ($0.10 a
month each) and logs (about 250 bytes per
request). CloudFront gives 1 TB of transfer, ten million requests and two million runs of functions a month
free of charge.
"""


if __name__ == "__main__":
    PAGE.write_text(page(read_costs()))
