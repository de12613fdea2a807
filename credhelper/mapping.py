"""The mapping: custom.json, which says what registry a domain stands for and whose credentials to use.

    {"ecr.example.com": "123456789012.dkr.ecr.us-east-1.amazonaws.com",
     "ecr.example.net": {"registry": "…", "profile": "…", "role_arn": "…", "region": "…"}}

The first form is the original helper's. In the second every member may be left out; without
`registry` an ECR host stands for itself, and any other host is asked for its registry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credhelper.errors import InvalidServerURL
from credhelper.json_file import JsonFile, json_type, read_json_file
from credhelper.registry_host import InvalidRegistry, RegistryHost, shown
from credhelper.server_url import parse_server_url

ROLE_ARN_FORM = "arn:aws:iam::ACCOUNT:role/NAME"
MEMBERS = ("registry", "profile", "role_arn", "region")


class InvalidMapping(ValueError):
    """A mapping's value that cannot be used; `str()` says what is wrong and what was expected."""


@dataclass(frozen=True)
class DomainMapping:
    """What custom.json says about one domain; a part that is not given is empty."""

    #: The registry's ECR host name, in lower case.
    registry: str = ""
    #: The AWS profile whose credentials to use.
    profile: str = ""
    #: The IAM role to assume.
    role_arn: str = ""
    #: The region whose API to ask, where it is not the registry's own.
    region: str = ""

    @property
    def value(self) -> str | dict[str, str]:
        """The shortest form of it for custom.json."""
        members = {name: getattr(self, name) for name in MEMBERS if getattr(self, name)}
        return self.registry if list(members) == ["registry"] else members


def ecr_host(text: str) -> str:
    """`text` as an ECR registry's host name: a scheme, a port and a path are dropped, as Docker drops them.

    Raises InvalidMapping.
    """
    try:
        host = RegistryHost.parse(parse_server_url(text.strip()).name)
    except (InvalidRegistry, InvalidServerURL) as error:
        raise InvalidMapping(f"{shown(text)!r} is not a valid registry host") from error
    if host.ecr is None:
        raise InvalidMapping(
            f"{shown(text)!r} is not a valid ECR registry host; "
            "expected ACCOUNT.dkr.ecr.REGION.amazonaws.com or another of ECR's forms"
        )
    return host.host


def domain_host(text: str) -> str:
    """`text`, in any shape of a server URL, as HOST[:PORT]. Raises InvalidMapping."""
    try:
        url = parse_server_url(text.strip())
        RegistryHost.parse(url.host)
    except (InvalidRegistry, InvalidServerURL) as error:
        raise InvalidMapping(f"{shown(text)!r} is not a valid domain; expected HOST[:PORT]") from error
    if url.is_docker_hub:
        raise InvalidMapping(f"{shown(text)!r} is Docker Hub, which no ECR registry can stand for")
    return url.host


def is_role_arn(text: str) -> bool:
    """Whether a text has the form of an IAM role's ARN, in any partition."""
    return text.startswith("arn:") and ":role/" in text


def parse_mapping(domain: str, value: object) -> DomainMapping:
    """Read one member of custom.json. Raises InvalidMapping."""
    if isinstance(value, str):
        return DomainMapping(ecr_host(value))
    if not isinstance(value, dict):
        raise InvalidMapping(f"{domain} is {json_type(value)}; expected a registry host or an object")
    for name, part in value.items():
        if name not in MEMBERS:
            raise InvalidMapping(f"{domain} has a member {shown(name)!r}; expected {', '.join(MEMBERS)}")
        if not isinstance(part, str):
            raise InvalidMapping(f"{domain}: {name} is {json_type(part)}; expected a string")
        if not part.isprintable():
            raise InvalidMapping(f"{domain}: {name} is {shown(part)!r}; expected text of one line")
    role_arn, region = value.get("role_arn", ""), value.get("region", "")
    if role_arn and not is_role_arn(role_arn):
        raise InvalidMapping(f"{domain}: role_arn is {shown(role_arn)!r}; expected {ROLE_ARN_FORM}")
    if region and not (region.isascii() and region.replace("-", "").isalnum()):
        raise InvalidMapping(f"{domain}: region is {shown(region)!r}; expected a name such as us-east-1")
    registry = ecr_host(value["registry"]) if value.get("registry") else ""
    return DomainMapping(registry, value.get("profile", ""), role_arn, region)


@dataclass(frozen=True)
class DomainMappings:
    """custom.json as a whole."""

    #: The file that it came from.
    file: JsonFile
    #: HOST[:PORT] -> what the file says about it.
    domains: Mapping[str, DomainMapping]

    @classmethod
    def read(cls, path: str | None) -> DomainMappings:
        """Read and check the whole file; one that does not exist is empty.

        Raises InvalidFile and FileTrouble.
        """
        if path is None:
            return cls(JsonFile(Path("custom.json"), "", {}, {}), {})
        file = read_json_file(Path(path))
        domains: dict[str, DomainMapping] = {}
        for name, value in file.members.items():
            try:
                # The name first: nothing of one that is refused is repeated.
                domain = domain_host(name)
                domains[domain] = parse_mapping(domain, value)
            except InvalidMapping as error:
                file.refuse(name, str(error))
        return cls(file, domains)

    def with_domains(self, changes: Mapping[str, DomainMapping | None]) -> dict[str, Any]:
        """The file's members with each domain of `changes` mapped anew, or with None no longer mapped.

        What stands for an unchanged domain stays as it is written.
        """
        members = dict(self.file.members)
        for domain, mapping in changes.items():
            if self.domains.get(domain) == mapping:
                continue
            members = {name: value for name, value in members.items() if domain_host(name) != domain}
            if mapping is not None:
                members[domain] = mapping.value
        return members
