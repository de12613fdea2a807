"""What surrounds a deployment: `python -m infra` brings a domain up and down. Never shipped to Lambda.

In dependency order: errors, clock, terminal, own_settings, configuration, configuration_file, source, state,
aws, survey, deployed_record, changes, plan, certificate, zone, outside, checks, answers, chalice_cli, apply,
setup, commands, command_line. plan, checks and answers decide; aws, survey, apply, certificate and zone
ask AWS; chalice_cli runs Chalice; outside is the public DNS and HTTPS.
"""
