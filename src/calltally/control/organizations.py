"""The tenants of an installation."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from calltally.clock import Clock
from calltally.control.access_rows import insert_access
from calltally.control.control_database import ControlDatabase
from calltally.control.label import checked_label
from calltally.control.tables import organizations


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant, known by its name."""

    name: str
    created_ms: int


class Organizations:
    """Which organizations there are. An organization that only calls name is not among them."""

    def __init__(self, database: ControlDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(self, name: str) -> Organization:
        """Makes an organization, or finds the one of that name."""
        with self._database.changing_access() as connection:
            return ensure_organization(connection, name, self._clock.now_ms())

    def find(self, name: str) -> Organization | None:
        with self._database.reading() as connection:
            return _find(connection, name)

    def list(self) -> tuple[Organization, ...]:
        """All of them, by name."""
        with self._database.reading() as connection:
            rows = connection.execute(select(organizations).order_by(organizations.c.name))
            return tuple(Organization(row.name, row.created_ms) for row in rows)


def ensure_organization(connection: Connection, name: str, now_ms: int) -> Organization:
    """Makes an organization within a transaction, or finds the one of that name."""
    checked_label(name, "organization")
    if (found := _find(connection, name)) is not None:
        return found
    insert_access(connection, organizations, name=name, created_ms=now_ms)
    return Organization(name, now_ms)


def _find(connection: Connection, name: str) -> Organization | None:
    row = connection.execute(select(organizations).where(organizations.c.name == name)).one_or_none()
    return None if row is None else Organization(row.name, row.created_ms)
