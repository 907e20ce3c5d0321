"""Genesys's error bodies, as clients read them."""

import msgspec


class Detail(msgspec.Struct, frozen=True, rename="camel"):
    """One of the faults in a request."""

    error_code: str | None = None
    field_name: str | None = None
    entity_id: str | None = None
    entity_name: str | None = None


class ErrorBody(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The body of every error; only its code is always present. Genesys's support asks for ``context_id``."""

    code: str
    message: str = ""
    status: int | None = None
    entity_id: str | None = None
    entity_name: str | None = None
    message_with_params: str | None = None
    message_params: dict[str, str] | None = None
    context_id: str | None = None
    details: tuple[Detail, ...] | None = None
    errors: tuple["ErrorBody", ...] | None = None
