"""The program: `get` from the cache where that is possible, everything else through the protocol.

It is entered twice: by the installed script, isolated and without `site`, and by `python -m credhelper`.
"""

import sys
import time

from credhelper.cached_get import cached_credentials
from credhelper.server_url import LONGEST_INPUT, parse_server_url, read_server_url
from credhelper.settings import INTERRUPTED, HelperSettings, calls, environment


def main(packages: "list[str]") -> None:
    """Run with the process's own arguments and streams, and end the process.

    `packages` are the directories to add where `site` has not run; empty where it has.
    """
    started = time.monotonic()
    arguments = sys.argv[1:]
    settings = HelperSettings(environment())
    read, url = read_input, None
    if arguments == ["get"]:
        try:
            data = read_input()
        except KeyboardInterrupt:
            calls._exit(INTERRUPTED)

        def read() -> bytes:
            return data

        try:
            url = parse_server_url(read_server_url(data))
        except ValueError:
            url = None  # the protocol says what is wrong with it
        credentials = cached_credentials(url, settings, time.time()) if url is not None else None
        if credentials is not None and _written(credentials):
            # To tear an interpreter down takes a sixth of the whole run's time.
            calls._exit(0)
    if packages:
        import site

        site.main()
        for directory in packages:
            site.addsitedir(directory)
    from credhelper.protocol import serve

    # By force: a thread that is stuck beyond its bound must not keep the process.
    calls._exit(serve(arguments, settings, read, started, url))


def run() -> None:
    """The console entry point, where `site` has run."""
    main([])


def read_input() -> bytes:
    """Standard input, but no more than one byte over what is allowed."""
    data = b""
    while len(data) <= LONGEST_INPUT:
        try:
            part = calls.read(0, LONGEST_INPUT + 1 - len(data))
        except OSError:  # closed, or a directory
            break
        if not part:
            break
        data += part
    return data


def _written(data: bytes) -> bool:
    """Whether standard output took all of it; where it took nothing, the protocol says why."""
    length = len(data)
    try:
        while data:
            data = data[calls.write(1, data) :]
    except OSError:
        if len(data) < length:
            calls._exit(1)  # what is there must not be followed by more
    return not data


if __name__ == "__main__":
    run()
