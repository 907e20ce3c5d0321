"""Answers usage queries as of one instant of the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from calltally.clock import instant_ms
from calltally.dictionary import Dictionary, Kind
from calltally.store.duckdb import statements
from calltally.store.duckdb.database import Database
from calltally.store.duckdb.extent import Extent
from calltally.store.duckdb.usage.grouped_counts import grouped_counts
from calltally.store.duckdb.usage.numpy_sums import NumericColumns
from calltally.store.duckdb.usage.resolved_query import COLUMNS, KINDS, ResolvedQuery
from calltally.store.duckdb.usage.result_page import ResultPage
from calltally.store.duckdb.usage.time_buckets import EPOCH, TimeBuckets
from calltally.store.time_zone import time_zone
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import START, Dimension, Metric, SourceActivity, UsageQuery, UsageResult
from calltally.window import Granularity, Window


class UsageReader:
    """Answers queries from the calling thread's snapshot and the unstored calls after it; see `UsageStore`.

    ``extent`` is that of the stored calls. Of ``unstored`` calls only those that the snapshot lacks are
    counted. `usage` returns at most ``most_groups`` groups.
    """

    def __init__(
        self,
        database: Database,
        dictionary: Dictionary,
        extent: Extent,
        unstored: UnstoredCalls = NONE_UNSTORED,
        *,
        most_groups: int | None = None,
    ) -> None:
        self._most_groups = most_groups
        self._reader = database.reader()
        self._dictionary = dictionary
        self._position = database.seen_position
        self._later = unstored.behind(self._position)
        self._extent = extent.with_times(self._later.columns["time_ms"])

    def usage(self, query: UsageQuery) -> UsageResult:
        counted = self._counted(query, self._most_groups)
        if counted is None:
            return _without_calls(query)
        groups, buckets = counted
        return ResultPage(query, groups, self._dictionary, buckets).result()

    def source_activity(
        self, organization: str, source_id: str, window: Window
    ) -> tuple[SourceActivity, ...]:
        query = UsageQuery(
            organization=organization,
            window=window,
            granularity=Granularity.MONTH,
            where={Dimension.SOURCE_ID: frozenset({source_id})},
            group_by=(Dimension.ACCOUNT_ID,),
            metrics=(Metric.ACTIVE_DAYS,),
        )
        counted = self._counted(query)
        if counted is None:
            return ()
        groups, buckets = counted
        with_account = groups["account"] != 0
        months, places = np.unique(groups[START][with_account], return_inverse=True)
        days = np.zeros(len(months), np.int64)
        np.add.at(days, places, groups[Metric.ACTIVE_DAYS][with_account])
        accounts = np.bincount(places, minlength=len(months))
        rows = zip(months.tolist(), days.tolist(), accounts.tolist(), strict=True)
        return tuple(SourceActivity(buckets.start(month).date(), *numbers) for month, *numbers in rows)

    def source_has_accounts(self, organization: str, source_id: str) -> bool:
        organization_id = self._organization(organization)
        if organization_id is None:
            return False
        source = self._dictionary.find(Kind.SOURCE, organization_id, source_id)
        if source is None:
            return False
        asked = statements.source_has_accounts(organization_id, source, with_unstored=len(self._later) > 0)
        with self._unstored_table():
            return bool(asked.run(self._reader).fetchall())

    def last_days(self, organization: str, dimension: Dimension) -> dict[str, date]:
        organization_id = self._organization(organization)
        if organization_id is None:
            return {}
        statement = statements.last_days(organization_id, COLUMNS[dimension], KINDS[dimension])
        rows = statement.run(self._reader).fetchall()
        return {text: EPOCH + timedelta(days=day) for text, day in rows}

    def _counted(
        self, query: UsageQuery, most: int | None = None
    ) -> tuple[NumericColumns, TimeBuckets] | None:
        """The groups of a result as numbers; None if no call can match."""
        zone = time_zone(query.time_zone)
        question = self._question(query)
        if question is None:
            return None
        extent = self._extent.within(question.start_ms, question.end_ms)
        if extent.is_empty:
            return None
        buckets = TimeBuckets(query.granularity, zone, extent.first_ms, extent.end_ms)
        with self._unstored_table():
            months = question.to_whole_months(self._extent)
            groups = grouped_counts(self._reader, query, months, buckets, most=most)
        return groups, buckets

    def _question(self, query: UsageQuery) -> ResolvedQuery | None:
        question = ResolvedQuery.of(query, self._dictionary)
        if question is None:
            return None
        if query.as_of is not None:
            rows = statements.last_position(instant_ms(query.as_of)).run(self._reader).fetchall()
            return replace(question, up_to_position=rows[0][0])
        return replace(question, stored_position=self._position) if len(self._later) else question

    @contextmanager
    def _unstored_table(self) -> Iterator[None]:
        """Provide the table `UNSTORED` within, if there are such calls."""
        if not len(self._later):
            yield
            return
        self._reader.register(statements.UNSTORED, pa.table(dict(self._later.columns)))
        try:
            yield
        finally:
            self._reader.unregister(statements.UNSTORED)

    def _organization(self, organization: str) -> int | None:
        return self._dictionary.find(Kind.ORGANIZATION, 0, organization)


def _without_calls(query: UsageQuery) -> UsageResult:
    """The result if no call can match: an ungrouped total still has its row."""
    one_row = not query.group_by and query.granularity is Granularity.TOTAL
    rows = ((0,) * len(query.metrics),) if one_row else ()
    last = None if query.limit is None else query.offset + query.limit
    return UsageResult(query.columns, rows[query.offset : last], len(rows))
