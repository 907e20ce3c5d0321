"""The SQL of the embedded store, so that a review shows what changed.

``CALLTALLY_REWRITE_GOLDEN=1 pytest tests/golden`` writes the copies anew.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from calltally.dictionary import Kind
from calltally.store.duckdb import (
    audit_statements,
    batch_statements,
    compaction_statements,
    doubled_statements,
    erase_statements,
    export_statements,
    identity_statements,
    ledger_statements,
    month_statements,
    outcome_statements,
    prune_statements,
    statements,
    text_statements,
)
from calltally.store.duckdb.marginals import MARGINALS
from calltally.store.duckdb.statements import Statement
from calltally.store.duckdb.usage.resolved_query import ResolvedQuery, first_ms
from calltally.store.duckdb.usage.row_source import RowSource
from calltally.store.duckdb.usage.time_buckets import TimeBuckets
from calltally.store.duckdb.usage.usage_statement import usage
from calltally.store.kept import KeptPage
from calltally.usage_query import Dimension, Metric, Ordering, UsageQuery
from calltally.window import Granularity, Window

FOLDER = Path(__file__).parent / "duckdb"
MARCH = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
CUT = Window(datetime(2026, 3, 1, 6, tzinfo=UTC), datetime(2026, 3, 20, 18, tzinfo=UTC))
FROM_FEBRUARY = Window(datetime(2026, 2, 10, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC))
MOST_CALLS = (Ordering("calls", descending=True),)
BY_ACCOUNT, BY_SOURCE_ACCOUNT = (
    {m.name: m for m in MARGINALS}[n] for n in ("by_account", "by_source_account")
)


def usage_sql(
    where: dict[Dimension, tuple[int, ...]], as_of: int | None = None, **asked: object
) -> Statement:
    """``as_of`` is the position up to which calls are looked at."""
    query = UsageQuery(organization="acme", **{"window": MARCH, **asked})  # type: ignore[arg-type]
    question = ResolvedQuery(1, first_ms(query.window.start), first_ms(query.window.end), where, as_of)
    zone = ZoneInfo(query.time_zone)
    buckets = TimeBuckets(query.granularity, zone, question.start_ms, question.end_ms)
    return usage(query, question, buckets)


def few_rows_sql(where: dict[Dimension, tuple[int, ...]]) -> Statement:
    """The rows of active days by month that are added up outside of SQL."""
    query = UsageQuery(
        organization="acme", window=MARCH, granularity=Granularity.MONTH, metrics=(Metric.ACTIVE_DAYS,)
    )
    question = ResolvedQuery(1, first_ms(MARCH.start), first_ms(MARCH.end), where)
    buckets = TimeBuckets(query.granularity, ZoneInfo("UTC"), question.start_ms, question.end_ms)
    return RowSource(query, question, buckets, plain_times=True).statement()


STATEMENTS: dict[str, list[Statement]] = {
    "total_of_a_month": [usage_sql({})],
    "top_routes": [
        usage_sql(
            {}, group_by=(Dimension.ROUTE, Dimension.METHOD), order_by=MOST_CALLS, limit=250, offset=250
        )
    ],
    "active_days_of_an_account": [
        usage_sql(
            {Dimension.ACCOUNT_ID: (7,)},
            granularity=Granularity.MONTH,
            metrics=(Metric.ACTIVE_DAYS, Metric.CALLS),
        )
    ],
    "few_rows_of_an_account": [few_rows_sql({Dimension.ACCOUNT_ID: (7,)})],
    "whole_and_cut_months": [
        usage_sql({}, window=FROM_FEBRUARY, granularity=Granularity.MONTH, group_by=(Dimension.ROUTE,))
    ],
    "cut_days_by_week": [usage_sql({Dimension.METHOD: (1, 2)}, window=CUT, granularity=Granularity.WEEK)],
    "status_classes": [
        usage_sql(
            {Dimension.STATUS_CLASS: (4, 5)},
            group_by=(Dimension.CLIENT_ID, Dimension.STATUS_CLASS),
            metrics=(Metric.CALLS, Metric.STATUS_429),
        )
    ],
    "statuses": [usage_sql({}, group_by=(Dimension.STATUS,))],
    "hours_in_berlin": [usage_sql({}, granularity=Granularity.HOUR, time_zone="Europe/Berlin")],
    "days_in_berlin": [usage_sql({}, granularity=Granularity.DAY, time_zone="Europe/Berlin")],
    "source_has_accounts": [statements.source_has_accounts(1, 7)],
    "taken_identities": [identity_statements.received(1000, 5, 18), identity_statements.tally(1000, 5, 18)],
    "find_identities": [identity_statements.find([(0, 86_400_000), (864_000_000, 950_400_000)], 17, 1000)],
    "count_in": [batch_statements.append_calls(), batch_statements.count_in(BY_SOURCE_ACCOUNT)],
    "count_in_corrected": [batch_statements.count_in(BY_SOURCE_ACCOUNT, corrected=True)],
    "as_of": [usage_sql({}, as_of=17)],
    "current_calls": [ledger_statements.current_calls(1)],
    "calls_within": [
        ledger_statements.calls_within(
            ResolvedQuery(1, 0, 86_400_000, {Dimension.CLIENT_ID: (1,), Dimension.STATUS_CLASS: (4, 5)}), 100
        )
    ],
    "export_calls": [
        export_statements.export_calls(ResolvedQuery(1, 0, 86_400_000, {}), "csv", "f.csv", every_entry=False)
    ],
    "export_counts": [
        export_statements.export_counts(
            1, 20513, 20544, (Dimension.CLIENT_ID, Dimension.ROUTE), "parquet", "f.parquet"
        )
    ],
    "prune_day": prune_statements.prune_day(20513),
    "cut_months": month_statements.cut_months(BY_ACCOUNT, 20520),
    "erase": [
        erase_statements.rename(3, 1, "ada", "erased-1"),
        erase_statements.paths_with(1, "ada"),
        erase_statements.change_paths("call_fresh", 1, 0, 1000),
        erase_statements.change_rows("rejected_sample", ("content", "reason")),
    ],
    "texts": [
        text_statements.unused_texts(Kind.ACCOUNT),
        text_statements.missing_texts(Kind.ACCOUNT, 1000),
        text_statements.note_removal(),
        text_statements.remove(),
    ],
    "kept": [
        outcome_statements.conflicts(1, KeptPage((20513, 20544), below=500, limit=101)),
        outcome_statements.samples(1, KeptPage((20513, 20544), limit=101, code="time.too_late")),
        outcome_statements.corrections(1, KeptPage((20513, 20544), limit=101)),
        outcome_statements.conflict_counts(1, 20513, 20544),
        outcome_statements.drop_kept_before("conflict", 1, 1_772_323_200_000),
    ],
    "audit": [
        audit_statements.marginal_against_calls(BY_ACCOUNT, 20513, 20544),
        audit_statements.marginal_against_totals(BY_ACCOUNT, 20513, 20544),
        audit_statements.days_against_calls(20513, 20544),
        audit_statements.months_against_days(BY_ACCOUNT, range(24314, 24315)),
        doubled_statements.doubled_calls(20513, 20544, 1, 3, 1000),
        doubled_statements.rows_of_doubled_calls(20513, 20544, 1, 3, 1000),
        audit_statements.withdrawn_too_often(20513, 20544),
        audit_statements.accepted_against_calls(20513, 20544),
        audit_statements.conflicts_against_kept(20513),
        audit_statements.corrections_against_rows(),
    ],
    "compaction": [
        *compaction_statements.merge_fresh(BY_SOURCE_ACCOUNT),
        *compaction_statements.settle_merged(BY_ACCOUNT),
        *compaction_statements.merge_month(BY_ACCOUNT, 24314, 20513, 20544),
        *compaction_statements.sort_span(20513, 1_772_323_200_000, 1_772_366_400_000),
        *compaction_statements.compact_span(20513, 1_772_366_400_000, 1_772_409_600_000),
        *compaction_statements.record_day(20513, 1_772_323_200_000, 1_772_409_600_000),
        compaction_statements.position_after(1000),
        *compaction_statements.pack_up_to(17),
        *compaction_statements.sum_receipt_day("rejection", 20513),
    ],
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_sql_is_the_copy(name: str) -> None:
    file = FOLDER / f"{name}.sql"
    text = "\n".join(_written(statement) for statement in STATEMENTS[name])
    if os.environ.get("CALLTALLY_REWRITE_GOLDEN"):
        file.write_text(text)

    assert text == file.read_text()


def test_there_are_no_copies_of_nothing() -> None:
    assert {file.stem for file in FOLDER.glob("*.sql")} == set(STATEMENTS)


def _written(statement: Statement) -> str:
    bound = "".join(f"-- ${name} = {value!s}\n" for name, value in statement.parameters.items())
    return f"{bound}{statement.sql};\n"
