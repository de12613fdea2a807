"""The public DNS and HTTPS, as an account of this machine makes them.

A name resolves if the account's zone has an alias record for it, and leads to whichever custom domain
name the alias points at, its base path mapping, and the API as it was last deployed. The gateway
stand-in serves that definition with the code that the account holds for each function. Everything else
(the registry) is a host of this machine, reached for real.
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
from tests.deploy.deployed_code import deployed_functions
from tests.standins.certificates import Certificates
from tests.standins.gateway import Gateway
from tests.standins.lambda_function import LambdaFunction
from tests.standins.package import FunctionSource
from tests.standins.proxy_event import ApiIdentity


class PublicInternet:
    """Runs gateways as they are asked for, until `stop()`. `near` is the region whose latency record
    answers; None takes the only one there is."""

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
        gateway = self._gateway(host)
        pool = urllib3.HTTPSConnectionPool(
            gateway.server.host,
            gateway.server.port,
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

    def _alias(self, host: str) -> str:
        route53 = self._account.client("route53", "us-east-1")
        records = route53.list_resource_record_sets(HostedZoneId=self._zone_id)["ResourceRecordSets"]
        for record in records:
            here = record["Name"].rstrip(".") == host and record["Type"] == "A"
            if here and self.near in (None, record.get("Region", self.near)):
                return str(record["AliasTarget"]["DNSName"]).rstrip(".")
        raise NotReached(f"the name {host} does not resolve")

    def _gateway(self, host: str) -> Gateway:
        target = self._alias(host)
        region = target.split(".")[2]
        apigateway = self._account.client("apigateway", region)
        domain = apigateway.get_domain_name(domainName=host)
        if domain["regionalDomainName"] != target:
            raise NotReached(f"{target} is no custom domain name of the account")
        mapping = apigateway.get_base_path_mapping(domainName=host, basePath="(none)")
        api, stage = mapping["restApiId"], mapping["stage"]
        document = self._account.lessons.deployed[api, stage]
        functions = self._sources(region, document)
        key = f"{api} {sorted((source.arn, str(source.archive)) for source in functions)} {document}"
        if key not in self._gateways:
            self._gateways[key] = self._serve(
                host, api, stage, region, document, functions, len(self._gateways)
            )
        return self._gateways[key]

    def _sources(self, region: str, document: Mapping[str, object]) -> list[FunctionSource]:
        """The functions that the definition names."""
        deployed = deployed_functions(self._account, region, self._directory)
        return [source for source in deployed if f"/{source.arn}/" in str(document)]

    def _serve(
        self,
        host: str,
        api: str,
        stage: str,
        region: str,
        document: Mapping[str, object],
        sources: list[FunctionSource],
        number: int,
    ) -> Gateway:
        trust = {"SSL_CERT_FILE": str(self._certificates.authority_pem)}
        functions = {
            source.arn: self._stack.enter_context(
                LambdaFunction(source, self._directory / f"{number}-{source.name}", limit=1, variables=trust)
            )
            for source in sources
        }
        context: ssl.SSLContext = self._certificates.server_context(host)
        identity = ApiIdentity(api_id=api, stage=stage, account=ACCOUNT, region=region)
        return self._stack.enter_context(Gateway(document, functions, context, api=identity))
