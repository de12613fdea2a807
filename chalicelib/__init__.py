"""What Chalice ships to Lambda: standard library only, and pure but for registry_connection."""
