"""The ring of real clients: they do their work at the custom domain, against a real registry.

    tests/clients/install                    once, as root on Debian 12: the registry and the clients
    REQUIRE_CLIENTS=1 pytest tests/clients   as root; about five minutes

Without REQUIRE_CLIENTS a client that is not installed is skipped. CLIENTS_MATRIX=FILE writes the matrix,
which is printed at the end in any case, as JSON. In dependency order: image, sandbox; layer_bucket,
registry, daemon; operation, client, table (what is expected), bench, matrix; refusing_registry and secret
for the leak test.
"""
