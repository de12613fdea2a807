"""The relay: the function asks the registry itself, and passes its response on. Imported in mode `relay`, and
in mode `edge` for a `/_registry/` path that reaches the function.

registry_connection is the only one with I/O.
"""
