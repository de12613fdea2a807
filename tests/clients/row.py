"""One row of the table: a client, what it does, and the result in each mode of the service."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.settings import RedirectMode
from tests.clients.client import Client
from tests.clients.expectation import WORKS, Expectation
from tests.clients.image import KB, MB
from tests.clients.operation import LOGIN, Operation

# Eight layers travel in parallel. The large one is the last, since the vfs driver copies all below a layer.
LARGE = (3 * KB, *[50 * KB] * 6, 20 * MB)
#: Where the upload passes through the function, which API Gateway gives no more than about 4.5 MB.
RELAYED = (3 * KB, *[50 * KB] * 6, 4 * MB)
#: What API Gateway accepts and Lambda does not.
OVER_LAMBDAS_LIMIT = (3 * KB, 6 * MB)
SMALL = (3 * KB,)


@dataclass(frozen=True)
class Row:
    """A mode whose expectation is None is not tried."""

    client: Client
    operation: Operation
    #: Command lines, in which `{reference}` and its like are filled in. Those before the last must succeed.
    steps: tuple[str, ...]
    layer_sizes: tuple[int, ...] = LARGE
    edge: Expectation | None = WORKS
    relay: Expectation | None = WORKS
    plain: Expectation | None = None
    #: Whether the client has credentials for the registry's own host too, as our helper's `init` sets up.
    both_hosts: bool = False
    remark: str = ""

    def expected(self, mode: RedirectMode) -> Expectation | None:
        """What it does with the service in `mode`."""
        return {
            RedirectMode.EDGE: self.edge,
            RedirectMode.RELAY: self.relay,
            RedirectMode.PLAIN: self.plain,
        }[mode]

    def works_in(self, mode: RedirectMode) -> bool:
        return self.expected(mode) is WORKS

    @property
    def credentials(self) -> str:
        """Where the client has them from."""
        if self.operation is LOGIN and not self.from_helper:
            return "password on standard input"
        return "helper, by hand on the command line" if self.client.by_hand else "helper"

    @property
    def from_helper(self) -> bool:
        """Whether the credential helper is the client's only source of credentials."""
        return self.operation is not LOGIN or "stdin" not in self.steps[-1]

    @property
    def label(self) -> str:
        return f"{self.operation.name}, {self.remark}" if self.remark else self.operation.name

    @property
    def id(self) -> str:
        where = self.client.daemon.name if self.client.daemon else self.client.debian.name.lower()
        return f"{self.client.name.split()[0]}-{where}-{self.label}".replace(" ", "-").replace(",", "")
