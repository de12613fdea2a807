"""Registry hosts: which text names one, and what an ECR host name says.

Imports next to nothing on purpose: the credential helper ships the same file as credhelper/registry_host.py,
and a test holds that the two are equal.
"""

from __future__ import annotations

from typing import NamedTuple

ACCEPTED_FORM = "HOST[:PORT], https://HOST[:PORT] or, for a loopback host only, http://HOST[:PORT]"

_LONGEST_SHOWN = 200
_LABEL_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_DIGITS = frozenset("0123456789")

# Host name suffix -> partition, by https://docs.aws.amazon.com/general/latest/gr/ecr.html and, for the
# isolated partitions, by the pattern that amazon-ecr-credential-helper and cloud-provider-aws share.
_IPV4_SUFFIXES = {
    "amazonaws.com": "aws",
    "amazonaws.com.cn": "aws-cn",
    "amazonaws.eu": "aws-eusc",
    "c2s.ic.gov": "aws-iso",
    "sc2s.sgov.gov": "aws-iso-b",
    "cloud.adc-e.uk": "aws-iso-e",
    "csp.hci.ic.gov": "aws-iso-f",
}
_DUAL_STACK_SUFFIXES = {
    "on.aws": "aws",
    "on.amazonwebservices.com.cn": "aws-cn",
}
_PUBLIC_HOSTS = frozenset({"public.ecr.aws", "ecr-public.aws.com"})
_SUFFIX_OF_PARTITION = {partition: suffix for suffix, partition in _IPV4_SUFFIXES.items()} | {
    "aws-us-gov": "amazonaws.com"
}


class InvalidRegistry(ValueError):
    """A text does not name a registry."""

    def __init__(self, value: str, reason: str) -> None:
        #: The text as it may be shown.
        self.value = shown(value)
        #: What is wrong with it; it quotes nothing of the text.
        self.reason = reason
        super().__init__(f"{self.value!r} is not a valid registry host: {reason}; expected {ACCEPTED_FORM}")


class EcrRegistry(NamedTuple):
    """What the host name of an ECR registry says."""

    #: Twelve digits; None for ECR Public.
    account: str | None
    #: The region of the API that gives tokens; for ECR Public that is us-east-1.
    region: str
    #: `aws`, `aws-us-gov`, `aws-cn` and the like.
    partition: str
    #: Whether the host is the FIPS endpoint.
    fips: bool = False
    #: Whether the host has IPv6 addresses too.
    dual_stack: bool = False

    @property
    def public(self) -> bool:
        return self.account is None


class RegistryHost(NamedTuple):
    """The host of a registry, and how to reach it."""

    #: `https`, or `http` for a loopback host.
    scheme: str
    #: In lower case; an IPv6 address has its brackets.
    host: str
    #: None where it is the scheme's own.
    port: int | None
    #: What an ECR host name says; None for any other host.
    ecr: EcrRegistry | None

    @classmethod
    def parse(cls, text: str) -> RegistryHost:
        """A trailing slash is allowed, a path is not. Raises InvalidRegistry."""
        if "@" in text:
            raise InvalidRegistry(text, "it must not hold credentials")
        scheme, separator, rest = text.partition("://")
        if not separator:
            scheme, rest = "https", text
        scheme = scheme.lower()
        if scheme not in ("https", "http"):
            raise InvalidRegistry(text, "its scheme is neither https nor http")
        host, port = _split_port(text, rest.removesuffix("/").lower())
        if scheme == "http" and not is_loopback(host):
            raise InvalidRegistry(text, "plain http would send credentials in the clear")
        if port == _default_port(scheme):
            port = None
        return cls(scheme, host, port, ecr_registry(host))

    @classmethod
    def of_function(cls, function_arn: str) -> RegistryHost:
        """That of the account and region in arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER].
        Raises InvalidRegistry."""
        parts = function_arn.split(":")
        if len(parts) < 7 or parts[0] != "arn" or parts[2] != "lambda":
            raise InvalidRegistry(function_arn, "it is not the ARN of a Lambda function")
        partition, region, account = parts[1], parts[3], parts[4]
        suffix = _SUFFIX_OF_PARTITION.get(partition)
        if suffix is None:
            raise InvalidRegistry(function_arn, f"the partition {partition!r} is unknown")
        registry = cls.parse(f"{account}.dkr.ecr.{region}.{suffix}")
        if registry.ecr is None:
            raise InvalidRegistry(function_arn, "its account and region do not make an ECR host name")
        return registry

    @property
    def authority(self) -> str:
        """`HOST[:PORT]`"""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """`SCHEME://HOST[:PORT]`"""
        return f"{self.scheme}://{self.authority}"

    def same_origin(self, scheme: str, host: str, port: int | None) -> bool:
        """Whether a URL's parts name this registry. An IPv6 address may come without its brackets, as
        urllib.parse gives it."""
        scheme = scheme.lower()
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
        if port == _default_port(scheme):
            port = None
        return (scheme, host.lower(), port) == (self.scheme, self.host, self.port)


def ecr_registry(host: str) -> EcrRegistry | None:
    """A lower-case host name read as a whole; None where it is not one of ECR's.

    ACCOUNT.dkr.ecr[-fips].REGION.SUFFIX, ACCOUNT.dkr-ecr[-fips].REGION.SUFFIX (dual-stack), ECR Public.
    """
    if host in _PUBLIC_HOSTS:
        return EcrRegistry(None, "us-east-1", "aws", dual_stack=host == "ecr-public.aws.com")
    account, _, rest = host.partition(".")
    service, _, rest = rest.partition(".")
    dual_stack = service != "dkr"
    if not dual_stack:
        service, _, rest = rest.partition(".")
        service = "dkr-" + service
    region, _, suffix = rest.partition(".")
    partition = (_DUAL_STACK_SUFFIXES if dual_stack else _IPV4_SUFFIXES).get(suffix)
    if (
        partition is None
        or service not in ("dkr-ecr", "dkr-ecr-fips")
        or len(account) != 12
        or not _DIGITS.issuperset(account)
        or not _is_region(region)
    ):
        return None
    if partition == "aws" and region.startswith("us-gov-"):
        partition = "aws-us-gov"
    return EcrRegistry(account, region, partition, service.endswith("-fips"), dual_stack)


def shown(text: str) -> str:
    """A text that is meant as a host or a URL, as it may be shown: without user information, query and
    fragment, percent-encoded ones among them, and cut where it is long.

    All that stands before the last `@` counts as user information: a password can hold a `/` or a `?`.
    """
    end = max(text.rfind("@") + 1, text.rfind("%40") + 3 if "%40" in text else 0)
    if end:
        scheme = next((each for each in ("https://", "http://") if text[: len(each)].lower() == each), "")
        text = f"{scheme}***@{text[end:]}"
    for mark in ("?", "#", "%3f", "%3F", "%23"):
        before, found, _ = text.partition(mark)
        text = f"{before}{found}***" if found else text
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def shown_words(text: str) -> str:
    """A text in which each word that may hold a credential is as it may be shown. An ARN holds none."""
    words = []
    for word in text.split(" "):
        bare = word.lstrip("'\"`(")
        if "://" in word or (("@" in word or "%40" in word) and not bare.startswith("arn:aws")):
            word = word[: len(word) - len(bare)] + shown(bare)
        words.append(word)
    return " ".join(words)


def is_loopback(host: str) -> bool:
    """Whether a lower-case host can only be this machine."""
    if host in ("localhost", "[::1]"):
        return True
    octets = host.split(".")
    return (
        len(octets) == 4
        and octets[0] == "127"
        and all(_DIGITS.issuperset(octet) and 0 < len(octet) <= 3 and int(octet) < 256 for octet in octets)
    )


def _split_port(text: str, authority: str) -> tuple[str, int | None]:
    host, separator, digits = authority.rpartition(":")
    if not separator or authority.endswith("]"):
        host, digits = authority, ""
    elif not (digits and len(digits) <= 5 and _DIGITS.issuperset(digits) and 0 < int(digits) < 65536):
        raise InvalidRegistry(text, "its port is not a number from 1 to 65535")
    if not _is_host(host):
        raise InvalidRegistry(text, "it is not a host name")
    return host, int(digits) if digits else None


def _is_host(host: str) -> bool:
    # Of IPv6 literals only the loopback one is taken: a registry has a name.
    return host == "[::1]" or (len(host) <= 253 and all(_is_label(label) for label in host.split(".")))


def _is_region(text: str) -> bool:
    """Whether a text has the form of a region's name, such as us-gov-west-1. A label like `s3` would be the
    name of another service, whose hosts belong to its customers."""
    *words, number = text.split("-")
    return (
        len(words) >= 2
        and 0 < len(number) <= 2
        and _DIGITS.issuperset(number)
        and all(1 < len(word) <= 12 and word.isascii() and word.isalpha() for word in words)
    )


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= 63
        and _LABEL_CHARACTERS.issuperset(label)
        and not label.startswith("-")
        and not label.endswith("-")
    )


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
