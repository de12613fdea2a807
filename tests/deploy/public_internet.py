"""The public DNS and HTTPS, as an account of this machine makes them.

A name resolves if the account's zone has an alias record for it, and leads to the custom domain name or the
distribution that the alias points at. What stands there is served by the gateway and the CloudFront stand-in
from what the stacks deployed. Everything else (the registry) is a host of this machine, reached for real.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import urllib3

from infra.outside import Internet, NotReached, Reply
from tests.deploy.aws_account import ACCOUNT, AwsAccount
from tests.standins.certificates import Certificates
from tests.standins.cloudformation.deployed_service import DeployedApi, NothingDeployed, api_behind
from tests.standins.gateway import Gateway
from tests.standins.lambda_function import LambdaFunction
from tests.standins.proxy_event import ApiIdentity

Address = tuple[str, int]


class PublicInternet:
    """Runs gateways and distributions as they are asked for, until `stop()`; each stays what it was when it
    was begun, for clients under way. `near` is the region whose latency record answers; None takes the only
    one there is."""

    def __init__(
        self, account: AwsAccount, zone_id: str, certificates: Certificates, directory: Path
    ) -> None:
        self._account = account
        self._zone_id = zone_id
        self._certificates = certificates
        self._directory = directory
        self._stack = ExitStack()
        self._gateways: dict[str, Gateway] = {}
        self._real = Internet(certificates.client_context())
        self.near: str | None = None

    def __enter__(self) -> PublicInternet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def addresses(self, host: str) -> tuple[str, ...]:
        self._alias(host)
        return ("192.0.2.1",)

    def get(self, origin: str, target: str, headers: Mapping[str, str]) -> Reply:
        host = urlsplit(origin).hostname or ""
        if host == "127.0.0.1":
            return self._real.get(origin, target, headers)
        status, answered, _ = self.request("GET", host, target, headers)
        return Reply(status, answered)

    def request(
        self, method: str, host: str, target: str, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by lower-case name, and body of one request to a name of the account."""
        address, port = self.address(host)
        pool = urllib3.HTTPSConnectionPool(
            address,
            port,
            ssl_context=self._certificates.client_context(),
            server_hostname=host,
            assert_hostname=host,
            retries=False,
            timeout=30,
        )
        try:
            answer = pool.request(method, target, headers={**headers, "Host": host}, redirect=False)
        except urllib3.exceptions.SSLError as error:
            raise NotReached(str(error)) from error
        finally:
            pool.close()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.data

    def address(self, host: str) -> Address:
        """Where a name leads to on this machine. Raises NotReached."""
        target = self._alias(host)
        try:
            return self._gateway(host, target)
        except NothingDeployed as error:
            raise NotReached(str(error)) from error

    def _alias(self, host: str) -> str:
        route53 = self._account.client("route53", "us-east-1")
        records = route53.list_resource_record_sets(HostedZoneId=self._zone_id)["ResourceRecordSets"]
        for record in records:
            here = record["Name"].rstrip(".") == host and record["Type"] == "A"
            if here and self.near in (None, record.get("Region", self.near)):
                return str(record["AliasTarget"]["DNSName"]).rstrip(".")
        raise NotReached(f"the name {host} does not resolve")

    def _gateway(self, host: str, target: str) -> Address:
        api = api_behind(self._account.stacks, target, host, self._directory)
        key = f"{host} {api}"
        if key not in self._gateways:
            self._gateways[key] = self._serve(host, api, len(self._gateways))
        server = self._gateways[key].server
        return server.host, server.port

    def _serve(self, host: str, api: DeployedApi, number: int) -> Gateway:
        trust = {"SSL_CERT_FILE": str(self._certificates.authority_pem)}
        functions = {
            source.arn: self._stack.enter_context(
                LambdaFunction(source, self._directory / f"{number}-{source.name}", limit=2, variables=trust)
            )
            for source in api.functions
        }
        context: ssl.SSLContext = self._certificates.server_context(host)
        identity = ApiIdentity(api_id=api.api_id, stage=api.stage, account=ACCOUNT, region=api.region)
        return self._stack.enter_context(Gateway(api.definition, functions, context, api=identity))
