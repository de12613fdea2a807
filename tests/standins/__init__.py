"""Stand-ins for AWS: what the served and client rings, the demo and the benchmarks run against."""
