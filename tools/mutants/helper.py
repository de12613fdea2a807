"""Mutants of the credential helper: who gets a token, what is kept, what is said."""

from __future__ import annotations

from tools.mutants.mutant import Mutant

_ROUTING = "credhelper/routing.py"
_CACHED_GET = "credhelper/cached_get.py"
_TESTS = "tests/helper"

HELPER = (
    Mutant(
        "a host that nobody named is neither asked nor given a token",
        _ROUTING,
        "    if may_ask != EVERY_HOST and not is_listed():\n",
        "    if False:\n",
        f"{_TESTS}/test_discovery.py::test_a_host_that_nobody_named_is_neither_asked_nor_given_a_token",
    ),
    Mutant(
        "a redirect that leads outside of ECR is not believed",
        _ROUTING,
        "    if ecr_registry(name.lower()) is None:\n",
        "    if not name:\n",
        f"{_TESTS}/test_discovery.py::test_a_redirect_that_leads_elsewhere_is_not_believed",
    ),
    Mutant(
        "a redirect with user info is not believed",
        _ROUTING,
        " or has_user or port not in",
        " or port not in",
        f"{_TESTS}/test_discovery.py::test_a_redirect_that_leads_elsewhere_is_not_believed",
    ),
    Mutant(
        "a domain whose certificate is for another name is not believed",
        _ROUTING,
        "    context = ssl.create_default_context()\n",
        "    context = ssl._create_unverified_context()\n",
        f"{_TESTS}/test_discovery.py::test_a_certificate_for_another_name_ends_discovery",
    ),
    Mutant(
        "no token travels in the clear",
        _ROUTING,
        "    if url.plain_http and not is_loopback(host.host):\n",
        "    if False:\n",
        f"{_TESTS}/test_recipients.py::test_no_token_travels_in_the_clear_or_to_a_port_that_is_not_ecrs",
    ),
    Mutant(
        "no token goes to a port that is not ECR's",
        _ROUTING,
        "    if host.ecr is not None and host.port is not None:\n",
        "    if False:\n",
        f"{_TESTS}/test_recipients.py::test_no_token_travels_in_the_clear_or_to_a_port_that_is_not_ecrs",
    ),
    Mutant(
        "a cache directory that others can reach is not used",
        _CACHED_GET,
        "    if status.st_uid == calls.geteuid() and not status.st_mode & 0o077:\n",
        "    if True:\n",
        f"{_TESTS}/test_ownership.py::test_a_directory_that_others_can_reach_is_no_cache",
    ),
    Mutant(
        "a token from a file that others can write is not used",
        _CACHED_GET,
        "            if _POSIX and (status.st_uid != calls.geteuid() or status.st_mode & 0o077):\n",
        "            if False:\n",
        f"{_TESTS}/test_ownership.py::test_a_file_that_is_not_a_private_one_is_replaced",
    ),
    Mutant(
        "the cache is closed to others",
        "credhelper/cache.py",
        "each.mkdir(0o700)",
        "each.mkdir()",
        f"{_TESTS}/test_cache.py::test_the_files_are_private_and_hold_no_key",
    ),
    Mutant(
        "another source of AWS credentials never gets the token",
        _CACHED_GET,
        "        *settings.aws_variables,\n",
        "",
        f"{_TESTS}/test_cache.py::test_another_source_never_gets_the_token",
    ),
    Mutant(
        "an expired token is never served",
        _CACHED_GET,
        "<= now < self.expires_at",
        "<= now",
        f"{_TESTS}/test_faults.py::test_an_expired_token_is_never_served",
    ),
    Mutant(
        "neither variables nor the working directory inject code",
        "credhelper/docker-credential-ecr-custom",
        'exec "$python" -I -S ',
        'exec "$python" -S ',
        f"{_TESTS}/test_installed.py::test_neither_variables_nor_the_working_directory_inject_code",
    ),
    Mutant(
        "what AWS says about a signature, which holds the token, is not repeated",
        "credhelper/ecr_token.py",
        'f"AWS refused the signature ({code})"',
        'f"AWS refused the signature ({error})"',
        f"{_TESTS}/test_secrets.py::test_no_secret_is_told_nor_in_the_process_list",
    ),
    Mutant(
        "a secret in a server URL is not repeated",
        "credhelper/registry_host.py",
        '        text = f"{scheme}***@{text[end:]}"\n',
        "        pass\n",
        f"{_TESTS}/test_secrets.py::test_a_secret_in_a_server_url_is_cut",
    ),
    Mutant(
        "a credential on the command line of init is not repeated",
        "credhelper/command_parser.py",
        "super().error(shown_words(message))",
        "super().error(message)",
        f"{_TESTS}/test_init_refusals.py::test_a_credential_on_a_command_line_is_not_repeated",
    ),
    Mutant(
        "a credential in custom.json is not repeated",
        "credhelper/mapping.py",
        "has a member {shown(name)!r}",
        "has a member {name!r}",
        f"{_TESTS}/test_init_refusals.py::test_a_credential_in_the_mapping_is_not_repeated",
    ),
    Mutant(
        "a credential in a client's file is not repeated",
        "credhelper/client_config.py",
        'f"{shown(host)} no longer uses',
        'f"{host} no longer uses',
        f"{_TESTS}/test_init_refusals.py::test_a_credential_in_a_clients_file_is_not_repeated",
    ),
    Mutant(
        "a secret in a path is not repeated",
        "credhelper/errors.py",
        'return shown(path) if ":/" in path or ":" in path.rpartition("@")[0] else path',
        "return path",
        f"{_TESTS}/test_secrets.py::test_a_secret_in_a_path_is_cut",
    ),
    Mutant(
        "user information with a slash is not taken for a host and a path",
        "credhelper/server_url.py",
        '    if at and ("/" not in before or',
        '    if at and ("/" not in before) and (',
        "tests/unit/credhelper/test_server_url.py::test_user_information_is_not_taken_for_a_host_and_a_path",
    ),
    Mutant(
        "nothing is removed where a link leads into another user's directory",
        "credhelper/client_config.py",
        "Path(os.path.realpath(self.path.parent)) / self.path.name",
        "self.path",
        f"{_TESTS}/test_ownership.py"
        "::test_nothing_is_removed_where_a_link_leads_into_another_users_directory",
    ),
)
