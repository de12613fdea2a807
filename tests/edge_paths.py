"""The paths below /_registry/ of which nobody may be asked: one table for the service, for both of its
fronts, for the functions at the edge and for CloudFront with all of them."""

from __future__ import annotations


def bad_edge_paths(authority: str) -> list[str]:
    """Each in characters that a request line can hold; `authority` is a configured registry's."""
    ours = f"/_registry/{authority}"
    host, _, _ = authority.partition(":")
    return [
        "/_registry",
        "/_registry/",
        "/_registry//v2/",
        ours,
        f"{ours}/",
        # Another host, an address, a port that it does not have, user info, other letters, a scheme.
        "/_registry/evil.example.com/v2/",
        "/_registry/333333333333.dkr.ecr.us-west-2.amazonaws.com/v2/",
        "/_registry/10.0.0.1/v2/",
        "/_registry/169.254.169.254/v2/",
        "/_registry/[::1]/v2/",
        f"/_registry/{host}:65535/v2/",
        f"/_registry/{host}:/v2/",
        f"{ours}0/v2/",
        f"/_registry/AWS:token@{authority}/v2/",
        f"{ours}@evil.example.com/v2/",
        f"/_registry/{host}./v2/",
        f"/_registry/https://{authority}/v2/",
        f"/_registry/{authority.replace('.', '%2e')}/v2/",
        f"/_registry/%20{authority}/v2/",
        f"{ours}\\v2/",
        f"{ours}\\..\\v2/",
        # A path that is not under the registry's /v2/.
        f"{ours}/v1/",
        f"{ours}/V2/",
        f"{ours}//v2/",
        f"{ours}/v2nope",
        f"{ours}/token",
        f"{ours}/x/v2/",
        f"{ours}{ours}/v2/",
        f"{ours}/_challenge/v2/",
        # Dot segments, and encoded slashes and dots, which some read as plain ones.
        f"/_registry/x/../{authority}/v2/",
        f"{ours}/v2/../x",
        f"{ours}/v2/..",
        f"{ours}/v2/./a",
        f"{ours}/v2/%2E%2E/x",
        f"{ours}/v2/.%2e/x",
        f"{ours}/v2/..%2f..%2ftoken",
        f"{ours}%2Fv2/",
        f"{ours}/%2fv2/",
        f"{ours}/v2%2F",
        f"{ours}/v2/a%2Fb/manifests/x",
        f"{ours}/v2/a%2eb/manifests/x",
        # What is refused in any path.
        f"{ours}/v2/a\\b",
        f"{ours}/v2/a%5Cb",
        f"{ours}/v2/%0d%0aX:y",
        f"{ours}/v2/%00",
        f"{ours}/v2/%7f",
        f"{ours}/v2/%zz",
    ]
