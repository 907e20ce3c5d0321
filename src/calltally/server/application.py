"""All doors of one server as one ASGI application."""

import re
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.exceptions import NotFoundException

from calltally.api.calls_routes import CALLS_PATH, CallsRoute
from calltally.api.openapi.document import openapi_document
from calltally.api.openapi.openapi_routes import openapi_router
from calltally.api.openapi.server import DOCUMENT_PATH, PAGE_PATH
from calltally.api.problems import problem_response
from calltally.asgi import Receive, Scope, Send
from calltally.errors import CalltallyError
from calltally.server.bounded_bodies import BodyTransferLimits, BoundedBodies
from calltally.server.path_normalizer import PathNormalizer, require_readable_path
from calltally.server.security_headers import SecurityHeaders


class Application:
    """Sends calls to the calls door and everything else to the routers, by one spelling of the path.

    It describes itself at ``/openapi.json``: of our own doors and what ``descriptions`` tell of vendors',
    what is answered here.
    """

    def __init__(
        self,
        routers: Sequence[Router],
        calls_door: CallsRoute | None,
        descriptions: Iterable[Mapping[str, Any]] = (),
        *,
        max_body: int,
        bounds: BodyTransferLimits,
    ) -> None:
        self._calls_door = calls_door
        paths = [route.path for router in routers for route in router.routes]
        described = _document([*paths, CALLS_PATH] if calls_door else paths, descriptions)
        self._others = Litestar(
            route_handlers=[*routers, openapi_router(described)],
            before_request=_require_readable_path,
            exception_handlers={Exception: _problem_response},
            openapi_config=None,
            request_max_body_size=max_body,
            logging_config=None,
        )
        self._doors = PathNormalizer(SecurityHeaders(BoundedBodies(self._route, bounds)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":  # the connection leaves out the body
            scope = {**scope, "method": "GET"}
        await self._doors(scope, receive, send)

    def _route(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self._calls_door and scope["path"].removesuffix("/") == CALLS_PATH:
            return self._calls_door(scope, receive, send)
        return self._others(scope, receive, send)  # type: ignore[arg-type] # the same ASGI, typed more closely


async def _require_readable_path(request: Request[Any, Any, Any]) -> None:
    """Before every handler, so that each door refuses in its own shape."""
    require_readable_path(request.scope)  # type: ignore[arg-type] # the same mapping, typed more closely


def _problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """For paths that belong to no router, too."""
    if isinstance(error, NotFoundException):
        try:
            require_readable_path(request.scope)  # type: ignore[arg-type]
        except CalltallyError as unreadable:
            error = unreadable
    return problem_response(request, error)


def _document(paths: Iterable[str], descriptions: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What there is to say of these paths, and of the document itself."""
    served = {_shape(path) for path in (*paths, DOCUMENT_PATH, PAGE_PATH)}
    document = openapi_document(descriptions)
    told = {path: item for path, item in document["paths"].items() if _shape(path) in served}
    return {**document, "paths": told}


def _shape(path: str) -> str:
    """A path without the names and types of its parameters."""
    return re.sub(r"\{[^}]*\}", "{}", path)
