"""The vendor-neutral usage query and result, to which every API converts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from calltally.window import Granularity, Window


class Dimension(StrEnum):
    """The fields to group and filter by; the value is the public name."""

    CLIENT_ID = "client_id"
    USER_ID = "user_id"
    SOURCE_ID = "source_id"
    ACCOUNT_ID = "account_id"
    ROUTE = "route"
    METHOD = "method"
    STATUS = "status"
    STATUS_CLASS = "status_class"


class StatusClass(StrEnum):
    """The values of ``status_class``. A call without a response (0) or with a 1xx status is in ``NONE``."""

    SUCCESS = "2xx"
    REDIRECTION = "3xx"
    CLIENT_ERROR = "4xx"
    SERVER_ERROR = "5xx"
    NONE = "none"


class Metric(StrEnum):
    """What is counted, as integers. ``STATUS_429`` is part of ``STATUS_400``."""

    CALLS = "calls"
    STATUS_200 = "status_200"
    STATUS_300 = "status_300"
    STATUS_400 = "status_400"
    STATUS_429 = "status_429"
    STATUS_500 = "status_500"
    ACTIVE_DAYS = "active_days"  # calendar days, in the query's time zone, with at least one call


START = "start"
"""The column with the first instant of a row's bucket; present unless the granularity is total."""


@dataclass(frozen=True, slots=True)
class Ordering:
    """One sort key of rows: `START`, a grouped dimension or a requested metric."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageQuery:
    """A query of counts by time, dimensions and metrics.

    ``where`` maps a dimension to its accepted texts; a call must match all dimensions. Rows are ordered by
    ``order_by``, then by `START`, then by the grouped texts, ascending, so that pages never overlap. Only
    groups with at least one call have a row; without ``group_by`` and with granularity total there is always
    exactly one row.

    With ``as_of`` the result is as it was known at that instant: calls and corrections received later are
    left out.
    """

    organization: str
    window: Window
    granularity: Granularity = Granularity.TOTAL
    time_zone: str = "UTC"
    group_by: tuple[Dimension, ...] = ()
    where: Mapping[Dimension, frozenset[str]] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = (Metric.CALLS,)
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int = 0
    as_of: datetime | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of a row's values, in order: start (unless total), grouped dimensions, metrics."""
        start = () if self.granularity is Granularity.TOTAL else (START,)
        return (*start, *(str(d) for d in self.group_by), *(str(m) for m in self.metrics))


Value = int | str | datetime
"""A cell: a metric or status is an int, a dimension's text a str, `START` an aware datetime in UTC."""


@dataclass(frozen=True, slots=True)
class UsageResult:
    """The result of a `UsageQuery`: rows of values in the order of ``columns``.

    ``total_rows`` is the number of rows before limit and offset.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    total_rows: int

    def records(self) -> list[dict[str, Value]]:
        """The rows as dictionaries."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class SourceActivity:
    """The activity of a source's accounts in one UTC month.

    ``account_days`` sums, over the accounts, their days with at least one call on that source; ``accounts``
    is the number of accounts with at least one. Their quotient is the mean number of active days.
    """

    month: date
    account_days: int
    accounts: int
