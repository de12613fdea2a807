"""The settings of the service: three environment variables, read once at start.

ECR_REGISTRY    the registry; unset or empty: that of the function's own account and region
ECR_REGISTRIES  a JSON object of repository prefixes and their registries; unset or empty: none
REDIRECT_MODE   `edge`, `relay` (the default) or `plain`
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from chalicelib.errors import InvalidSetting
from chalicelib.registries import Registries, RegistryPrefix, is_prefix, region_fault
from chalicelib.registry_host import ACCEPTED_FORM, InvalidRegistry, RegistryHost

ECR_REGISTRY = "ECR_REGISTRY"
ECR_REGISTRIES = "ECR_REGISTRIES"
REDIRECT_MODE = "REDIRECT_MODE"
PREFIXES_FORM = (
    'a JSON object such as {"payments/": "123456789012.dkr.ecr.us-west-2.amazonaws.com"}, '
    "each prefix once and with its slash, all registries in one region"
)


class RedirectMode(Enum):
    """How the service answers what is under /v2/."""

    #: A redirect to a path on our own name, which CloudFront carries to the registry.
    EDGE = "edge"
    #: A challenge without credentials; with them the registry's response, which the function asks for.
    RELAY = "relay"
    #: A redirect to the registry's own host.
    PLAIN = "plain"


class Settings(NamedTuple):
    """The settings as they were read."""

    #: None where it is the registry of the function's own account and region.
    registry: RegistryHost | None = None
    #: The longest prefix first.
    prefixes: tuple[RegistryPrefix, ...] = ()
    mode: RedirectMode = RedirectMode.RELAY

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises InvalidSetting."""
        text = environment.get(ECR_REGISTRY, "")
        settings = cls(
            _registry(ECR_REGISTRY, text, ACCEPTED_FORM) if text else None,
            _prefixes(environment.get(ECR_REGISTRIES, "")),
            _mode(environment.get(REDIRECT_MODE, "")),
        )
        settings._in_one_region(settings.registry)
        if "AWS_LAMBDA_FUNCTION_NAME" in environment:
            settings._in_the_functions_region(environment.get("AWS_REGION", ""))
        return settings

    def registries(self, function_arn: str) -> Registries:
        """All registries, the default being that of the function where none is set. Raises InvalidSetting
        or InvalidRegistry."""
        default = self.registry or RegistryHost.of_function(function_arn)
        self._in_one_region(default)
        return Registries(default, self.prefixes)

    def _in_one_region(self, default: RegistryHost | None) -> None:
        registries = tuple(prefix.registry for prefix in self.prefixes)
        if default is not None:
            registries = (default, *registries)
        fault = region_fault(registries) if registries else None
        if fault is not None:
            value = ", ".join(each.authority for each in registries)
            raise InvalidSetting(ECR_REGISTRIES, value, f"registries of one region: {fault}")

    def _in_the_functions_region(self, region: str) -> None:
        """Where the default is the function's own registry, its account is known at the first request only;
        its region is known at start."""
        for prefix in self.prefixes if self.registry is None else ():
            if prefix.registry.ecr is None or prefix.registry.ecr.region != region:
                authority = prefix.registry.authority
                raise InvalidSetting(
                    ECR_REGISTRIES, authority, f"registries of the function's region {region}"
                )


def _registry(variable: str, text: str, form: str) -> RegistryHost:
    try:
        return RegistryHost.parse(text)
    except InvalidRegistry as error:
        raise InvalidSetting(variable, error.value, f"{form} ({error.reason})") from error


def _mode(text: str) -> RedirectMode:
    if text == "auto":
        raise InvalidSetting(REDIRECT_MODE, text, "relay, which is what auto is called now, edge or plain")
    try:
        return RedirectMode(text) if text else RedirectMode.RELAY
    except ValueError:
        # The error of an enum quotes the value.
        raise InvalidSetting(REDIRECT_MODE, text, "edge, relay or plain") from None


def _prefixes(text: str) -> tuple[RegistryPrefix, ...]:
    if not text:
        return ()
    try:
        # Pairs instead of a dict, which would keep the last of a repeated prefix without a word.
        pairs = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError) as error:
        # What JSON escapes may hide an `@`.
        value = "…" if "\\" in text else text
        raise InvalidSetting(ECR_REGISTRIES, value, f"{PREFIXES_FORM} (it is not JSON)") from error
    if not isinstance(pairs, tuple):
        raise InvalidSetting(ECR_REGISTRIES, text, f"{PREFIXES_FORM} (it is not an object)")
    found: dict[str, RegistryPrefix] = {}
    for prefix, registry in pairs:
        if not is_prefix(prefix):
            raise InvalidSetting(ECR_REGISTRIES, prefix, f"{PREFIXES_FORM} (this is not a prefix)")
        if prefix in found:
            raise InvalidSetting(ECR_REGISTRIES, prefix, f"{PREFIXES_FORM} (this prefix is there twice)")
        if not isinstance(registry, str) or not registry:
            raise InvalidSetting(ECR_REGISTRIES, prefix, f"{PREFIXES_FORM} (this prefix has no registry)")
        found[prefix] = RegistryPrefix(prefix, _registry(ECR_REGISTRIES, registry, PREFIXES_FORM))
    return tuple(sorted(found.values(), key=lambda each: (-len(each.prefix), each.prefix)))
