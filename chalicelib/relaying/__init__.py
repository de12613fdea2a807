"""The relay: the function asks the registry itself, and passes its response on. Imported in mode `relay`, and
in mode `edge` for a `/_registry/` path that reaches the function.

In dependency order: credentials, client_families, relay_decision, relay (what of a request reaches the
registry, and what of its response the client), registry_connection (the only one with I/O), relay_service.
"""
