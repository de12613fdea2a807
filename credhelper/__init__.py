"""docker-credential-ecr-custom: a Docker credential helper for ECR registries behind custom domains.

Files in dependency order. The first six are all that a `get` from the cache imports, so they use
nothing that costs start-up time (no re, json, enum, dataclasses, typing or pathlib):
errors, server_url, settings, memory, source, cached_get; then registry_host, json_file, mapping,
deadline, discovery, ecr_token, helper, protocol, kubelet, client_config, init, checks, doctor.
"""

VERSION = "0.1.0"
