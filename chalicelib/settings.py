"""The settings: two environment variables, read once at start.

ECR_REGISTRY   the registry; unset or empty: that of the function's own account and region
REDIRECT_MODE  `auto` (each client gets the answer it can use) or `plain` (a plain 307 for everyone)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from chalicelib.errors import InvalidSetting
from chalicelib.registry_host import ACCEPTED_FORM, InvalidRegistry, RegistryHost

ECR_REGISTRY = "ECR_REGISTRY"
REDIRECT_MODE = "REDIRECT_MODE"


class RedirectMode(Enum):
    AUTO = "auto"
    PLAIN = "plain"


class Settings(NamedTuple):
    """`registry` is None where it is to be derived from the function's ARN at the first request."""

    registry: RegistryHost | None = None
    mode: RedirectMode = RedirectMode.AUTO

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises InvalidSetting."""
        registry = environment.get(ECR_REGISTRY, "")
        mode = environment.get(REDIRECT_MODE, "") or RedirectMode.AUTO.value
        try:
            return cls(RegistryHost.parse(registry) if registry else None, RedirectMode(mode))
        except InvalidRegistry as error:
            raise InvalidSetting(ECR_REGISTRY, error.value, f"{ACCEPTED_FORM} ({error.reason})") from error
        except ValueError as error:
            raise InvalidSetting(REDIRECT_MODE, mode, "auto or plain") from error
