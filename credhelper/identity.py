"""Whom to be for AWS, where it is not whom the environment says."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class WebIdentity:
    """A service account's token and the role that it stands for: how the kubelet speaks for a pod."""

    role_arn: str
    token: str = field(repr=False)
