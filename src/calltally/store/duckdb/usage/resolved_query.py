"""A usage query in the store's own numbers."""

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
"""The column of each dimension; the status class has none of its own and is made from the status."""

KINDS = {
    Dimension.CLIENT_ID: Kind.CLIENT,
    Dimension.USER_ID: Kind.USER,
    Dimension.SOURCE_ID: Kind.SOURCE,
    Dimension.ACCOUNT_ID: Kind.ACCOUNT,
    Dimension.ROUTE: Kind.ROUTE,
    Dimension.METHOD: Kind.METHOD,
}
"""The dictionary of each dimension that has one."""

STATUS_CLASSES = {
    StatusClass.SUCCESS: 2,
    StatusClass.REDIRECTION: 3,
    StatusClass.CLIENT_ERROR: 4,
    StatusClass.SERVER_ERROR: 5,
    StatusClass.NONE: 0,
}


@dataclass(frozen=True, slots=True)
class ResolvedQuery:
    """Whose calls, in which half-open span of milliseconds, with one of which numbers in which dimension.

    With ``up_to_position`` only what the store took up to there. With ``stored_position`` what the store took
    up to there, and all calls of the table `UNSTORED`, which came behind it.
    """

    organization: int
    start_ms: int
    end_ms: int
    where: dict[Dimension, tuple[int, ...]]
    up_to_position: int | None = None
    stored_position: int | None = None

    @classmethod
    def of(cls, query: UsageQuery, dictionary: Dictionary) -> "ResolvedQuery | None":
        """None when no call can be meant: nothing stored has the organization or one of the texts asked."""
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
        """The same question, with the end of a month for an end of its span beyond which nothing is stored.

        ``extent`` is that of all stored calls, of which some are in the span.
        """
        start_ms, end_ms = self.start_ms, self.end_ms
        if start_ms <= extent.first_ms:
            start_ms = first_day_of(month_of(extent.first_ms // DAY_MS)) * DAY_MS
        if end_ms >= extent.end_ms:
            end_ms = first_day_of(month_of((extent.end_ms - 1) // DAY_MS) + 1) * DAY_MS
        return replace(self, start_ms=start_ms, end_ms=end_ms)


def name_of(dimension: Dimension) -> str:
    """The name that an answer's column of a dimension has: that in `COLUMNS` without quotes."""
    return COLUMNS[dimension].strip('"')


def first_ms(instant: datetime) -> int:
    """The first whole millisecond since 1970 that is not before an instant."""
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
