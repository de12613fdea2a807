"""Stand-ins for AWS: what the served and client rings, the demo and the benchmarks run against.

In dependency order: certificates, http_message, http_server; then the registry: registry_store,
faults, distribution, bucket, ecr.
"""
