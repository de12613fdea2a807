"""What Chalice ships to Lambda: standard library only, and pure but for registry_connection. Values are
named tuples: dataclasses would take a tenth of a cold start."""
