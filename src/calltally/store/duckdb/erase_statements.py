"""The SQL that puts one text in the place of another; the registered table ``changed`` has what changes."""

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
    """What an organization's dictionary of a kind holds."""
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
    """The distinct paths of an organization that may have a text as a part, plain or percent-encoded, with
    the first and the last instant of each. A path that cannot be decoded as a whole may have it too."""
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
    """Takes the redacted paths of ``changed`` for those of one of the tables of calls."""
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
    """The rows of a table of an organization, with their numbers."""
    return Statement(
        f"SELECT rowid, {', '.join(columns)}\nFROM   {table}\nWHERE  organization = $organization",
        organization=organization,
    )


def change_rows(table: str, columns: tuple[str, ...]) -> Statement:
    """Takes the columns of ``changed`` for the rows with its numbers."""
    changes = ",\n       ".join(f"{column} = changed.{column}" for column in columns)
    return Statement(
        f"UPDATE {table}\nSET    {changes}\nFROM   changed\nWHERE  {table}.rowid = changed.number"
    )
