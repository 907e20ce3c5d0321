"""The numbered files that create and change the tables."""

from importlib.resources import files

from duckdb import DuckDBPyConnection

from calltally.errors import CalltallyError

_VERSIONS = "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL, file VARCHAR NOT NULL)"


def bring_up_to_date(connection: DuckDBPyConnection) -> None:
    """Run the files that a database has not run, each in one transaction with the record of it.

    Raises `CalltallyError` for a database that was written by a newer version; it is left unchanged.
    """
    connection.execute(_VERSIONS)
    (reached,) = connection.execute("SELECT COALESCE(MAX(version), 0) FROM schema_version").fetchall()[0]
    known = _files()
    if reached > len(known):
        raise CalltallyError(
            f"the store has schema {reached}; this version of Calltally supports up to {len(known)}: "
            "it was written by a newer version, which is required to open it"
        )
    for version, (name, sql) in enumerate(known, start=1):
        if version > reached:
            connection.begin()
            connection.execute(sql)
            connection.execute(
                "INSERT INTO schema_version VALUES ($version, $file)", {"version": version, "file": name}
            )
            connection.commit()


def _files() -> list[tuple[str, str]]:
    folder = files("calltally.store.duckdb") / "schema"
    return sorted(
        (file.name, file.read_text("utf-8")) for file in folder.iterdir() if file.name.endswith(".sql")
    )
