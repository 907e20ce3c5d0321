"""The stored rows that a result sums."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from calltally.clock import DAY_MS
from calltally.store.duckdb.marginals import CONDITIONS, COUNTS, SETTLED, Marginal, narrowest_marginal
from calltally.store.duckdb.statements import UNSTORED, WEIGHT, Statement, columns, where
from calltally.store.duckdb.usage.resolved_query import COLUMNS, ResolvedQuery
from calltally.store.duckdb.usage.time_buckets import TimeBuckets, first_day_of, month_of
from calltally.usage_query import START, Dimension, Metric, UsageQuery
from calltally.window import Granularity

T = TypeVar("T")

CLASS_OF_CALL = "CASE WHEN status BETWEEN 200 AND 599 THEN status // 100 ELSE 0 END"
_CLASSES = {
    2: Metric.STATUS_200,
    3: Metric.STATUS_300,
    4: Metric.STATUS_400,
    5: Metric.STATUS_500,
}


class RowSource:
    """The rows that answer a query: a marginal's for whole UTC days, calls for the rest.

    Only calls answer for hours, for days other than UTC's, for dimensions that no marginal has and for a
    query up to a position; `calltally.store.retained` has the same rule for days whose calls were pruned.
    Whole months are read as months as far as they are settled, unless ``by_month`` is False. With a
    ``stored_position`` there is also a row per group of unstored calls.

    Rows have the bucket as `START`, the grouped columns and `counts`. For active days they have the zone's
    ``day``, or with `has_months` the ``month`` with the day as its ``bit``; a row of a whole month has 0
    there and in ``days`` the bits of the days with settled calls, which is 0 in all other rows.

    With ``plain_times``, which need no expressions and are faster to plan, they have the day's number as
    ``at`` instead; with `has_months` a row of a whole month has the month's number there, and all other rows
    have -1 as ``days``.
    """

    def __init__(
        self,
        query: UsageQuery,
        question: ResolvedQuery,
        buckets: TimeBuckets,
        *,
        by_month: bool = True,
        plain_times: bool = False,
    ) -> None:
        self._query = query
        self._question = question
        self._buckets = buckets
        self._plain_times = plain_times
        self.has_start = query.granularity is not Granularity.TOTAL
        self.has_day = Metric.ACTIVE_DAYS in query.metrics
        self.has_class = Dimension.STATUS_CLASS in {*query.group_by, *question.where}
        self.marginal = self._marginal()
        self.counts = [Metric(count) for count in COUNTS if count == "calls" or count in query.metrics]
        self._days = range(-(-question.start_ms // DAY_MS), question.end_ms // DAY_MS)
        self._months = self._whole_months() if by_month else range(0)
        self.has_months = bool(self._months)

    def statement(self) -> Statement:
        question, marginal, days = self._question, self.marginal, self._days
        if marginal is None or not days:
            parts = [self._of_calls("", question.start_ms, question.end_ms)]
        else:
            parts = self._of_months(marginal) if self.has_months else [self._of_days(marginal.name, days)]
            if question.start_ms < days.start * DAY_MS:
                parts.append(self._of_calls("before_", question.start_ms, days.start * DAY_MS))
            if days.stop * DAY_MS < question.end_ms:
                parts.append(self._of_calls("after_", days.stop * DAY_MS, question.end_ms))
        if question.stored_position is not None:
            parts.append(self._of_unstored())
        bound = {name: value for part in parts for name, value in part.parameters.items()}
        return Statement("\nUNION ALL\n".join(part.sql for part in parts), **bound)

    def _marginal(self) -> Marginal | None:
        if self._query.granularity is Granularity.HOUR or self._question.up_to_position is not None:
            return None
        if (self.has_start or self.has_day) and not self._buckets.days_are_utc:
            return None
        dimensions = {*self._query.group_by, *self._question.where} - {Dimension.STATUS_CLASS}
        return narrowest_marginal({COLUMNS[dimension] for dimension in dimensions})

    def _whole_months(self) -> range:
        """The months that are covered entirely. Months do not record the days of a status class's calls."""
        days = self._days
        if self.marginal is None or not self.marginal.has_months or not days:
            return range(0)
        if self._query.granularity not in (Granularity.TOTAL, Granularity.MONTH):
            return range(0)
        if self.has_day and self.has_class:
            return range(0)
        first = month_of(days.start)
        return range(first + (days.start > first_day_of(first)), month_of(days.stop))

    def _of_months(self, marginal: Marginal) -> list[Statement]:
        """Sums of whole months, and the remaining days."""
        months, days = self._months, self._days
        whole = range(first_day_of(months.start), first_day_of(months.stop))
        span = [
            Statement("month >= $first_month", first_month=months.start),
            Statement("month <  $end_month", end_month=months.stop),
        ]
        parts = [
            self._rows(marginal.months, self._time_of_months(), self._stored_counts(), span),
            self._of_days(marginal.unsettled, days),
        ]
        settled = marginal.table(SETTLED)
        if days.start < whole.start:
            parts.append(self._of_days(settled, range(days.start, whole.start), "before_"))
        if whole.stop < days.stop:
            parts.append(self._of_days(settled, range(whole.stop, days.stop), "after_"))
        return parts

    def _of_days(self, table: str, days: range, prefix: str = "") -> Statement:
        first, end = f"{prefix}first_day", f"{prefix}end_day"
        span = [
            Statement(f"day >= ${first}", **{first: days.start}),
            Statement(f"day <  ${end}", **{end: days.stop}),
        ]
        return self._rows(table, self._time("day", self._buckets.of_utc_day()), self._stored_counts(), span)

    def _of_unstored(self) -> Statement:
        """Sums of unstored calls, which may be very many."""
        question, (time, counts) = self._question, self._from_calls()
        sums = {name: f"CAST(SUM({sql}) AS BIGINT)" for name, sql in counts.items() if name in COUNTS}
        span = _within("unstored_", question.start_ms, question.end_ms)
        rows = self._rows(UNSTORED, time, counts | sums, span)
        return Statement(f"{rows.sql}\nGROUP BY ALL\nHAVING COUNT(*) > 0", **rows.parameters)

    def _of_calls(self, prefix: str, start_ms: int, end_ms: int) -> Statement:
        span = [*_within(prefix, start_ms, end_ms), *self._up_to_position()]
        return self._rows("call", *self._from_calls(), span)

    def _from_calls(self) -> tuple[dict[str, str], dict[str, str]]:
        """The time columns and the counts of a row of calls."""
        counts = {"status_class": CLASS_OF_CALL} if self.has_class else {}
        for metric in self.counts:
            condition = CONDITIONS[metric]
            counts[metric] = f"CASE WHEN {condition} THEN {WEIGHT} ELSE 0 END" if condition else WEIGHT
        return self._time(self._buckets.day_of_time(), self._buckets.of_time()), counts

    def _time(self, day: str, start: str) -> dict[str, str]:
        """The time columns of a row, from its day and its bucket."""
        if self._plain_times:
            marked = {"days": "-1"} if self.has_months else {}
            return {"at": day, **marked} if self.has_start or self.has_day else {}
        days = {"day": day}
        if self.has_months:
            days = {"month": f"month_of({day})", "bit": f"bit_of({day})", "days": "0"}
        return {**({START: start} if self.has_start else {}), **(days if self.has_day else {})}

    def _time_of_months(self) -> dict[str, str]:
        if self._plain_times:
            return {"at": "month", "days": "days"} if self.has_start or self.has_day else {}
        days = {"month": "month", "bit": "0", "days": "days"}
        return {**({START: "month"} if self.has_start else {}), **(days if self.has_day else {})}

    def _stored_counts(self) -> dict[str, str]:
        counts = {str(metric): str(metric) for metric in self.counts}
        return _by_class(counts) if self.has_class else counts

    def _up_to_position(self) -> list[Statement]:
        bounds = {
            "up_to_position": self._question.up_to_position,
            "stored_position": self._question.stored_position,
        }
        return [
            Statement(f"position <= ${name}", **{name: position})
            for name, position in bounds.items()
            if position is not None
        ]

    def _rows(
        self, table: str, time: Mapping[str, str], counts: Mapping[str, str], span: list[Statement]
    ) -> Statement:
        grouped = (COLUMNS[d] for d in self._query.group_by if d is not Dimension.STATUS_CLASS)
        shown = [
            *(_named(sql, name) for name, sql in time.items()),
            *unique(grouped),
            *(_named(sql, name) for name, sql in counts.items()),
        ]
        conditions = [
            Statement("organization = $organization", organization=self._question.organization),
            *span,
            *(
                membership(dimension, numbers)
                for dimension, numbers in self._question.where.items()
                if dimension is not Dimension.STATUS_CLASS
            ),
        ]
        bound = {name: value for one in conditions for name, value in one.parameters.items()}
        clause = where(one.sql for one in conditions)
        return Statement(f"SELECT {columns(shown)}\nFROM   {table}\n{clause}", **bound)


def membership(dimension: Dimension, numbers: tuple[int, ...], column: str = "") -> Statement:
    """The condition that the dimension's column, or another expression for it, has one of the numbers.

    Several numbers are bound as one list: binding hundreds one by one takes longer than looking them up.
    """
    tested = column or COLUMNS[dimension]
    if len(numbers) == 1:
        return Statement(f"{tested} = ${dimension}", **{dimension: numbers[0]})
    return Statement(f"{tested} IN (SELECT UNNEST(${dimension}))", **{dimension: list(numbers)})


def _within(prefix: str, start_ms: int, end_ms: int) -> list[Statement]:
    """The conditions for calls in a half-open span."""
    start, end = f"{prefix}start_ms", f"{prefix}end_ms"
    return [
        Statement(f"time_ms >= ${start}", **{start: start_ms}),
        Statement(f"time_ms <  ${end}", **{end: end_ms}),
    ]


def unique(items: Iterable[T]) -> list[T]:
    """The items without repetitions, in order."""
    return list(dict.fromkeys(items))


def _named(expression: str, name: str) -> str:
    return expression if expression == name else f"{expression} AS {name}"


def _by_class(counts: Mapping[str, str]) -> dict[str, str]:
    """Split a row of a marginal into one row per status class."""
    in_class = dict(_CLASSES)
    without = " - ".join(in_class.values())
    lists = {"status_class": [*map(str, in_class), "0"], "calls": [*in_class.values(), f"calls - {without}"]}
    for name in counts:
        if name != Metric.CALLS:
            of = Metric.STATUS_400 if name == Metric.STATUS_429 else name
            lists[name] = [*(name if metric == of else "0" for metric in in_class.values()), "0"]
    return {name: f"UNNEST([{', '.join(items)}])" for name, items in lists.items()}
