"""All doors of one server as one ASGI application."""

from collections.abc import MutableMapping, Sequence
from typing import Any

from litestar import Litestar, Router
from litestar.openapi import OpenAPIConfig

from calltally import __version__
from calltally.api.bodies import Receive
from calltally.api.calls_door import CALLS_PATH, CallsDoor
from calltally.api.problems import problem_response
from calltally.server.request_paths import RequestPaths, Send

Scope = MutableMapping[str, Any]


class Application:
    """Sends calls to the calls door and everything else to the routers, by one spelling of the path."""

    def __init__(self, routers: Sequence[Router], calls_door: CallsDoor | None, *, max_body: int) -> None:
        self._calls_door = calls_door
        self._others = Litestar(
            route_handlers=list(routers),
            exception_handlers={Exception: problem_response},
            openapi_config=OpenAPIConfig(title="Calltally", version=__version__, path="/openapi"),
            request_max_body_size=max_body,
            logging_config=None,
        )
        self._spelled = RequestPaths(self._route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._spelled(scope, receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._calls_door and scope["path"] == CALLS_PATH:
            await self._calls_door(scope, receive, send)
        else:
            await self._others(scope, receive, send)  # type: ignore[arg-type] # the same ASGI, typed more closely
