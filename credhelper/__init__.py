"""docker-credential-ecr-custom: a Docker credential helper for ECR registries behind custom domains.

A `get` from the cache imports settings, server_url and cached_get alone. docs/architecture.md has all files,
each below those that it imports.
"""

VERSION = "0.1.0"
