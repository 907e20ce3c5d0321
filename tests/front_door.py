"""A server with nothing but a login and one door, for tests of who gets in."""

from typing import Any

import httpx
from litestar import Litestar, Request, Response, get

from calltally.auth.token_endpoint import token_router
from calltally.errors import NotAuthenticatedError
from tests.installations import Installation


def front_door(installation: Installation, address: str = "192.0.2.1", **limits: int) -> httpx.AsyncClient:
    """A client of such a server, coming from an address; keywords go to `token_router`."""
    return visitor(login_server(installation, **limits), address)


def visitor(server: Litestar, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(server, client=(address, 40_000)),  # type: ignore[arg-type]
        base_url="http://calltally.example",
    )


def login_server(installation: Installation, **limits: int) -> Litestar:
    """``/whoami`` tells the organization and the permissions of a token."""

    @get("/whoami")
    async def whoami(request: Request[Any, Any, Any]) -> dict[str, Any]:
        caller = await installation.authority.authenticate(request.headers.get("authorization"))
        return {
            "client_id": caller.client_id,
            "organization": caller.organization,
            "permissions": sorted(caller.permissions),
        }

    def refuse(_request: Request[Any, Any, Any], error: NotAuthenticatedError) -> Response[dict[str, Any]]:
        return Response({"reason": error.reason}, status_code=401)

    return Litestar(
        [token_router(installation.authority, installation.clients, **limits), whoami],
        exception_handlers={NotAuthenticatedError: refuse},
        openapi_config=None,
    )
