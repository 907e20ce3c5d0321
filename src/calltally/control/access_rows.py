"""Rows that say who may do what, each with a checksum, and all of a table with a sum of them."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Table, and_, bindparam, delete, insert, select, update
from xxhash import xxh3_128_hexdigest

from calltally.control.tables import access_state, api_tokens, clients, organizations, signing_keys
from calltally.errors import DamagedDataError

ACCESS_TABLES = (organizations, clients, api_tokens, signing_keys)

_CHECKSUM = "checksum"
_BITS = 128
_COVERED = {
    table: (str(table.name), [str(column.name) for column in table.columns if column.name != _CHECKSUM])
    for table in ACCESS_TABLES
}
_STATE_OF = select(access_state).where(access_state.c.table_name == bindparam("name"))


def row_checksum(table: str, values: Sequence[object]) -> str:
    """The checksum of a row: of its table's name and all values but the checksum itself, in order."""
    return xxh3_128_hexdigest(msgspec.msgpack.encode([table, *values]))


def insert_access(connection: Connection, table: Table, **values: object) -> None:
    """Adds a row of access data; what is not given is NULL."""
    row = {column.name: values.get(column.name) for column in table.columns}
    row[_CHECKSUM] = _checksum(table, row)
    connection.execute(insert(table).values(**row))
    _note(connection, table, added=[row])


def update_access(
    connection: Connection, table: Table, where: ColumnElement[bool], **changes: object
) -> None:
    """Changes rows of access data. Raises `DamagedDataError` when one of them was damaged before."""
    for found in connection.execute(select(table).where(where)).all():
        old = proved(table, found)._asdict()
        new = old | changes
        new[_CHECKSUM] = _checksum(table, new)
        connection.execute(update(table).where(_is(table, old)).values(**new))
        _note(connection, table, removed=[old], added=[new])


def delete_access(connection: Connection, table: Table, where: ColumnElement[bool]) -> None:
    """Deletes rows of access data. Raises `DamagedDataError` when one of them was damaged before."""
    gone = [proved(table, found)._asdict() for found in connection.execute(select(table).where(where)).all()]
    connection.execute(delete(table).where(where))
    _note(connection, table, removed=gone)


def proved(table: Table, row: Row[tuple[object, ...]]) -> Row[tuple[object, ...]]:
    """The row, which has the columns of a table and maybe others. Raises `DamagedDataError` unless it is as
    it was written."""
    values = row._asdict()
    if values[_CHECKSUM] != _checksum(table, values):
        raise DamagedDataError(
            f"the control database is damaged: {_damaged(table, values)}; restore a backup"
        )
    return row


def table_state(rows: Sequence[str]) -> tuple[int, str]:
    """The number of rows, and the sum of their checksums, as a table's state keeps them."""
    return len(rows), _sum(0, rows, ())


def access_damage(connection: Connection) -> Iterator[str]:
    """What of the access data is not as it was written, each in some words."""
    for table in ACCESS_TABLES:
        checksums = []
        for row in connection.execute(select(table)):
            values = row._asdict()
            if values[_CHECKSUM] != _checksum(table, values):
                yield _damaged(table, values)
            checksums.append(values[_CHECKSUM])
        state = connection.execute(_STATE_OF, {"name": table.name}).one_or_none()
        if state is None or not _agree(state.row_count, state.checksum_sum, checksums):
            yield f"table {table.name}: rows are missing, or there are some that were deleted or changed"


def _agree(row_count: object, checksum_sum: object, checksums: Sequence[object]) -> bool:
    texts = [text for text in checksums if isinstance(text, str) and _is_hexadecimal(text)]
    return len(texts) == len(checksums) and (row_count, checksum_sum) == table_state(texts)


def _is_hexadecimal(text: str) -> bool:
    return len(text) == _BITS // 4 and set(text) <= set("0123456789abcdef")


def _note(
    connection: Connection,
    table: Table,
    added: Sequence[Mapping[str, object]] = (),
    removed: Sequence[Mapping[str, object]] = (),
) -> None:
    """Keeps the state of a table up with what changed in it."""
    state = connection.execute(_STATE_OF, {"name": table.name}).one()
    connection.execute(
        update(access_state)
        .where(access_state.c.table_name == table.name)
        .values(
            row_count=state.row_count + len(added) - len(removed),
            checksum_sum=_sum(
                int(state.checksum_sum, 16),
                [str(row[_CHECKSUM]) for row in added],
                [str(row[_CHECKSUM]) for row in removed],
            ),
        )
    )


def _sum(start: int, added: Sequence[str], removed: Sequence[str]) -> str:
    total = start + sum(int(one, 16) for one in added) - sum(int(one, 16) for one in removed)
    return f"{total % 2**_BITS:0{_BITS // 4}x}"


def _checksum(table: Table, values: Mapping[str, object]) -> str:
    name, columns = _COVERED[table]
    return row_checksum(name, [values[column] for column in columns])


def _is(table: Table, row: Mapping[str, object]) -> ColumnElement[bool]:
    return and_(*(column == row[column.name] for column in table.primary_key.columns))


def _damaged(table: Table, values: Mapping[str, object]) -> str:
    key = ", ".join(str(values[column.name]) for column in table.primary_key.columns)
    return f"table {table.name}: the row {key!r} is not as it was written"
