"""What only the owner of a data directory may do, over its socket."""

from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from calltally import __version__
from calltally.clock import instant_of
from calltally.control.clients import Client, ClientRegistry, NewClient


class ClientRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A client to be made; without permissions it may send, backfill and read its own organization."""

    organization: str
    name: str
    permissions: list[str] | None = None


def owner_router(clients: ClientRegistry, *, counting: bool) -> Router:
    """Making, listing and revoking clients. Every handler here may block: the owner is alone.

    ``counting`` tells callers whether calls can be sent and usage asked here too.
    """

    @get("/owner", sync_to_thread=True)
    def about() -> dict[str, Any]:
        return {"version": __version__, "counting": counting}

    @post("/owner/clients", sync_to_thread=True)
    def create_client(data: JSONBody[ClientRequest]) -> dict[str, Any]:
        if data.permissions is None:
            return _with_secret(clients.create(data.organization, data.name))
        return _with_secret(clients.create(data.organization, data.name, data.permissions))

    @get("/owner/clients", sync_to_thread=True)
    def list_clients(organization: FromQuery[str | None] = None) -> dict[str, list[dict[str, Any]]]:
        return {"clients": [_shown(client) for client in clients.list(organization)]}

    @post("/owner/clients/{client_id:str}/rotate", sync_to_thread=True)
    def rotate_client(client_id: FromPath[str]) -> dict[str, Any]:
        return _with_secret(clients.rotate(client_id))

    @post("/owner/clients/{client_id:str}/revoke", status_code=204, sync_to_thread=True)
    def revoke_client(client_id: FromPath[str]) -> None:
        clients.revoke(client_id)

    handlers = [about, create_client, list_clients, rotate_client, revoke_client]
    return Router("/", route_handlers=handlers)


def _with_secret(client: NewClient) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "organization": client.organization,
        "name": client.name,
        "permissions": sorted(client.permissions),
    }


def _shown(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "organization": client.organization,
        "name": client.name,
        "permissions": sorted(client.permissions),
        "created": instant_of(client.created_ms).isoformat(),
        "revoked": None if client.revoked_ms is None else instant_of(client.revoked_ms).isoformat(),
    }
