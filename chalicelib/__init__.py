"""The redirect service: what Chalice ships to Lambda next to app.py. Standard library only.

In dependency order: errors, registry_host, settings, message, event, credentials, registry_path,
clients, location, decision, handed_on, registry_connection, request_log, service. Everything up to
handed_on is pure; registry_connection alone talks to a registry.
"""
