"""The DNS of a process that a test starts: Python loads this before all else where PYTHONPATH leads here.

Names of this machine are left alone; the test resolves every other one, at TEST_RESOLVER: HOST PORT or 404.
"""

from __future__ import annotations

import os
import socket
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

_real_lookup, _real_connect = socket.getaddrinfo, socket.create_connection
_LOCAL = ("127.0.0.1", "127.0.0.2", "localhost")


def _address(name: str) -> tuple[str, int]:
    try:
        with urlopen(f"{os.environ['TEST_RESOLVER']}/{name}") as response:  # noqa: S310 - plain HTTP, loopback
            host, port = response.read().decode().split()
    except HTTPError as error:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from error
    return host, int(port)


def _lookup(host: Any, port: Any, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - as socket has it
    if host in _LOCAL or host is None:
        return _real_lookup(host, port, *rest, **more)
    return _real_lookup(*_address(host), *rest, **more)


def _connect(address: tuple[str, int], *rest: Any, **more: Any) -> socket.socket:  # noqa: ANN401
    return _real_connect(address if address[0] in _LOCAL else _address(address[0]), *rest, **more)


socket.getaddrinfo, socket.create_connection = _lookup, _connect  # type: ignore[assignment]
