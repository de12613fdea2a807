"""The program: `get` from memory where that is possible, everything else through the protocol.

It is entered twice: by the installed script, isolated and without `site`, and by `python -m credhelper`.
"""

import sys
import time

from credhelper.cached_get import answer_from_memory
from credhelper.server_url import LONGEST_INPUT
from credhelper.settings import Settings
from credhelper.system import calls, environment


def main(packages: "list[str]") -> None:
    """Run with the process's own arguments and streams, and end the process.

    `packages` are the directories to add where `site` has not run; empty where it has.
    """
    started = time.monotonic()
    arguments = sys.argv[1:]
    settings = Settings(environment())
    data = b""
    if arguments == ["get"]:
        data = read_input()
        answer = answer_from_memory(data, settings, time.time())
        if answer is not None:
            _write_output(answer)
            # Tearing an interpreter down takes a sixth of the whole answer's time.
            calls._exit(0)
    if packages:
        import site

        site.main()
        for directory in packages:
            site.addsitedir(directory)
    from credhelper.door import serve

    # By force: a thread that is stuck beyond its bound must not keep the process.
    calls._exit(serve(arguments, settings, (lambda: data) if data else read_input, started))


def run() -> None:
    """The console entry point, where `site` has run."""
    main([])


def read_input() -> bytes:
    """Standard input, but no more than one byte over what is allowed."""
    data = b""
    while len(data) <= LONGEST_INPUT:
        part = calls.read(0, LONGEST_INPUT + 1 - len(data))
        if not part:
            break
        data += part
    return data


def _write_output(data: bytes) -> None:
    while data:
        data = data[calls.write(1, data) :]


if __name__ == "__main__":
    run()
