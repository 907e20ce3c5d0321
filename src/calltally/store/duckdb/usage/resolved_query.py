"""A usage query in the store's numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from calltally.clock import DAY_MS
from calltally.dictionary import Dictionary, Kind
from calltally.store.duckdb.extent import Extent
from calltally.store.duckdb.usage.time_buckets import first_day_of, month_of
from calltally.usage_query import Dimension, StatusClass, UsageQuery

COLUMNS = {
    Dimension.CLIENT_ID: "client",
    Dimension.USER_ID: '"user"',
    Dimension.SOURCE_ID: "source",
    Dimension.ACCOUNT_ID: "account",
    Dimension.ROUTE: "route",
    Dimension.METHOD: "method",
    Dimension.STATUS: "status",
    Dimension.STATUS_CLASS: "status_class",
}
"""The column of each dimension; the status class has none and is derived from the status."""

KINDS = {
    Dimension.CLIENT_ID: Kind.CLIENT,
    Dimension.USER_ID: Kind.USER,
    Dimension.SOURCE_ID: Kind.SOURCE,
    Dimension.ACCOUNT_ID: Kind.ACCOUNT,
    Dimension.ROUTE: Kind.ROUTE,
    Dimension.METHOD: Kind.METHOD,
}
"""The dictionary kind of each dimension that has one."""

STATUS_CLASSES = {
    StatusClass.SUCCESS: 2,
    StatusClass.REDIRECTION: 3,
    StatusClass.CLIENT_ERROR: 4,
    StatusClass.SERVER_ERROR: 5,
    StatusClass.NONE: 0,
}


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """The organization, the half-open span in milliseconds, and the accepted numbers per dimension.

    With ``up_to_position`` only calls up to that position. With ``stored_position`` calls up to that
    position, and all calls of the table `UNSTORED`, which are after it.
    """

    organization: int
    start_ms: int
    end_ms: int
    where: dict[Dimension, tuple[int, ...]]
    up_to_position: int | None = None
    stored_position: int | None = None

    @classmethod
    def of(cls, query: UsageQuery, dictionary: Dictionary) -> "ResolvedQuery | None":
        """None if no stored call can match: the organization, or all texts of a dimension, are unknown."""
        organization = dictionary.find(Kind.ORGANIZATION, 0, query.organization)
        if organization is None:
            return None
        start_ms, end_ms = first_ms(query.window.start), first_ms(query.window.end)
        where = {
            dimension: tuple(sorted(_numbers(dimension, texts, organization, dictionary)))
            for dimension, texts in sorted(query.where.items())
        }
        if start_ms == end_ms or not all(where.values()):
            return None
        return cls(organization, start_ms, end_ms, where)

    def to_whole_months(self, extent: Extent) -> "ResolvedQuery":
        """The same query, with its ends moved to month ends where nothing is stored beyond them.

        ``extent`` is that of all stored calls, some of which are in the span.
        """
        start_ms, end_ms = self.start_ms, self.end_ms
        if start_ms <= extent.first_ms:
            start_ms = first_day_of(month_of(extent.first_ms // DAY_MS)) * DAY_MS
        if end_ms >= extent.end_ms:
            end_ms = first_day_of(month_of((extent.end_ms - 1) // DAY_MS) + 1) * DAY_MS
        return replace(self, start_ms=start_ms, end_ms=end_ms)


def name_of(dimension: Dimension) -> str:
    """The name of a result's column of a dimension: that in `COLUMNS` without quotes."""
    return COLUMNS[dimension].strip('"')


def first_ms(instant: datetime) -> int:
    """An instant in milliseconds since 1970, rounded up."""
    return -((datetime(1970, 1, 1, tzinfo=UTC) - instant) // timedelta(milliseconds=1))


def _numbers(
    dimension: Dimension, texts: Iterable[str], organization: int, dictionary: Dictionary
) -> list[int]:
    match dimension:
        case Dimension.STATUS:
            numbers = {str(status): status for status in range(600)}
            return [numbers[text] for text in texts if text in numbers]
        case Dimension.STATUS_CLASS:
            return [number for name, number in STATUS_CLASSES.items() if name in texts]
        case _:
            found = (dictionary.find(KINDS[dimension], organization, text) for text in texts)
            return [number for number in found if number is not None]
