"""The public DNS and HTTPS, as an account of this machine makes them.

A name resolves if the account's zone has an alias record for it, and leads to the custom domain name or the
distribution that the alias points at. What stands there is served by the gateway and the CloudFront stand-in
from what the stacks deployed. Everything else (the registry) is a host of this machine, reached for real.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.outside import Internet, NotReached, Reply
from tests.deploy.aws_account import ACCOUNT, AwsAccount
from tests.standins.api_definition import read_definition
from tests.standins.certificates import Certificates
from tests.standins.cloudformation.deployed_service import (
    DeployedApi,
    NothingDeployed,
    api_behind,
    distribution_at,
)
from tests.standins.cloudfront.cloudfront import CloudFront
from tests.standins.gateway import Gateway
from tests.standins.http_client import connection_to, exchange
from tests.standins.lambda_function import Function, LambdaFunction
from tests.standins.proxy_event import ApiIdentity
from tests.standins.running import Running

Address = tuple[str, int]


@dataclass
class _Api:
    """A gateway that goes on as the API behind it changes."""

    gateway: Gateway
    functions: dict[str, Function]
    deployed: DeployedApi


class PublicInternet(Running):
    """Runs gateways and distributions as they are asked for, until `stop()`. `near` is the region whose
    latency record is taken; None takes the only one there is. `clock` is that of CloudFront's cache."""

    def __init__(
        self,
        account: AwsAccount,
        zone_id: str,
        certificates: Certificates,
        directory: Path,
        clock: Callable[[], float],
    ) -> None:
        self._account = account
        self._zone_id = zone_id
        self._certificates = certificates
        self._directory = directory
        self._clock = clock
        self._stack = ExitStack()
        self._lock = threading.RLock()
        self._apis: dict[str, _Api] = {}
        self._distributions: dict[str, CloudFront] = {}
        self._functions = 0
        self._real = Internet(certificates.client_context())
        self.near: str | None = None
        #: Where hosts that are no part of the account are on this machine.
        self.hosts: dict[str, Address] = {}

    def start(self) -> None:
        """Nothing runs before it is asked for."""

    def stop(self) -> None:
        self._stack.close()

    def addresses(self, host: str) -> tuple[str, ...]:
        self._alias(host)
        return ("192.0.2.1",)

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        host = urlsplit(origin).hostname or ""
        if host == "127.0.0.1":
            return self._real.get(origin, target, headers)
        status, received, _ = self.request("GET", host, target, headers)
        return Reply(status, received)

    def request(
        self, method: str, host: str, target: str, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, and body of one request to a name of the account."""
        connection = connection_to(host, self._certificates.client_context(), self.address(host))
        try:
            response = exchange(connection, method, target, headers)
        except ssl.SSLError as error:
            raise NotReached(str(error)) from error
        finally:
            connection.close()
        return (
            response.status,
            {name.lower(): value for name, value in response.headers.items()},
            response.body,
        )

    def address(self, host: str) -> Address:
        """Where a name leads to on this machine. Raises NotReached."""
        if host in self.hosts:
            return self.hosts[host]
        target = self._alias(host)
        try:
            with self._lock:
                if target.endswith(".cloudfront.net"):
                    return self._distribution(host, target)
                return self._gateway(host, target)
        except NothingDeployed as error:
            raise NotReached(str(error)) from error

    def refresh(self) -> None:
        """Let what runs already see what was deployed since."""
        with self._lock:
            for key in self._apis:
                host, _, target = key.partition(" ")
                with suppress(NothingDeployed):
                    self._gateway(host, target)

    def _alias(self, host: str) -> str:
        route53 = self._account.client("route53", "us-east-1")
        records = route53.list_resource_record_sets(HostedZoneId=self._zone_id)["ResourceRecordSets"]
        for record in records:
            here = record["Name"].rstrip(".") == host and record["Type"] == "A"
            if here and self.near in (None, record.get("Region", self.near)):
                return str(record["AliasTarget"]["DNSName"]).rstrip(".")
        raise NotReached(f"the name {host} does not resolve")

    def _distribution(self, host: str, target: str) -> Address:
        template = distribution_at(self._account.stacks, target)
        key = json.dumps(template, sort_keys=True)
        if key not in self._distributions:
            self._distributions[key] = self._stack.enter_context(
                CloudFront(
                    template,
                    {},
                    context=self._certificates.server_context(host),
                    trust=self._certificates.client_context(),
                    origins=_Origins(lambda origin: self._gateway(host, origin), self.hosts),
                    name=host,
                    clock=self._clock,
                )
            )
        return "127.0.0.1", self._distributions[key].port

    def _gateway(self, host: str, target: str) -> Address:
        deployed = api_behind(self._account.stacks, target, host, self._directory)
        key = f"{host} {target}"
        api = self._apis.get(key)
        if api is None:
            api = self._apis[key] = self._serve(host, deployed)
        elif api.deployed != deployed:
            api.functions.update(self._started(deployed))
            api.gateway.definition = read_definition(deployed.definition)
            # A definition that still calls one of these gets what API Gateway gives then.
            for deleted in api.functions.keys() - {each.arn for each in deployed.functions}:
                del api.functions[deleted]
            api.deployed = deployed
        return "127.0.0.1", api.gateway.port

    def _serve(self, host: str, deployed: DeployedApi) -> _Api:
        functions = self._started(deployed)
        identity = ApiIdentity(
            api_id=deployed.api_id, stage=deployed.stage, account=ACCOUNT, region=deployed.region
        )
        context = self._certificates.server_context(host)
        gateway = self._stack.enter_context(Gateway(deployed.definition, functions, context, api=identity))
        return _Api(gateway, functions, deployed)

    def _started(self, deployed: DeployedApi) -> dict[str, Function]:
        trust = {"SSL_CERT_FILE": str(self._certificates.authority_pem)}
        started: dict[str, Function] = {}
        for source in deployed.functions:
            self._functions += 1
            directory = self._directory / f"{self._functions}-{source.name}"
            function = LambdaFunction(source, directory, limit=2, variables=trust)
            started[source.arn] = self._stack.enter_context(function)
        return started


class _Origins(Mapping[str, Address]):
    """Where a distribution's origins are: that of the API is looked up each time, all others are given."""

    def __init__(self, gateway: Callable[[str], Address], hosts: Mapping[str, Address]) -> None:
        self._gateway = gateway
        self._hosts = hosts

    def __getitem__(self, origin: str) -> Address:
        return self._gateway(origin) if ".execute-api." in origin else self._hosts[origin]

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1
