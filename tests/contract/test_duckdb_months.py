"""What the embedded store promises of its sums by month: they are quicker than days and say the same."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.duckdb.schema_files import _files
from calltally.store.duckdb.usage import grouped_counts as grouped_counts
from calltally.usage_query import SourceActivity
from tests.call_batches import a_call, time_ms
from tests.contract.proof_contract import differences
from tests.contract.questions import apply, count, months, rows
from tests.ledger_batches import amend, cancel, restate

EAGER = CompactionLimits(fresh_rows=1, merged_rows=1, runs_of_month=2)
NINTH, TENTH, TWELFTH = (f"2026-03-{day}T12:00:00Z" for day in ("09", "10", "12"))
YEAR = ("2026-01-01", "2027-01-01")
MONTHLY = [f"by_{name}" for name in ("route", "source", "account", "source_account", "client_route")] + [
    "by_client_user_route"
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb"


@pytest.fixture(params=["few rows", "many rows"])
def store(
    path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DuckDBUsageStore]:
    """One that settles at once what it is told to settle; rows are added up outside of SQL, or in it."""
    if request.param == "many rows":
        monkeypatch.setattr(grouped_counts, "FEW_ROWS", 0)
    store = DuckDBUsageStore(path, limits=EAGER)
    yield store
    store.close()


def settle(store: DuckDBUsageStore) -> None:
    while store.compact():
        pass


def active(store: DuckDBUsageStore, span: tuple[str, str] = YEAR) -> list[tuple[Any, ...]]:
    """The calls and the active days of an account by month."""
    where = {"account_id": ["account-1"]}
    return rows(store, span, per="month", where=where, metrics=["calls", "active_days"])


def changed(store: DuckDBUsageStore, path: Path, *statements: str) -> DuckDBUsageStore:
    store.close()
    with duckdb.connect(str(path)) as connection:
        for sql in statements:
            connection.execute(sql)
    return DuckDBUsageStore(path, limits=EAGER)


# Reading


def test_a_question_about_whole_months_reads_no_settled_day(store: DuckDBUsageStore, path: Path) -> None:
    apply(store, a_call(time=NINTH), a_call(time=TENTH, status=404))
    settle(store)

    again = changed(store, path, *(f"DELETE FROM {marginal}_settled" for marginal in MONTHLY))  # noqa: S608

    assert rows(again, by=["client_id"], metrics=["calls", "status_400"]) == [("client-1", 2, 1)]
    assert rows(again, by=["route", "method"]) == [("/users/{id}", "GET", 2)]
    assert rows(again, by=["user_id"]) == [("user-1", 2)]
    assert rows(again, by=["source_id"]) == [("source-1", 2)]
    assert rows(again, by=["client_id", "status_class"]) == [("client-1", "2xx", 1), ("client-1", "4xx", 1)]
    assert active(again) == [("2026-03-01T00:00Z", 2, 2)]
    assert again.source_has_accounts("acme", "source-1")
    assert again.source_activity("acme", "source-1", months("2026-01", "2026-12")) == (
        SourceActivity(date(2026, 3, 1), 2, 1),
    )
    again.close()


def test_months_without_calls_at_their_ends_are_read_as_whole_ones(
    store: DuckDBUsageStore, path: Path
) -> None:
    apply(store, a_call(time=NINTH), a_call(time=TENTH))
    settle(store)

    again = changed(store, path, "DELETE FROM by_route_settled")

    assert rows(again, ("2026-03-09", "2026-03-11"), by=["route"]) == [("/users/{id}", 2)]
    assert rows(again, ("2026-03-09", "2026-03-10"), by=["route"]) == []
    again.close()


def test_what_is_not_settled_counts_beside_the_month_it_belongs_to(store: DuckDBUsageStore) -> None:
    apply(store, a_call(time=NINTH), a_call(time=TENTH))
    settle(store)

    apply(store, a_call(time=TENTH), a_call(time=TWELFTH), a_call(time="2026-04-01T00:00:00Z"))

    assert active(store) == [("2026-03-01T00:00Z", 4, 3), ("2026-04-01T00:00Z", 1, 1)]
    assert rows(store, YEAR, by=["client_id"], metrics=["calls", "active_days"]) == [("client-1", 5, 4)]
    assert rows(store, ("2026-03-10", "2026-04-20"), by=["client_id"]) == [("client-1", 4)]


def test_months_that_a_window_cuts_are_counted_by_day(store: DuckDBUsageStore) -> None:
    for month in (2, 3, 4, 5):
        apply(store, *(a_call(time=f"2026-{month:02}-{day:02}T12:00:00Z") for day in (1, 15, 28)))
        settle(store)

    assert active(store, ("2026-02-15", "2026-04-02")) == [
        ("2026-02-01T00:00Z", 2, 2),
        ("2026-03-01T00:00Z", 3, 3),
        ("2026-04-01T00:00Z", 1, 1),
    ]
    assert rows(store, ("2026-02-15T12:00:01", "2026-05-15T12:00:00"), by=["route"]) == [("/users/{id}", 8)]


def test_days_of_a_status_class_are_those_with_calls_of_the_class(store: DuckDBUsageStore) -> None:
    apply(store, a_call(time=NINTH), a_call(time=TENTH), a_call(time=TENTH, status=404))
    settle(store)

    assert rows(store, by=["client_id", "status_class"], metrics=["active_days"]) == [
        ("client-1", "2xx", 2),
        ("client-1", "4xx", 1),
    ]
    assert rows(
        store, where={"client_id": ["client-1"], "status_class": ["4xx"]}, metrics=["active_days"]
    ) == [(1,)]


# Corrections and late calls


def test_a_day_whose_only_call_was_cancelled_since_it_settled_is_not_active(store: DuckDBUsageStore) -> None:
    gone = a_call(time=NINTH)
    apply(store, gone, a_call(time=TENTH))
    settle(store)

    cancel(store, gone)

    assert active(store) == [("2026-03-01T00:00Z", 1, 1)]
    assert store.source_activity("acme", "source-1", months("2026-01", "2026-12")) == (
        SourceActivity(date(2026, 3, 1), 1, 1),
    )
    settle(store)
    assert active(store) == [("2026-03-01T00:00Z", 1, 1)]
    assert differences(store) == []


def test_a_withdrawal_that_settles_as_a_run_of_its_own_takes_its_day_with_it(path: Path) -> None:
    apart = CompactionLimits(fresh_rows=1, merged_rows=1, runs_of_month=9)
    store = DuckDBUsageStore(path, limits=apart)
    gone, soon = a_call(time=NINTH), time_ms(a_call(time=TWELFTH))
    apply(store, gone, a_call(time=TENTH), a_call(time=TENTH))
    settle(store)

    cancel(store, gone, received_ms=soon)
    settle(store)

    assert active(store) == [("2026-03-01T00:00Z", 2, 1)]
    assert differences(store) == []
    store.close()
    with duckdb.connect(str(path), read_only=True) as connection:
        runs = "SELECT COUNT(*) FROM settled_run WHERE marginal = 'by_account'"
        assert connection.execute(runs).fetchall() == [(2,)]


def test_a_day_with_a_call_left_stays_active(store: DuckDBUsageStore) -> None:
    gone = a_call(time=NINTH)
    apply(store, gone, a_call(time=NINTH), a_call(time=TENTH))
    settle(store)

    cancel(store, gone)

    assert active(store) == [("2026-03-01T00:00Z", 2, 2)]
    settle(store)
    assert active(store) == [("2026-03-01T00:00Z", 2, 2)]


def test_a_call_that_came_back_makes_its_day_active_again(store: DuckDBUsageStore) -> None:
    call = a_call(time=NINTH)
    apply(store, call)
    settle(store)
    cancel(store, call)
    settle(store)

    restate(store, call)

    assert active(store) == [("2026-03-01T00:00Z", 1, 1)]
    settle(store)
    assert active(store) == [("2026-03-01T00:00Z", 1, 1)]
    assert differences(store) == []


def test_an_amended_call_is_active_where_it_is_now(store: DuckDBUsageStore) -> None:
    before = a_call(id="c", time=NINTH, account_id="account-1")
    apply(store, before)
    settle(store)

    amend(store, before, a_call(id="c", time=NINTH, account_id="account-2"))

    by_account: dict[str, Any] = {"per": "month", "by": ["account_id"], "metrics": ["active_days"]}
    assert rows(store, **by_account) == [("2026-03-01T00:00Z", "account-2", 1)]
    settle(store)
    assert rows(store, **by_account) == [("2026-03-01T00:00Z", "account-2", 1)]
    assert store.source_activity("acme", "source-1", months("2026-03", "2026-03")) == (
        SourceActivity(date(2026, 3, 1), 1, 1),
    )


def test_a_source_without_an_account_left_has_none(store: DuckDBUsageStore) -> None:
    only = a_call(time=NINTH)
    apply(store, only)
    settle(store)

    cancel(store, only)

    assert not store.source_has_accounts("acme", "source-1")


def test_late_calls_of_a_settled_month_are_in_it(store: DuckDBUsageStore) -> None:
    apply(store, a_call(time=NINTH), a_call(time=TENTH))
    apply(store, a_call(time="2026-04-10T12:00:00Z"))
    settle(store)

    apply(store, a_call(time=NINTH), a_call(time="2026-03-31T23:59:59.999Z"))

    for _ in range(2):
        assert active(store) == [("2026-03-01T00:00Z", 4, 3), ("2026-04-01T00:00Z", 1, 1)]
        settle(store)
    assert differences(store) == []


# Pruning, proof, earlier versions


def test_pruning_within_a_month_leaves_the_rest_of_it(store: DuckDBUsageStore) -> None:
    apply(store, a_call(time="2026-02-10T12:00:00Z"), a_call(time=NINTH), a_call(time=TENTH))
    apply(store, a_call(time="2026-04-10T12:00:00Z"))
    settle(store)
    apply(store, a_call(time=NINTH))
    store.prune_calls(date(2026, 4, 1))

    assert store.prune_counts(date(2026, 3, 10)) == 3

    kept = ("2026-03-10", "2026-05-01")
    assert active(store, kept) == [("2026-03-01T00:00Z", 1, 1), ("2026-04-01T00:00Z", 1, 1)]
    assert count(store, kept, where={"route": ["/users/{id}"]}) == 2
    assert differences(store) == []
    settle(store)
    assert active(store, kept) == [("2026-03-01T00:00Z", 1, 1), ("2026-04-01T00:00Z", 1, 1)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "UPDATE by_account_month SET calls = calls + 2",
            ("calls by month, account", date(2026, 3, 1), "account=account-1", 4, 2),
        ),
        (
            "UPDATE by_account_month SET days = 1",
            ("days with calls (as bits) by month, account", date(2026, 3, 1), "account=account-1", 1, 768),
        ),
        (
            "DELETE FROM by_source_month",
            ("status_200 by month, source", date(2026, 3, 1), "source=source-1", 0, 2),
        ),
        (
            "INSERT INTO by_source_month VALUES (1, 24000, 1, 7, 0, 0, 0, 0, 0, 1)",
            ("calls by month, source", date(2000, 1, 1), "source=source-1", 7, 0),
        ),
    ],
)
def test_an_audit_tells_months_that_are_not_the_sums_of_their_days(
    store: DuckDBUsageStore, path: Path, change: str, told: tuple[object, ...]
) -> None:
    apply(store, a_call(time=NINTH), a_call(time=TENTH))
    settle(store)

    again = changed(store, path, change)

    assert told in [(d.what, d.day, d.key, d.stored, d.recounted) for d in differences(again)]
    again.close()


def test_what_an_earlier_version_settled_is_counted_by_month(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE schema_version (version INTEGER NOT NULL, file VARCHAR NOT NULL)")
        before = [(name, sql) for name, sql in _files() if name < "0005"]
        for version, (name, sql) in enumerate(before, start=1):
            connection.execute(sql)
            connection.execute("INSERT INTO schema_version VALUES (?, ?)", [version, name])
        connection.execute("INSERT INTO meta VALUES ('identity_seed', 7), ('position', 0)")
        connection.execute("INSERT INTO dictionary VALUES (0, 0, 1, 'acme', false), (5, 1, 1, 'a', false)")
        run = "INSERT INTO by_account_settled VALUES (1, {}, 1, {}, 0, 0, 0, 0, 0)"
        connection.execute(run.format(20521, 2))  # 2026-03-09
        connection.execute(run.format(20521, -2))
        connection.execute(run.format(20522, 3))
        connection.execute(run.format(20575, 1))  # 2026-05-02
        connection.execute(
            "INSERT INTO by_day_settled "
            "SELECT organization, day, COLUMNS('calls|status.*') FROM by_account_settled"
        )

    store = DuckDBUsageStore(path)

    found = rows(store, YEAR, per="month", where={"account_id": ["a"]}, metrics=["calls", "active_days"])
    assert found == [("2026-03-01T00:00Z", 3, 1), ("2026-05-01T00:00Z", 1, 1)]
    assert not [one for one in differences(store) if "by month" in one.what]
    store.close()
