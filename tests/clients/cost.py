"""What pulls and pushes through the domain cost: requests, time and money, by client and size of image.

    python -m tests.clients.cost    writes docs/cost.md from docs/cost.json

tests/clients/test_cost.py measures; `make matrix` stores what it measured and runs this.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

STORED = Path(__file__).parents[2] / "docs" / "cost.json"
PAGE = STORED.with_suffix(".md")
SIZES = (1, 10, 30)
"""Layers."""

# Dollars, us-east-1, the first tier of each. https://aws.amazon.com/api-gateway/pricing/ and
# https://aws.amazon.com/lambda/pricing/, read in November 2026.
_REST_API_REQUEST = 3.50e-6
_LAMBDA_REQUEST = 0.20e-6
_ARM_GB_SECOND = 0.0000133334
_MEMORY_GB = 256 / 1024
_ECR_WAIT = 0.05

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Cost:
    """One operation. Seconds are medians: of the client's whole run, and in the function, all requests of
    the operation together."""

    client: str
    version: str
    operation: str
    layers: int
    requests: int
    """At the domain."""
    lambda_seconds: float
    seconds: float
    straight_seconds: float
    """Of the same run straight to the registry."""

    @property
    def key(self) -> Key:
        return self.client, self.operation, self.layers

    @property
    def added_milliseconds(self) -> float:
        return 1000 * (self.seconds - self.straight_seconds)

    @property
    def dollars_per_million(self) -> float:
        """A million such operations; no free tier, no data transfer."""
        compute = self.lambda_seconds * _MEMORY_GB * _ARM_GB_SECOND
        return 1e6 * (self.requests * (_REST_API_REQUEST + _LAMBDA_REQUEST) + compute)


def read_costs(path: Path = STORED) -> dict[Key, Cost]:
    """What is stored; empty where nothing is yet."""
    listed = [Cost(**each) for each in json.loads(path.read_text())] if path.exists() else []
    return {cost.key: cost for cost in listed}


def write_costs(costs: Iterable[Cost], path: Path = STORED) -> None:
    lines = ",\n".join(" " + json.dumps(asdict(cost)) for cost in costs)
    path.write_text(f"[\n{lines}\n]\n")


def page(costs: Mapping[Key, Cost]) -> str:
    """docs/cost.md."""
    rows = [
        _row(list(group))
        for _, group in groupby(costs.values(), key=lambda cost: (cost.client, cost.version, cost.operation))
    ]
    heads = ("client", "", "requests", "time added", "per million")
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, ("---",) * len(heads), *rows))
    waited = 1e6 * _ECR_WAIT * _MEMORY_GB * _ARM_GB_SECOND
    return f"""# Cost

Written by `make matrix`, which counts and times what it tells of here.

Each operation with an image of {_listed(map(str, SIZES))} layers of 3 KB. **requests** are those at the
domain, all of which are billed; layers come from the bucket and pass nothing of ours. **time added** is the
client's whole run less the same run straight to the registry, the median of three each, with everything on
one busy machine: a tenth of a second more or less is noise, and what came out below zero is shown as 0.0.
**per million** is dollars for a million such operations.

{table}
`docker buildx build --push` under Docker's own driver pushes twice, BuildKit first and then the daemon, and
has an attestation's blobs and manifest to push beside the image's.

## How the dollars are counted

Published prices for us-east-1, first tier, without the free one: REST API $3.50 per million requests, Lambda
$0.20 per million and $0.0000133334 per GB-second on arm64, at the 256 MB that the function has. Durations are
those measured here, where the registry is a process next door. At AWS a relayed request waits for ECR as
well: each {1000 * _ECR_WAIT:.0f} ms of waiting add ${waited:.2f} per million requests. Nearly all of the
bill is API Gateway's.

Not counted: data transfer out (a manifest is a few KB; layers are ECR's own transfer, with or without us), a
hosted zone ($0.50 a month) and logs (about 250 bytes per request).
"""


def _row(costs: Sequence[Cost]) -> tuple[str, ...]:
    first = costs[0]
    return (
        f"{first.client} {first.version}",
        first.operation,
        _listed(str(cost.requests) for cost in costs),
        _listed(f"{max(cost.added_milliseconds, 0) / 1000:.1f}" for cost in costs) + " s",
        "$" + _listed(f"{cost.dollars_per_million:.0f}" for cost in costs),
    )


def _listed(values: Iterable[str]) -> str:
    return " / ".join(values)


if __name__ == "__main__":
    PAGE.write_text(page(read_costs()))
