"""What the ids in calls are called."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sqlalchemy import Connection, bindparam, select, text

from calltally.call_batch import NameUpdate
from calltally.control.control_database import ControlDatabase
from calltally.control.label import checked_label
from calltally.control.tables import names
from calltally.dictionary import Kind
from calltally.errors import InvalidInputError

NAMED_KINDS = (Kind.CLIENT, Kind.SOURCE, Kind.ACCOUNT)

_IDS_PER_QUERY = 10_000  # SQLite takes 32,766 parameters, PostgreSQL 65,535

_RECORD = text(
    """
    INSERT INTO names (organization, kind, id, name, position, set_by_api)
    VALUES (:organization, :kind, :id, :name, :position, FALSE)
    ON CONFLICT (organization, kind, id) DO UPDATE
    SET    name = excluded.name,
           position = excluded.position
    WHERE  names.set_by_api = FALSE
      AND  excluded.position >= names.position
    """
)

_SET = text(
    """
    INSERT INTO names (organization, kind, id, name, position, set_by_api)
    VALUES (:organization, :kind, :id, :name, 0, TRUE)
    ON CONFLICT (organization, kind, id) DO UPDATE
    SET    name = excluded.name,
           set_by_api = TRUE
    """
)

_NAMES = (
    select(names.c.id, names.c.name)
    .where(names.c.organization == bindparam("organization"))
    .where(names.c.kind == bindparam("kind"))
    .where(names.c.id.in_(bindparam("ids", expanding=True)))
)


class NameDirectory:
    """The names of clients, sources and accounts, each organization's apart.

    The latest call's name counts, where later means a higher journal position; a name that was set through
    the API counts more than any call's.
    """

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    def record(self, updates: Sequence[tuple[int, NameUpdate]]) -> None:
        """Takes the names that calls gave, each with the journal position of its call, in one transaction.

        The outcome does not depend on the order of the calls to this method, nor on repeats; of two names
        at one position the one recorded last stays.
        """
        latest: dict[tuple[str, Kind, str], tuple[int, str]] = {}
        for position, update in updates:
            key = (update.organization, update.kind, update.id)
            if (known := latest.get(key)) is None or position >= known[0]:
                latest[key] = (position, update.name)
        if not latest:
            return
        rows = [
            {"organization": organization, "kind": int(kind), "id": id_, "name": name, "position": position}
            for (organization, kind, id_), (position, name) in latest.items()
        ]
        with self._database.writing() as connection:
            connection.execute(_RECORD, rows)

    def set(self, organization: str, kind: Kind, id: str, name: str) -> None:  # noqa: A002 - an id is called an id
        """Gives a name that no call changes again."""
        with self._database.writing() as connection:
            set_name(connection, organization, kind, id, name)

    def has_source(self, organization: str, id: str) -> bool:  # noqa: A002 - an id is called an id
        """Whether a call or the API ever named this source."""
        return bool(self.names(organization, Kind.SOURCE, [id]))

    def names(self, organization: str, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
        """The names of those ids that have one."""
        found: dict[str, str] = {}
        with self._database.reading() as connection:
            for some in _slices(ids):
                asked = {"organization": organization, "kind": int(kind), "ids": some}
                found.update((id_, name) for id_, name in connection.execute(_NAMES, asked))
        return found

    def all(self, organization: str, kind: Kind) -> dict[str, str]:
        """Every name of one kind, by id."""
        query = select(names.c.id, names.c.name).where(
            names.c.organization == organization, names.c.kind == int(kind)
        )
        with self._database.reading() as connection:
            return {row.id: row.name for row in connection.execute(query)}

    def ids(self, organization: str, kind: Kind, called: Iterable[str]) -> frozenset[str]:
        """The ids that go by one of these names; a name may belong to several."""
        query = select(names.c.id).where(names.c.organization == organization, names.c.kind == int(kind))
        found: list[str] = []
        with self._database.reading() as connection:
            for some in _slices(called):
                found.extend(connection.execute(query.where(names.c.name.in_(some))).scalars())
        return frozenset(found)


def set_name(connection: Connection, organization: str, kind: Kind, id: str, name: str) -> None:  # noqa: A002
    """Gives a name within a transaction; see `NameDirectory.set`."""
    if kind not in NAMED_KINDS:
        accepted = ", ".join(named.name.lower() for named in NAMED_KINDS)
        raise InvalidInputError(
            f"a {kind.name.lower()} has no name; names are kept for: {accepted}",
            field="kind",
            received=kind.name.lower(),
            accepted=accepted,
        )
    checked_label(name, "name")
    connection.execute(_SET, {"organization": organization, "kind": int(kind), "id": id, "name": name})


def _slices(values: Iterable[str]) -> Iterator[list[str]]:
    iterator = iter(values)
    while some := list(islice(iterator, _IDS_PER_QUERY)):
        yield some
