"""The ring of real clients: they do their work at the custom domain, against a real registry.

    tests/clients/install                    once, as root on Debian 12: the registry and the clients
    REQUIRE_CLIENTS=1 pytest tests/clients   as root
    make matrix                              the same, and more: writes what came of it under docs/

The service is what `chalice deploy` put into an account on this machine (deployment), the credentials are
what the helper gets from an ECR API (credential_helper). Without REQUIRE_CLIENTS a client that is not
installed is skipped. In dependency order: image, sandbox; layer_bucket, registry, daemon; operation, client,
expectation, row, table (what is expected), deployment, credential_helper, bench, matrix; trace
and cost; secret and credential_watch, which looks at all that passes in any test; and refusing_registry,
refusal_plan and refused_client for the leak test, of which `make leaks` runs every case.
"""
