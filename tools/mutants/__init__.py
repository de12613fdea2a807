"""Each claim of docs/threat-model.md, broken on purpose: the test that holds it must fail.

all_mutants joins the lists; trial tries one; __main__ tries all. tests/unit/test_mutants.py
holds that each mutant still applies.
"""
