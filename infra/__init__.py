"""What surrounds a deployment: `ecr-domain` (`python -m infra`) brings a domain up and down with
CloudFormation. Never shipped to Lambda.

settings, stack, progress, rollout and edge_template are pure; aws, certificate, zone, stacks and artefact ask
AWS; service_template runs Chalice; outside is the public DNS and HTTPS.
"""
