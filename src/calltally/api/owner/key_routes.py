"""The keys that access tokens are signed with, as the owner of a data directory lists and rotates them."""

from typing import Any

import msgspec
from litestar import Router, get, post
from litestar.params import JSONBody

from calltally.clock import instant_of
from calltally.control.signing_keys import SigningKey, SigningKeys


class Rotation(msgspec.Struct, forbid_unknown_fields=True):
    """How keys are to be rotated."""

    forget: bool = False


def owner_keys_router(keys: SigningKeys) -> Router:
    """Listing and rotating keys, never telling a private one. Handlers may block: the owner is alone."""

    @get("/owner/keys", sync_to_thread=True)
    def list_keys() -> dict[str, list[dict[str, Any]]]:
        return {"keys": [_shown(keys, key) for key in keys.all()]}

    @post("/owner/keys/rotate", status_code=200, sync_to_thread=True)
    def rotate_keys(data: JSONBody[Rotation]) -> dict[str, Any]:
        return _shown(keys, keys.rotate(forget=data.forget))

    return Router("/", route_handlers=[list_keys, rotate_keys])


def _shown(keys: SigningKeys, key: SigningKey) -> dict[str, Any]:
    return {
        "key_id": key.key_id,
        "created": _instant(key.created_ms),
        "retired": _instant(key.retired_ms),
        "needed_until": _instant(keys.needed_until_ms(key)),
    }


def _instant(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else instant_of(milliseconds).isoformat(timespec="seconds")
