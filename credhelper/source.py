"""Credential sources: the key under which a token is remembered, computed without botocore.

The key says whose credentials would be asked for, not which they are at the moment: the profile, all
AWS_* variables, the identity of the AWS configuration files, the role, and the registry. So a role or
an SSO session keeps hitting its entry while its short-lived keys change underneath, and another
source never does. What is secret goes into the digest alone.

A digest shows nothing of an access key id: it is SHA-256 over many inputs at once, and a session's
secrets are among them.
"""

import sys

from credhelper.cache import Route
from credhelper.settings import Settings
from credhelper.system import calls

# hashlib loads OpenSSL, which takes longer than everything else here. The modules that it wraps are
# CPython's own affair and may move or be left out of a build.
try:
    if sys.version_info >= (3, 12):
        from _sha2 import sha256  # type: ignore[import-not-found]
    else:
        from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    from hashlib import sha256


def route_key(settings: Settings, host: str, plain_http: bool, named: bool = False) -> str:
    """The key of what is known about `host`, under this configuration; `named` as in CredentialHelper."""
    return _digest(
        "route",
        host,
        f"{plain_http} {named} {settings.discover}",
        file_identity(settings.config_path),
        file_identity(settings.docker_config_path),
        file_identity(settings.containers_auth_path),
        settings.default_registry,
    )


def token_key(settings: Settings, route: Route) -> str:
    """The key of the token that `route` leads to, as asked for with this environment's credentials."""
    return _digest(
        "token",
        route.registry,
        route.profile,
        route.role_arn,
        route.region,
        *(file_identity(path) for path in settings.aws_files),
        *(f"{name}={value}" for name, value in sorted(settings.aws.items())),
    )


def file_identity(path: "str | None") -> str:
    """What changes whenever the file at `path` is replaced or edited; its content is not read."""
    if path is None:
        return ""
    try:
        status = calls.stat(path)
    except (OSError, ValueError):
        return f"{path}\n-"
    return f"{path}\n{status.st_mtime_ns} {status.st_size} {status.st_ino}"


def _digest(*parts: str) -> str:
    # Neither variables nor paths can hold a NUL, so the parts cannot run into each other.
    text = "\0".join(parts)
    return str(sha256(text.encode("utf-8", "surrogateescape")).hexdigest())
