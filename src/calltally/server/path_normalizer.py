"""One spelling for every path, before anything is routed."""

from urllib.parse import quote, unquote, unquote_to_bytes

from calltally.asgi import App, Receive, Scope, Send
from calltally.errors import InvalidInputError

_REPLACED = "\N{REPLACEMENT CHARACTER}"
_UNREADABLE = "calltally.unreadable_path"


class PathNormalizer:
    """Gives the application behind it paths in one spelling.

    Repeated slashes are collapsed. Parts are split first and decoded then; only ``/`` and ``%`` stay escaped
    within a part (``%2F``, ``%25``), so that a handler which unquotes an id once has what was meant. A path
    that is not UTF-8 is marked, for `require_readable_path`.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
            path = one_spelling(raw.partition(b"?")[0].decode("latin-1"))
            raw_path = path.encode()
            if _REPLACED in path and not _is_utf8(raw):
                scope = {**scope, "state": {**scope.get("state", {}), _UNREADABLE: raw.decode("latin-1")}}
            if raw_path != scope.get("raw_path") or path != scope["path"]:
                scope = {**scope, "path": path, "raw_path": raw_path}
        await self._app(scope, receive, send)


def require_readable_path(scope: Scope) -> None:
    """Raises `InvalidInputError` for a path that is not UTF-8; to be called where a door can refuse it."""
    received = scope.get("state", {}).get(_UNREADABLE)
    if received is not None:
        accepted = "UTF-8, each byte beyond ASCII as % and two hexadecimal digits"
        raise InvalidInputError("the path is not UTF-8", field="path", received=received, accepted=accepted)


def one_spelling(raw_path: str) -> str:
    """The path as handlers see it, with U+FFFD in place of what is not UTF-8."""
    if "%" not in raw_path and "//" not in raw_path:
        return raw_path
    parts = [part for part in raw_path.split("/") if part]
    slash = "/" if raw_path.endswith("/") and parts else ""
    return "/" + "/".join(_escaped(unquote(part, errors="replace")) for part in parts) + slash


def _escaped(part: str) -> str:
    return part.replace("%", "%25").replace("/", "%2F")


def _is_utf8(raw_path: bytes) -> bool:
    try:
        unquote_to_bytes(raw_path).decode()
    except UnicodeDecodeError:
        return False
    return True
