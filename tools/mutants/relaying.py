"""Mutants of the relay's decision, its credentials and its connection."""

from __future__ import annotations

from tools.mutants.mutant import Mutant

_DECISION = "chalicelib/relaying/relay_decision.py"
_CREDENTIALS = "chalicelib/relaying/credentials.py"
_CONNECTION = "chalicelib/relaying/registry_connection.py"
_UNIT = "tests/unit/service"
_SERVED = "tests/served"

RELAYING = (
    Mutant(
        "nothing is relayed without credentials",
        _CREDENTIALS,
        "    if len(authorization) != 1:\n        return None\n",
        '    if not authorization:\n        return Credentials("", 0)\n',
        f"{_UNIT}/test_relay_properties.py::test_nothing_is_relayed_without_credentials",
    ),
    Mutant(
        "two Authorization headers are none",
        _CREDENTIALS,
        "    if len(authorization) != 1:\n",
        "    if not authorization:\n",
        f"{_UNIT}/test_credentials.py::test_anything_else_counts_as_absent",
    ),
    Mutant(
        "malformed base64 is no credential",
        _CREDENTIALS,
        "    if binascii.b2a_base64(raw, newline=False) != encoded.encode():\n",
        "    if False:\n",
        f"{_UNIT}/test_credentials.py::test_anything_else_counts_as_absent",
    ),
    Mutant(
        "a challenge is not an endless loop",
        _DECISION,
        "        if to_relay.challenged:\n",
        "        if False:\n",
        f"{_UNIT}/test_relay_decision.py::test_each_request_gets_its_decision",
    ),
    Mutant(
        "a domain in front of itself is not asked by itself",
        _DECISION,
        '    if _is_for(to_relay.registry, request.header("host")):\n',
        "    if False:\n",
        f"{_SERVED}/test_relay_service.py::test_a_domain_in_front_of_itself_asks_itself_once",
    ),
    Mutant(
        "a domain in front of itself is known in any letters",
        _DECISION,
        "host.lower().removesuffix",
        "host.removesuffix",
        f"{_UNIT}/test_relay_decision.py::test_a_domain_in_front_of_itself_is_not_asked_by_itself",
    ),
    Mutant(
        "layer bytes that were lost on the way are refused",
        _DECISION,
        "        if request.body_is_lossy:\n",
        "        if False:\n",
        f"{_SERVED}/test_gateway.py::test_layer_bytes_sent_as_text_are_refused_and_not_stored",
    ),
    Mutant(
        "a request shows no credential",
        "chalicelib/http_message.py",
        "@without_repr\nclass Request(",
        "class Request(",
        f"{_UNIT}/test_event.py::test_a_request_shows_nothing_of_itself",
    ),
    Mutant(
        "credentials show nothing of themselves",
        _CREDENTIALS,
        "@without_repr\n",
        "",
        f"{_UNIT}/test_credentials.py::test_credentials_show_nothing_of_themselves",
    ),
    Mutant(
        "a connection belongs to the whole of the credentials, not to their beginning",
        _CREDENTIALS,
        "hash(authorization[0])",
        "hash(authorization[0][:12])",
        f"{_UNIT}/test_credentials.py::test_a_connection_key_is_of_the_whole_header",
    ),
    Mutant(
        "a connection is used for one client's credentials alone",
        _CONNECTION,
        "            connection.key == request.connection_key\n",
        "            True\n",
        f"{_SERVED}/test_registry_connection.py::test_another_clients_connection_is_not_used",
    ),
    Mutant(
        "a connection is not shared between threads",
        _CONNECTION,
        "threading.local()",
        'type("Shared", (), {})()',
        f"{_SERVED}/test_registry_connection.py::test_threads_do_not_share_a_connection",
    ),
    Mutant(
        "what is left of one response is not taken for the next",
        _CONNECTION,
        "            if not left and not select.select([connection.sock], [], [], 0)[0]:\n",
        "            if left >= 0:\n",
        f"{_SERVED}/test_registry_misbehaviour.py::test_what_is_left_of_a_response_is_not_the_next_one",
    ),
    Mutant(
        "an interim response is not taken for the final one",
        _CONNECTION,
        "        if response.status < 200:\n",
        "        if False:\n",
        f"{_SERVED}/test_registry_misbehaviour.py::test_an_interim_response_ends_the_connection",
    ),
    Mutant(
        "no redirect of a registry is followed",
        _CONNECTION,
        "            response, keep = _sent(connection, request, self._host.authority)\n",
        "            response, keep = _sent(connection, request, self._host.authority)\n"
        "            if response.status == 307:\n"
        '                request = request._replace(target=dict(response.headers)["Location"])\n'
        "                response, keep = _sent(connection, request, self._host.authority)\n",
        f"{_SERVED}/test_registry_connection.py::test_redirects_are_returned_and_not_followed",
    ),
    Mutant(
        "a POST is not sent twice",
        _CONNECTION,
        "                if request.method not in _IDEMPOTENT:\n",
        "                if False:\n",
        f"{_SERVED}/test_registry_connection.py::test_a_connection_that_dies_under_any_other_request_is_not_retried",
    ),
    Mutant(
        "the deployed service checks the registry's certificate",
        "app.py",
        "RelayService(ssl.create_default_context())",
        "RelayService(ssl._create_unverified_context())",
        f"{_SERVED}/test_several_registries.py::test_the_packaged_service_checks_every_registrys_certificate",
    ),
    Mutant(
        "the certificate is for the name in the settings",
        _CONNECTION,
        "        self._tls = tls if host.scheme",
        "        tls.check_hostname = False\n        self._tls = tls if host.scheme",
        f"{_SERVED}/test_registry_connection.py::test_any_other_certificate_is_refused",
    ),
    Mutant(
        "no more of a response is read than can be passed on",
        _CONNECTION,
        "response.read(request.body_limit + 1)",
        "response.read()",
        f"{_SERVED}/test_registry_connection.py::test_no_more_is_read_than_was_asked_for",
    ),
    Mutant(
        "a response is late as a whole, however its bytes trickle",
        _CONNECTION,
        "        self._sock.settimeout(_left(self._deadline))\n        return",
        "        self._sock.settimeout(0.4)\n        return",
        f"{_SERVED}/test_registry_misbehaviour.py::test_a_late_response_is_given_up_as_a_whole",
    ),
    Mutant(
        "a length that is not made of ASCII digits is refused",
        _CONNECTION,
        " or not all(map(is_length, lengths)):",
        ":",
        f"{_SERVED}/test_registry_misbehaviour.py::test_what_is_no_http_response_is_said_so",
    ),
    Mutant(
        "two different lengths are refused",
        _CONNECTION,
        "        if len(lengths) > 1 or ",
        "        if ",
        f"{_SERVED}/test_registry_misbehaviour.py::test_what_is_no_http_response_is_said_so",
    ),
    Mutant(
        "an error of a registry's does not quote the request",
        _CONNECTION,
        'f"{what} ({type(error).__name__})"',
        'f"{what} ({error!r} {error.__context__!r})"',
        f"{_SERVED}/test_registry_misbehaviour.py::test_what_is_no_http_response_is_said_so",
    ),
)
