"""docker-credential-ecr-custom: a Docker credential helper for ECR registries behind custom domains.

Files in dependency order. The first three are all that a `get` from the cache imports: settings,
server_url, cached_get; then errors, cache, waiting, registry_host, json_file, mapping, client_config,
routing, ecr_token, helper, kubelet, protocol, init, removal, registry_checks, domain_checks,
doctor.
"""

VERSION = "0.1.0"
