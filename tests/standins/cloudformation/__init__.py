"""CloudFormation: change sets, their execution, rollback and deletion.

In dependency order: errors, resource_schema (AWS' own, from cfn-lint), intrinsics, template, parameters;
resource_kind and, for each service, functions_and_logs, certificate, rest_api, content_delivery, monitoring,
all of them in kinds; stack, operation (one resource), execution (a whole stack), change_set, drift,
submission, service, queries, endpoint.

What is not imitated ends in an error that says so. What AWS does not document is marked where it stands.
"""
