"""What every answer tells browsers and caches."""

from calltally.asgi import App, Message, Receive, Scope, Send

_ALWAYS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
_UNDER_TLS = (b"strict-transport-security", b"max-age=31536000")
_NOT_TO_BE_STORED = (b"cache-control", b"no-store")
_CONFIDENTIAL = ("/v1/", "/owner", "/oauth/")
"""Paths of ours whose answers hold secrets, or what belongs to one organization."""


class SecurityHeaders:
    """Adds what an answer of the application behind it does not say itself; wants paths in one spelling.

    Vendors' answers are told apart by their paths and get nothing that changes how they may be stored.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        wanted = _wanted(scope)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = {name.lower() for name, _ in message["headers"]}
                more = [header for header in wanted if header[0] not in told]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _wanted(scope: Scope) -> list[tuple[bytes, bytes]]:
    wanted = list(_ALWAYS)
    if scope.get("scheme") == "https":
        wanted.append(_UNDER_TLS)
    if scope["path"].startswith(_CONFIDENTIAL):
        wanted.append(_NOT_TO_BE_STORED)
    return wanted
