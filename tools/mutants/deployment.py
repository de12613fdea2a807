"""Mutants of what is deployed: rights, the API's settings, what API Gateway answers by itself."""

from __future__ import annotations

from tools.mutants.mutant import Mutant

_PACKAGING = "chalice_patches/packaging.py"
_RESPONSES = "chalice_patches/gateway_responses.py"

DEPLOYMENT = (
    Mutant(
        "the functions may write their own logs and nothing else",
        ".chalice/policy.json",
        '/aws/lambda/custom-ecr-domain-{stage}",',
        '/aws/lambda/custom-ecr-domain-*",',
        "tests/unit/service/test_chalice_configuration.py::test_the_functions_may_write_their_own_logs_and_nothing_else",
    ),
    Mutant(
        "the rights are those of the stage that is deployed",
        _PACKAGING,
        '.replace("{stage}", config.chalice_stage)',
        "",
        "tests/served/test_packages.py::test_both_functions_run_on_arm_with_rights_to_their_logs_alone",
    ),
    Mutant(
        "each function of the stack may write its own logs and nothing else",
        "infra/templates/service.json",
        '"Resource": {"Fn::GetAtt": ["ChallengeLogs", "Arn"]}',
        '"Resource": {"Fn::GetAtt": ["APIHandlerLogs", "Arn"]}',
        "tests/served/test_templates.py::test_a_function_may_write_its_own_log_group_and_nothing_else",
    ),
    Mutant(
        "the access log holds no query",
        "infra/service_template.py",
        '"httpMethod", "path", "protocol")',
        '"httpMethod", "path", "requestOverride.querystring")',
        "tests/unit/infra/test_settings.py::test_the_access_log_holds_neither_query_nor_header",
    ),
    Mutant(
        "the access log repeats no header in the words of an error",
        "infra/service_template.py",
        '"errorType": "$context.error.responseType"',
        '"errorMessage": "$context.error.message"',
        "tests/unit/infra/test_settings.py::test_the_access_log_holds_neither_query_nor_header",
    ),
    Mutant(
        "the domain speaks TLS 1.2 at least",
        "infra/templates/service.json",
        '"SecurityPolicy": "TLS_1_2"',
        '"SecurityPolicy": "TLS_1_0"',
        "tests/served/test_templates.py::test_the_domain_speaks_tls_1_2_at_least",
    ),
    Mutant(
        "a password in a value that ecr-domain was given is not repeated",
        "infra/command_line.py",
        "[shown_words(line) for line in str(error).splitlines()]",
        "str(error).splitlines()",
        "tests/deploy/test_command.py::test_an_endpoints_query_is_not_repeated",
    ),
    Mutant(
        "a password among the flags of ecr-domain is not repeated",
        "infra/command_line.py",
        "' '.join(map(shown, rest))",
        "' '.join(rest)",
        "tests/deploy/test_command.py::test_a_password_in_a_value_is_not_repeated",
    ),
    Mutant(
        "chalice local checks a registry's certificate",
        "chalice_patches/local_server.py",
        "ssl.create_default_context()",
        "ssl._create_unverified_context()",
        "tests/served/test_local_edge.py"
        "::test_the_registrys_certificate_is_checked_before_it_gets_a_credential",
    ),
    Mutant(
        "the doctor of a deployment checks a name's certificate",
        "infra/outside.py",
        "ssl.create_default_context()",
        "ssl._create_unverified_context()",
        "tests/deploy/test_outside.py::test_a_certificate_that_does_not_hold_is_named",
    ),
    Mutant(
        "the doctor of a deployment checks that a certificate is the name's",
        "infra/outside.py",
        "tls = self.tls or ssl.create_default_context()\n",
        "tls = self.tls or ssl.create_default_context()\n            tls.check_hostname = False\n",
        "tests/deploy/test_outside.py::test_a_certificate_of_another_name_is_named",
    ),
    Mutant(
        "the default endpoint of the API is closed",
        _PACKAGING,
        'endpoint["disableExecuteApiEndpoint"] = True',
        'endpoint["disableExecuteApiEndpoint"] = False',
        "tests/served/test_gateway.py::test_the_default_endpoint_is_closed",
    ),
    Mutant(
        "a domain is not deployed in front of itself, in any letters",
        _PACKAGING,
        "registry.host == domain.lower()",
        "registry.host == domain",
        "tests/unit/chalice_patches/test_chalice_gaps.py::test_a_domain_is_not_deployed_in_front_of_itself",
    ),
    Mutant(
        "API Gateway's own refusals quote nothing of the request",
        _RESPONSES,
        '    "DEFAULT_4XX": _in_words("UNSUPPORTED", "API Gateway does not take this request"),\n',
        "",
        "tests/served/test_gateway.py::test_what_the_gateway_refuses_itself_is_in_our_words",
    ),
    Mutant(
        "whether a credential is good is for the registry to say",
        "app.py",
        'AuthResponse(routes=["*"]',
        "AuthResponse(routes=[]",
        "tests/unit/service/test_app.py::test_the_authorizer_lets_every_authorization_pass",
    ),
)
