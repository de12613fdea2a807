"""The command lines of `init` and `doctor`: what is wrong with one is said without a credential in it."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from credhelper.registry_host import shown, shown_words


class CommandParser(argparse.ArgumentParser):
    """Exits with 2 and one line, after the usage, on a malformed command line."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 (as argparse has it)
        options, rest = self.parse_known_args(args, namespace)
        if rest:
            self.error(f"unrecognized arguments: {' '.join(map(shown, rest))}")
        return options

    def error(self, message: str) -> NoReturn:
        super().error(shown_words(message))
