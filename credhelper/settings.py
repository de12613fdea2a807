"""Settings: everything that the environment decides, read in this one place.

A `get` from the cache imports this, hence a plain class (dataclasses and pathlib cost
as much as the whole answer). An empty variable counts as unset, as the AWS SDKs have it.
"""

CONFIG_FILE = "AWS_ECR_CUSTOM_CONFIG"
DEFAULT_REGISTRY = "AWS_ECR_CUSTOM_DEFAULT"
DISCOVER = "AWS_ECR_CUSTOM_DISCOVER"
TIMEOUT = "AWS_ECR_CUSTOM_TIMEOUT"
CACHE_DIR = "AWS_ECR_CACHE_DIR"
DISABLE_CACHE = "AWS_ECR_DISABLE_CACHE"
KUBELET_ROLE = "AWS_ECR_ROLE_ARN"

NAMED, ANY, NONE = "named", "any", "none"

DEFAULT_TIMEOUT = 15.0
"""Seconds that a whole `get` may take."""


class Settings:
    """The settings of one run; never changed after it is built.

    `home` is None where neither HOME nor the password file names one; then so are the paths below it.
    `config_path`: custom.json. `cache_directory`: None where caching is off or has no place.
    `default_registry`: text as given, or empty. `discover`: which unlisted hosts may be asked, NAMED
    (those that a client's configuration names for this helper), ANY or NONE.
    `timeout_text`: as given. `aws`: every AWS_* variable that can decide whose credentials are used.
    `aws_files`: the AWS config and credentials files.
    """

    __slots__ = (
        "aws",
        "aws_files",
        "cache_directory",
        "config_path",
        "default_registry",
        "discover",
        "environ",
        "home",
        "kubelet_role",
        "timeout_text",
    )

    def __init__(self, environ: "dict[str, str]") -> None:
        self.environ = environ
        self.home = environ.get("HOME") or environ.get("USERPROFILE") or _home_of_user()
        self.config_path = self._path(environ.get(CONFIG_FILE) or "~/.ecr/custom.json")
        directory = self._path(environ.get(CACHE_DIR) or "~/.ecr")
        disabled = directory is None or environ.get(DISABLE_CACHE)
        self.cache_directory = None if disabled else f"{directory}/custom"
        self.default_registry = environ.get(DEFAULT_REGISTRY, "")
        discover = environ.get(DISCOVER, "").lower()
        self.discover = NAMED if not discover else NONE if discover in ("0", "false", "no", "off") else ANY
        self.timeout_text = environ.get(TIMEOUT, "")
        self.kubelet_role = environ.get(KUBELET_ROLE, "")
        self.aws = {
            name: value
            for name, value in environ.items()
            if name.startswith("AWS_") and not name.startswith("AWS_ECR_")
        }
        self.aws_files = (
            self._path(environ.get("AWS_CONFIG_FILE") or "~/.aws/config"),
            self._path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"),
        )

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
    def timeout(self) -> float:
        """Seconds. Raises InvalidSetting."""
        if not self.timeout_text:
            return DEFAULT_TIMEOUT
        try:
            seconds = float(self.timeout_text)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds <= 3600:
            from credhelper.errors import InvalidSetting

            raise InvalidSetting(TIMEOUT, self.timeout_text, "a number of seconds, more than 0")
        return seconds

    def _path(self, path: str) -> "str | None":
        if path != "~" and not path.startswith("~/"):
            return path
        return self.home and self.home + path[1:]


def _home_of_user() -> "str | None":
    # systemd units, Nomad and the kubelet start programs without HOME.
    try:
        import os
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        return None
