"""The SQL of erasures; the registered table ``changed`` has the changed values."""

from calltally.store.duckdb.statements import Statement


def rename(kind: int, organization: int, text: str, replacement: str) -> Statement:
    return Statement(
        """
        UPDATE dictionary
        SET    text = $replacement
        WHERE  kind = $kind
          AND  organization = $organization
          AND  text = $text
        """,
        kind=kind,
        organization=organization,
        text=text,
        replacement=replacement,
    )


def texts(kind: int, organization: int) -> Statement:
    """The texts of a kind in an organization's dictionary."""
    return Statement(
        """
        SELECT text
        FROM   dictionary
        WHERE  kind = $kind
          AND  organization = $organization
        """,
        kind=kind,
        organization=organization,
    )


def paths_with(organization: int, text: str) -> Statement:
    """The distinct paths of an organization that may contain a text, plain or percent-encoded, with the first
    and the last instant of each. A path that cannot be decoded as a whole may contain it too."""
    return Statement(
        """
        SELECT path, MIN(time_ms), MAX(time_ms)
        FROM   call
        WHERE  organization = $organization
          AND  (contains(path, $text)
                OR contains(path, '%') AND COALESCE(contains(TRY(url_decode(path)), $text), TRUE))
        GROUP BY path
        """,
        organization=organization,
        text=text,
    )


def change_paths(table: str, organization: int, first_ms: int, last_ms: int) -> Statement:
    """Replace paths in one of the tables of calls by the redacted paths of ``changed``."""
    return Statement(
        f"""
        UPDATE {table}
        SET    path = changed.redacted
        FROM   changed
        WHERE  {table}.organization = $organization
          AND  {table}.time_ms >= $first_ms
          AND  {table}.time_ms <= $last_ms
          AND  {table}.path = changed.path
        """,  # noqa: S608 - one of two names
        organization=organization,
        first_ms=first_ms,
        last_ms=last_ms,
    )


def rows_of(table: str, columns: tuple[str, ...], organization: int) -> Statement:
    """An organization's rows of a table, with their numbers."""
    return Statement(
        f"SELECT rowid, {', '.join(columns)}\nFROM   {table}\nWHERE  organization = $organization",
        organization=organization,
    )


def change_rows(table: str, columns: tuple[str, ...]) -> Statement:
    """Set the columns of the rows numbered in ``changed`` to its values."""
    changes = ",\n       ".join(f"{column} = changed.{column}" for column in columns)
    return Statement(
        f"UPDATE {table}\nSET    {changes}\nFROM   changed\nWHERE  {table}.rowid = changed.number"
    )
