"""The redirect service: what Chalice ships to Lambda beside app.py. Standard library only.

http_message, event, settings, registry_host, registries, registry_path, location and decision are functions
from values to values; service joins them. relaying/ is what only mode `relay` needs. Values are named
tuples: dataclasses would take a tenth of a cold start.
"""

#: That of the whole repository, as CHANGELOG.md has it.
VERSION = "0.1.0"
