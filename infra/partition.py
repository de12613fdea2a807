"""The partitions of AWS, by botocore's list: which one a region is in, and how the hosts in it end."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader


def partition_of(region: str) -> str:
    """`aws`, `aws-cn` and the like; `aws` for a region that no partition of the list has."""
    return next((each["id"] for each in _partitions() if re.match(each["regionRegex"], region)), "aws")


def suffix_of(partition: str) -> str:
    """`amazonaws.com` and the like, for a partition of the list."""
    return next(str(each["outputs"]["dnsSuffix"]) for each in _partitions() if each["id"] == partition)


@lru_cache
def _partitions() -> list[dict[str, Any]]:
    # Not by a session: that fails where AWS_PROFILE names none.
    return list(Loader().load_data("partitions")["partitions"])
