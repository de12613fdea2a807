"""The operating system's calls, without `os`.

`os` is four lines of policy around these and imports the abstract base classes of collections: a
sixth of Python's bare start-up time, for a `get` from memory that needs six calls. Where there is no
`posix` (Windows), `os` has the same names.
"""

try:
    import posix as calls
except ImportError:
    import os as calls  # type: ignore[no-redef]

__all__ = ["calls", "environment"]


def environment() -> "dict[str, str]":
    """The process's environment as text, as `os.environ` has it."""
    return {_text(name): _text(value) for name, value in calls.environ.items()}


def _text(value: "bytes | str") -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
