"""API tokens, as the owner of a data directory makes and ends them."""

from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from calltally.clock import instant_of
from calltally.control.api_tokens import ApiToken, ApiTokens


class ApiTokenRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A token to be made for a client; the name tells people what it is used for."""

    client_id: str
    name: str


def owner_tokens_router(api_tokens: ApiTokens) -> Router:
    """Making, listing and revoking API tokens. Every handler here may block: the owner is alone."""

    @post("/owner/tokens", sync_to_thread=True)
    def create_token(data: JSONBody[ApiTokenRequest]) -> dict[str, Any]:
        made = api_tokens.create(data.client_id, data.name)
        return {
            "token_id": made.token_id,
            "token": made.token,
            "client_id": made.client_id,
            "name": made.name,
        }

    @get("/owner/tokens", sync_to_thread=True)
    def list_tokens(organization: FromQuery[str | None] = None) -> dict[str, list[dict[str, Any]]]:
        return {"tokens": [_shown(token) for token in api_tokens.list(organization)]}

    @post("/owner/tokens/{token_id:str}/revoke", status_code=204, sync_to_thread=True)
    def revoke_token(token_id: FromPath[str]) -> None:
        api_tokens.revoke(token_id)

    return Router("/", route_handlers=[create_token, list_tokens, revoke_token])


def _shown(token: ApiToken) -> dict[str, Any]:
    """What is told of a token; never the token itself, which nobody keeps."""
    return {
        "token_id": token.token_id,
        "client_id": token.client_id,
        "name": token.name,
        "created": _instant(token.created_ms),
        "expires": _instant(token.expires_ms),
        "revoked": _instant(token.revoked_ms),
    }


def _instant(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else instant_of(milliseconds).isoformat()
