"""A copy of the whole store as of one instant."""

import secrets
from pathlib import Path

import duckdb

from calltally.durable_files import sync
from calltally.errors import CalltallyError
from calltally.store.duckdb.database import ROW_GROUP, Database, quoted
from calltally.store.duckdb.statements import FRESH_CALLS, meta


def copy_store(database: Database, path: Path) -> int:
    """Copy what one transaction sees into a new file; returns its position.

    The file gets its name once it is complete and on disk. Reading every block verifies its checksum, and the
    copy contains no deleted or overwritten data.
    """
    if path.exists():
        raise CalltallyError(f"{path} already exists; a backup never overwrites a file")
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    name = f"backup_{secrets.token_hex(8)}"
    try:
        position = _copy(database, part, name)
    except duckdb.Error as error:
        part.unlink(missing_ok=True)
        raise CalltallyError(f"the store could not be copied to {path}: {error}") from error
    sync(part)
    part.replace(path)
    sync(path.parent)
    return position


def _copy(database: Database, part: Path, name: str) -> int:
    connection = database.reader()
    connection.execute(f"ATTACH {quoted(part)} AS {name} (ROW_GROUP_SIZE {ROW_GROUP})")
    try:
        with database.snapshot():
            position = int(dict(meta().run(connection).fetchall())["position"])
            connection.execute(f"COPY FROM DATABASE store TO {name}")
            # Bulk rows are visible before their commit ends (workaround: bulk-rows).
            connection.execute(
                f"DELETE FROM {name}.{FRESH_CALLS} WHERE position > $position",  # noqa: S608 - of our own names
                {"position": position},
            )
            connection.commit()
            connection.begin()
        connection.execute(f"CHECKPOINT {name}")
    finally:
        connection.execute(f"DETACH {name}")
    return position
