"""Long-lived tokens for programs that cannot log in."""

import uuid
from dataclasses import dataclass, field

from sqlalchemy import Row, select

from calltally.clock import Clock
from calltally.control.access_rows import insert_access, proved, update_access
from calltally.control.clients import can_be_an_id
from calltally.control.control_database import ControlDatabase
from calltally.control.label import checked_label
from calltally.control.secrets import new_api_token, token_hash
from calltally.control.tables import api_tokens, clients
from calltally.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class ApiToken:
    """What is kept of an API token; the token itself is not."""

    token_id: str
    client_id: str
    name: str
    created_ms: int
    expires_ms: int | None = None
    revoked_ms: int | None = None


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """An API token together with its text, which can be read here and never again."""

    token_id: str
    token: str = field(repr=False)
    client_id: str
    name: str
    expires_ms: int | None


class ApiTokens:
    """Opaque bearer tokens; each speaks for its client and may do what that client may do at the time.

    Its methods block and may be called from any thread. A change counts from the moment its method returns.
    """

    def __init__(self, database: ControlDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(self, client_id: str, name: str, expires_ms: int | None = None) -> NewApiToken:
        """Makes a token for a client, valid until an instant or until it is revoked.

        Raises `NotFoundError` for an unknown or revoked client and `InvalidInputError` for an unfit name.
        """
        checked_label(name, "name")
        token_id, token = str(uuid.uuid4()), new_api_token()
        live = select(clients.c.client_id).where(
            clients.c.client_id == client_id, clients.c.revoked_ms.is_(None)
        )
        with self._database.changing_access() as connection:
            if not can_be_an_id(client_id) or connection.execute(live).one_or_none() is None:
                raise NotFoundError(f"there is no client {client_id!r} that could use a token")
            insert_access(
                connection,
                api_tokens,
                token_id=token_id,
                client_id=client_id,
                name=name,
                token_hash=token_hash(token),
                created_ms=self._clock.now_ms(),
                expires_ms=expires_ms,
            )
        return NewApiToken(token_id, token, client_id, name, expires_ms)

    def find(self, token: str) -> ApiToken | None:
        """The token with this text, expired and revoked ones too."""
        with self._database.reading() as connection:
            row = connection.execute(
                select(api_tokens).where(api_tokens.c.token_hash == token_hash(token))
            ).one_or_none()
        return None if row is None else _api_token(proved(api_tokens, row))

    def list(self, organization: str | None = None) -> tuple[ApiToken, ...]:
        """The tokens of one organization's clients, or of all, revoked ones too, oldest first."""
        query = select(api_tokens).join(clients).order_by(api_tokens.c.created_ms, api_tokens.c.token_id)
        if organization is not None:
            query = query.where(clients.c.organization == organization)
        with self._database.reading() as connection:
            return tuple(_api_token(row) for row in connection.execute(query))

    def revoke(self, token_id: str) -> None:
        """Ends a token for good. Raises `NotFoundError` for an unknown one."""
        this = api_tokens.c.token_id == token_id
        now_ms = self._clock.now_ms()
        with self._database.changing_access() as connection:
            known = select(api_tokens.c.token_id).where(this)
            if not can_be_an_id(token_id) or connection.execute(known).one_or_none() is None:
                raise NotFoundError(f"there is no API token with the id {token_id!r}")
            update_access(connection, api_tokens, this & api_tokens.c.revoked_ms.is_(None), revoked_ms=now_ms)
        self._database.access_changed()


def _api_token(row: Row[tuple[object, ...]]) -> ApiToken:
    return ApiToken(
        token_id=row.token_id,
        client_id=row.client_id,
        name=row.name,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
        revoked_ms=row.revoked_ms,
    )
