"""`get` from memory alone: the path that nearly every `docker pull` takes, in about a millisecond.

It knows no JSON, no AWS and no network. Whatever it cannot answer, the helper answers.
"""

from credhelper.cache import Cache, Token, plain
from credhelper.server_url import ServerURL, parse_server_url, read_server_url
from credhelper.settings import Settings
from credhelper.source import route_key, token_key


def answer_from_memory(data: bytes, settings: Settings, now: float) -> "bytes | None":
    """The answer to a `get` of `data`, or None where memory holds no fresh one."""
    if settings.cache_directory is None or data.startswith(b"{"):
        return None
    try:
        url = parse_server_url(read_server_url(data))
    except ValueError:
        return None
    if not plain(url.asked):
        return None
    memory = Cache(settings.cache_directory)
    route = memory.route(route_key(settings, url.host, url.plain_http), now)
    if route is None or not route.registry:
        return None
    token = memory.token(token_key(settings, route))
    return answer(url, token) if token is not None and token.fresh(now) else None


def answer(url: ServerURL, token: Token) -> bytes:
    """The protocol's answer, byte for byte as docker-credential-helpers writes it.

    Only for what `plain` holds of: nothing is escaped.
    """
    return f'{{"ServerURL":"{url.asked}","Username":"AWS","Secret":"{token.secret}"}}\n'.encode()
