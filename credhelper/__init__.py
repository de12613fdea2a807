"""docker-credential-ecr-custom: a Docker credential helper for ECR registries behind custom domains.

Files in dependency order. The first six are all that a `get` from memory imports, so they use
nothing that costs start-up time (no re, json, enum, dataclasses, typing or pathlib):
system, server_url, settings, cache, source, cached_get; then errors, registry_host, json_file, mapping,
deadline, waiting, discovery, identity, ecr_token, routing, helper, kubelet, protocol, client_config, init,
checks, doctor, door.
"""

VERSION = "0.1.0"
