"""Settings: everything that the environment decides, read in this one place.

A `get` from the cache imports this file. So it uses neither `os` nor dataclasses nor pathlib: each of
them takes as long to import as all that such a `get` does. An empty variable counts as unset, as it
does for the AWS SDKs.
"""

try:
    import posix
except ImportError:  # pragma: no cover (Windows, where `os` has the same names)
    import os as posix  # type: ignore[no-redef]

#: The system's calls. `os` is a few lines of policy around them, and imports the abstract base classes.
calls = posix
#: The exit code of a run that Ctrl-C ended.
INTERRUPTED = 130

CONFIG_FILE = "AWS_ECR_CUSTOM_CONFIG"
DEFAULT_REGISTRY = "AWS_ECR_CUSTOM_DEFAULT"
DISCOVER = "AWS_ECR_CUSTOM_DISCOVER"
TIMEOUT = "AWS_ECR_CUSTOM_TIMEOUT"
CACHE_DIR = "AWS_ECR_CACHE_DIR"
DISABLE_CACHE = "AWS_ECR_DISABLE_CACHE"
KUBELET_ROLE = "AWS_ECR_ROLE_ARN"

#: Only hosts that the user's configuration lists may be asked for their registry or have the default.
LISTED_HOSTS = ""
#: No host may be asked.
NO_HOST = "0"
#: Every host may be asked, or has the default.
EVERY_HOST = "1"

#: Seconds that a whole `get` may take.
DEFAULT_TIMEOUT = 15.0


class HelperSettings:
    """The settings of one run; never changed after it is built."""

    __slots__ = (
        "aws_files",
        "aws_variables",
        "cache_directory",
        "config_path",
        "default_registry",
        "discover_text",
        "environ",
        "home",
        "kubelet_role",
        "timeout_text",
    )

    def __init__(self, environ: "dict[str, str]") -> None:
        #: The environment as it is.
        self.environ = environ
        #: The home directory; None where neither a variable nor the password file has one.
        self.home = environ.get("HOME" if _POSIX else "USERPROFILE") or _home_of_user()
        #: custom.json; None without a home directory.
        self.config_path = self._path(environ.get(CONFIG_FILE) or "~/.ecr/custom.json")
        directory = self._path(environ.get(CACHE_DIR) or "~/.ecr")
        disabled = directory is None or environ.get(DISABLE_CACHE)
        #: The cache's own directory; None where caching is off or has no place.
        self.cache_directory = None if disabled else f"{directory}/custom"
        #: The registry of listed hosts for which custom.json names none: the text as given, or empty.
        self.default_registry = environ.get(DEFAULT_REGISTRY, "")
        #: Which hosts may be asked for their registry: the text as given; see `discover`.
        self.discover_text = environ.get(DISCOVER, "")
        #: The time limit: the text as given; see `timeout`.
        self.timeout_text = environ.get(TIMEOUT, "")
        #: The role of service accounts that have no role annotation, or empty.
        self.kubelet_role = environ.get(KUBELET_ROLE, "")
        #: Every variable that can decide whose AWS credentials botocore uses, as NAME=VALUE.
        self.aws_variables = [
            f"{name}={environ[name]}"
            for name in sorted(environ)
            if name == "BOTO_CONFIG" or (name.startswith("AWS_") and not name.startswith("AWS_ECR_"))
        ]
        boto = [environ["BOTO_CONFIG"]] if "BOTO_CONFIG" in environ else ["/etc/boto.cfg", "~/.boto"]
        #: Every file in which botocore looks for credentials (botocore/credentials.py, BotoProvider, and
        #: botocore/configprovider.py), where it would look for it.
        self.aws_files = [
            self._botocore_path(path)
            for path in (
                environ.get("AWS_CONFIG_FILE") or "~/.aws/config",
                environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
                *boto,
            )
        ]

    @property
    def docker_config_path(self) -> "str | None":
        """Docker's config.json."""
        return self._path((self.environ.get("DOCKER_CONFIG") or "~/.docker") + "/config.json")

    @property
    def containers_auth_path(self) -> "str | None":
        """auth.json of podman, skopeo and buildah: the one that outlives a login session.

        Their default is below XDG_RUNTIME_DIR, which is emptied at logout; they read this one next
        (containers-auth.json(5)).
        """
        directory = self.environ.get("XDG_CONFIG_HOME") or "~/.config"
        return self._path(self.environ.get("REGISTRY_AUTH_FILE") or f"{directory}/containers/auth.json")

    @property
    def discover(self) -> str:
        """LISTED_HOSTS, NO_HOST or EVERY_HOST. Raises InvalidVariable: an unknown value must not mean any."""
        if self.discover_text not in (LISTED_HOSTS, NO_HOST, EVERY_HOST):
            from credhelper.errors import InvalidVariable

            raise InvalidVariable(
                DISCOVER, self.discover_text, "0 (ask no host) or 1 (ask every host), or unset it"
            )
        return self.discover_text

    @property
    def timeout(self) -> float:
        """Seconds. Raises InvalidVariable."""
        if not self.timeout_text:
            return DEFAULT_TIMEOUT
        try:
            seconds = float(self.timeout_text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= 3600:
            from credhelper.errors import InvalidVariable

            raise InvalidVariable(
                TIMEOUT, self.timeout_text, "a number of seconds, more than 0 and at most 3600"
            )
        return seconds

    def _path(self, path: str) -> "str | None":
        if path != "~" and not path.startswith("~/"):
            return path
        return self.home and self.home + path[1:]

    def _botocore_path(self, path: str) -> "str | None":
        # botocore expands variables and every form of `~` (botocore/configloader.py, raw_config_parse).
        if "$" in path:
            import re

            def value(match: "re.Match[str]") -> str:
                return self.environ.get(match[1].strip("{}"), match[0])

            path = re.sub(r"\$(\w+|\{[^}]*\})", value, path, flags=re.ASCII)
        if path.startswith("~") and path[1:2] not in ("", "/"):
            import os.path

            return os.path.expanduser(path)  # noqa: PTH111 (pathlib raises where there is no such user)
        return self._path(path)


_POSIX = hasattr(calls, "geteuid")


def environment() -> "dict[str, str]":
    """The process's environment as text, as `os.environ` has it."""
    return {_text(name): _text(value) for name, value in calls.environ.items()}


def _text(value: "bytes | str") -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _home_of_user() -> "str | None":
    # systemd units, Nomad and the kubelet start programs without HOME.
    try:
        import os
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return None
