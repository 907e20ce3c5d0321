"""The contents and formats of an export."""

from datetime import UTC
from typing import Literal

from calltally.errors import InvalidInputError
from calltally.window import Window, midnight

What = Literal["calls", "counts", "sources"]
"""Single calls; counts by day, client, user, route and method; counts by day, source and account."""

Form = Literal["parquet", "csv"]

CALL_FIELDS = (
    "time",
    "organization",
    "origin",
    "client_id",
    "user_id",
    "source_id",
    "account_id",
    "method",
    "route",
    "path",
    "status",
    "duration_ms",
    "request_bytes",
    "response_bytes",
    "received",
    "position",
    "entry",
    "weight",
)
"""Instants are RFC 3339 in UTC with milliseconds; ``entry`` is the entry's name in lower case; ``weight`` is
-1 for a withdrawn entry, else 1. Identities are a secret and are not exported, see `IdentityKey`."""

COUNTED = ("calls", "status_200", "status_300", "status_400", "status_429", "status_500")

COUNT_FIELDS = ("day", "client_id", "user_id", "route", "method", *COUNTED)

SOURCE_FIELDS = ("day", "source_id", "account_id", *COUNTED)


def fields_of(what: What) -> tuple[str, ...]:
    """The columns of an export, in order."""
    return {"calls": CALL_FIELDS, "counts": COUNT_FIELDS, "sources": SOURCE_FIELDS}[what]


def demand_whole_days(window: Window) -> None:
    """Raise `InvalidInputError` unless a window begins and ends at midnight UTC."""
    for field, instant in (("from", window.start), ("to", window.end)):
        if instant != midnight(instant.astimezone(UTC).date()):
            raise InvalidInputError(
                "counts are exported by whole days",
                field=field,
                received=instant.isoformat(),
                accepted="a date, or its midnight UTC",
            )
