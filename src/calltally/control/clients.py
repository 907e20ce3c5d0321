"""The programs that may log in."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, Row, Select, select

from calltally.clock import Clock
from calltally.control.access_rows import insert_access, proved, update_access
from calltally.control.control_database import ControlDatabase
from calltally.control.names import set_name
from calltally.control.organizations import ensure_organization
from calltally.control.permissions import DEFAULT, checked_permissions
from calltally.control.secrets import SecretHasher, VerifiedSecrets, new_secret
from calltally.control.tables import clients, names
from calltally.dictionary import Kind
from calltally.errors import NotFoundError

MAX_ID_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Client:
    """A program of one organization and what it was granted."""

    client_id: str
    organization: str
    name: str
    permissions: frozenset[str]
    created_ms: int
    revoked_ms: int | None = None


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client together with its secret, which can be read here and never again."""

    client_id: str
    client_secret: str = field(repr=False)
    organization: str
    name: str
    permissions: frozenset[str]


class ClientRegistry:
    """Who may log in, with which secret, and what they may do.

    Its methods block and may be called from any thread. A change counts from the moment its method returns.
    """

    def __init__(self, database: ControlDatabase, clock: Clock, hasher: SecretHasher | None = None) -> None:
        self._database = database
        self._clock = clock
        self._hasher = hasher or SecretHasher()
        self._verified = VerifiedSecrets()

    def create(self, organization: str, name: str, permissions: Iterable[str] = DEFAULT) -> NewClient:
        """Makes a client, and its organization when there is none of that name.

        Raises `InvalidInputError` for a name or a permission that cannot be given.
        """
        granted = checked_permissions(permissions)
        client_id, secret = str(uuid.uuid4()), new_secret()
        secret_hash = self._hasher.hash(secret)
        now_ms = self._clock.now_ms()
        with self._database.changing_access() as connection:
            ensure_organization(connection, organization, now_ms)
            set_name(connection, organization, Kind.CLIENT, client_id, name)
            insert_access(
                connection,
                clients,
                client_id=client_id,
                organization=organization,
                permissions=" ".join(sorted(granted)),
                secret_hash=secret_hash,
                created_ms=now_ms,
            )
        return NewClient(client_id, secret, organization, name, granted)

    def verify(self, client_id: str, secret: str) -> Client | None:
        """The client whose secret this is; None for a wrong secret, an unknown and a revoked client.

        Takes the same time, that of one Argon2 hash, for each kind of None.
        """
        row = self._find(client_id)
        stored = None if row is None else row.secret_hash
        if not self._hasher.matches(stored, secret) or row is None or row.revoked_ms is not None:
            return None
        self._verified.remember(client_id, row.secret_hash, secret)
        return _client(row)

    def recognize(self, client_id: str, secret: str) -> Client | None:
        """The client, where `verify` has seen this very secret not long ago; None leaves it open.

        Costs microseconds where `verify` costs milliseconds.
        """
        row = self._find(client_id)
        if row is None or row.revoked_ms is not None:
            return None
        return _client(row) if self._verified.knows(client_id, row.secret_hash, secret) else None

    def find(self, client_id: str) -> Client | None:
        """The client, revoked or not."""
        row = self._find(client_id)
        return None if row is None else _client(row)

    def list(self, organization: str | None = None) -> tuple[Client, ...]:
        """The clients of one organization, or of all, revoked ones too, by organization and age."""
        query = _clients().order_by(clients.c.organization, clients.c.created_ms, clients.c.client_id)
        if organization is not None:
            query = query.where(clients.c.organization == organization)
        with self._database.reading() as connection:
            return tuple(_client(row) for row in connection.execute(query))

    def revoke(self, client_id: str) -> None:
        """Ends a client and all its tokens for good. Raises `NotFoundError` for an unknown one."""
        with self._database.changing_access() as connection:
            client = _existing(connection, client_id)
            if client.revoked_ms is None:
                self._change(connection, client_id, revoked_ms=self._clock.now_ms())
        self._database.access_changed()

    def rotate(self, client_id: str) -> NewClient:
        """Gives a client a new secret; the old one is refused.

        Tokens that were issued stay valid until they expire, because programs hold on to theirs and a
        planned change must not stop them; `revoke` ends tokens. Raises `NotFoundError` for an unknown or
        revoked client.
        """
        secret = new_secret()
        secret_hash = self._hasher.hash(secret)
        with self._database.changing_access() as connection:
            client = _live(connection, client_id)
            self._change(connection, client_id, secret_hash=secret_hash)
        return NewClient(client_id, secret, client.organization, client.name, client.permissions)

    def set_permissions(self, client_id: str, permissions: Iterable[str]) -> Client:
        """Replaces what a client may do, for tokens already issued too.

        Raises `InvalidInputError` for an unknown permission and `NotFoundError` for an unknown or revoked
        client.
        """
        granted = checked_permissions(permissions)
        with self._database.changing_access() as connection:
            _live(connection, client_id)
            self._change(connection, client_id, permissions=" ".join(sorted(granted)))
            changed = _existing(connection, client_id)
        self._database.access_changed()
        return changed

    def _find(self, client_id: str) -> Row[tuple[object, ...]] | None:
        if not can_be_an_id(client_id):
            return None
        with self._database.reading() as connection:
            row = connection.execute(_clients().where(clients.c.client_id == client_id)).one_or_none()
        return None if row is None else proved(clients, row)

    def _change(self, connection: Connection, client_id: str, **values: object) -> None:
        update_access(connection, clients, clients.c.client_id == client_id, **values)


def _clients() -> Select[tuple[object, ...]]:
    named = (
        (names.c.organization == clients.c.organization)
        & (names.c.kind == int(Kind.CLIENT))
        & (names.c.id == clients.c.client_id)
    )
    return select(clients, names.c.name).join(names, named)


def _existing(connection: Connection, client_id: str) -> Client:
    row = None
    if can_be_an_id(client_id):
        row = connection.execute(_clients().where(clients.c.client_id == client_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no client {client_id[:MAX_ID_LENGTH]!r}")
    return _client(proved(clients, row))


def _live(connection: Connection, client_id: str) -> Client:
    client = _existing(connection, client_id)
    if client.revoked_ms is not None:
        raise NotFoundError(f"client {client_id!r} was revoked")
    return client


def can_be_an_id(text: str) -> bool:
    """Whether it is worth looking for; not every text can be asked of every database."""
    return text.isascii() and text.isprintable() and 0 < len(text) <= MAX_ID_LENGTH


def _client(row: Row[tuple[object, ...]]) -> Client:
    return Client(
        client_id=row.client_id,
        organization=row.organization,
        name=row.name,
        permissions=frozenset(row.permissions.split()),
        created_ms=row.created_ms,
        revoked_ms=row.revoked_ms,
    )
