"""What surrounds a deployment: `ecr-domain` (`python -m infra`) brings a domain up and down with
CloudFormation. Never shipped to Lambda.

In dependency order: errors, clock, terminal, settings, config_file, stack, aws, certificate, zone, progress,
stacks, artefact, service_template, edge_template, rollout, outside, public_name, site, checks, commands/,
command_line. settings, stack, progress, rollout and edge_template are pure; aws, certificate, zone, stacks
and artefact ask AWS; service_template runs Chalice; outside is the public DNS and HTTPS.
"""
