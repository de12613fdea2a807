"""The door: builds what a verb needs from the process, runs it, and turns the outcome into an exit code.

Loaded for everything that memory alone could not answer. What only some verbs need (botocore, urllib,
the set-up commands) is imported when they do.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from credhelper.cache import Route, Token
from credhelper.errors import HelperError
from credhelper.helper import CredentialHelper
from credhelper.identity import WebIdentity
from credhelper.protocol import CREDENTIALS_NOT_FOUND, NAME, Exchange
from credhelper.settings import Settings

INTERRUPTED = 130


def serve(arguments: list[str], settings: Settings, read: Callable[[], bytes], started: float) -> int:
    """Run the verb in `arguments` with the process's standard streams; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A server URL may hold any text, the locale perhaps not.
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = _run(arguments, settings, read, started, sys.stdout, sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as end:  # argparse, for a usage error
        return end.code if isinstance(end.code, int) else 1
    except BrokenPipeError:
        return 1
    return code


def _run(
    arguments: list[str],
    settings: Settings,
    read: Callable[[], bytes],
    started: float,
    stdout: TextIO,
    stderr: TextIO,
) -> int:
    if arguments[:1] == ["init"]:
        from credhelper.init import run_init

        return run_init(arguments[1:], settings, sys.stdin, stdout, stderr, discover)
    if arguments[:1] == ["doctor"]:
        from credhelper.doctor import run_doctor

        return run_doctor(arguments[1:], settings, stdout, stderr)

    def warn(line: str) -> None:
        print(f"{NAME}: {line}", file=stderr)

    def is_named(host: str) -> bool:
        from credhelper.client_config import names_helper

        return names_helper((settings.docker_config_path, settings.containers_auth_path), host)

    helper = CredentialHelper(
        settings,
        discover=discover,
        is_named=is_named,
        request_token=request_token,
        warn=warn,
        clock=time.time,
        started=started,
    )
    try:
        if arguments == ["kubelet"]:
            from credhelper.kubelet import answer_kubelet

            print(answer_kubelet(read(), helper), file=stdout)
            return 0
        return Exchange(helper, read, stdout, stderr).run(arguments)
    except HelperError as error:
        warn(str(error))
        return 1
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 (a bug here must not end a `docker pull` that needs no credentials)
        import traceback

        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        # Its text could hold anything, a credential included.
        warn(f"unexpected {type(error).__name__} at {where}; please report it")
        print(CREDENTIALS_NOT_FOUND, file=stdout)
        return 1


def discover(host: str) -> str:
    """Ask `host` for its registry. Raises HostNotServed and DiscoveryFailed."""
    from credhelper.discovery import ask, registry_of

    return registry_of(host, ask(host))


def request_token(route: Route, identity: WebIdentity | None = None) -> Token:
    """Ask AWS for a token. Raises TokenRefused."""
    from credhelper.ecr_token import request_token

    return request_token(route, identity)
