"""Timings, as ratios of things measured in turn in one run. Never asserted in a test."""
