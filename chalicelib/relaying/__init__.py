"""Mode `relay` alone: the function asks the registry itself, and passes its response on.

In dependency order: credentials, client_families, relay_decision, relay (what of a request reaches the
registry, and what of its response the client), registry_connection (the one that talks), relay_service.
"""
