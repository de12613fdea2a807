"""Stand-ins for AWS: what the served and client rings, the demo and the benchmarks run against.

In dependency order. Everywhere: certificates, http_message, http_server. The registry: registry_store,
faults, distribution, bucket, ecr. Lambda: package, lambda_environment, lambda_function. The REST API:
api_definition, gateway_error, routing, media_type, header_remapping, proxy_event, proxy_result,
token_authorizer, gateway_url, gateway. All of it together: domain. In folders of
their own: cloudfront, and cloudformation, whose deployed_service the others serve.
"""
