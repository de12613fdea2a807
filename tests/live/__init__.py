"""The live ring: a real domain is asked, if it is named. See docs/live.md.

`make live DOMAIN=ecr.example.com [REPOSITORY=team/live]`. Without DOMAIN every test is skipped.
"""
