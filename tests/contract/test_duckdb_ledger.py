"""What the embedded store promises of its ledger beyond the contract: copies, tampering, failures, turns."""

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pytest

from calltally.call_batch import RejectedSample
from calltally.dictionary import Kind
from calltally.errors import BusyError, CalltallyError, PrunedError
from calltally.store.duckdb import day_spans
from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.database import Database
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.duckdb.marginals import narrowest_marginal
from calltally.store.duckdb.usage.resolved_query import COLUMNS, KINDS
from calltally.store.retained import COUNTED_BY
from tests.call_batches import a_call, batch_of
from tests.contract.proof_contract import differences
from tests.contract.questions import apply, count, rows
from tests.end_to_end.compacting_child import numbered_batch
from tests.ledger_batches import amend, cancel, erasing
from tests.support.kept import as_it_came

EAGER = CompactionLimits(fresh_rows=1, merged_rows=1, runs_of_month=2, fresh_calls=1)
_FIRST_BLOCK, _BLOCK = 12_288, 262_144
"""Where DuckDB's blocks begin in a file and how large they are."""

NINTH, TENTH = "2026-03-09T12:00:00Z", "2026-03-10T12:00:00Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[DuckDBUsageStore]:
    store = DuckDBUsageStore(path, limits=EAGER)
    yield store
    store.close()


def tampered(store: DuckDBUsageStore, path: Path, sql: str) -> DuckDBUsageStore:
    """The store after somebody changed its file by hand."""
    store.close()
    with duckdb.connect(str(path)) as connection:
        connection.execute(sql)
    return DuckDBUsageStore(path)


# Backups


def test_a_backup_is_a_store_by_itself_with_everything_up_to_its_position(
    store: DuckDBUsageStore, tmp_path: Path
) -> None:
    before, after = a_call(id="c", time=NINTH), a_call(id="c", time=TENTH)
    apply(store, before, a_call(time=NINTH, path="/it's"))
    amend(store, before, after)
    while store.compact():
        pass
    apply(store, a_call(time="2026-04-01T00:00:00Z"))
    store.prune_calls(date(2026, 3, 9))

    assert store.backup(tmp_path / "copy.duckdb") == 3

    apply(store, a_call())
    copy = DuckDBUsageStore(tmp_path / "copy.duckdb")
    assert copy.position == 3
    assert copy.identity_key == store.identity_key
    assert copy.calls_from == date(2026, 3, 9)
    assert rows(copy, ("2026-03-01", "2026-05-01"), per="day") == [
        ("2026-03-09T00:00Z", 1),
        ("2026-03-10T00:00Z", 1),
        ("2026-04-01T00:00Z", 1),
    ]
    assert differences(copy) == []
    apply(copy, a_call())
    while copy.compact():
        pass
    assert count(copy) == 3
    copy.close()
    assert {file.name for file in tmp_path.iterdir()} <= {
        "copy.duckdb",
        "store.duckdb",
        "store.duckdb.wal",
        "store.duckdb.tmp",
    }


def test_a_backup_overwrites_nothing(store: DuckDBUsageStore, path: Path) -> None:
    with pytest.raises(CalltallyError, match="already exists"):
        store.backup(path)

    apply(store, a_call())
    assert count(store) == 1


def test_a_backup_that_cannot_be_written_leaves_nothing_and_harms_nothing(
    store: DuckDBUsageStore, tmp_path: Path
) -> None:
    with pytest.raises(CalltallyError, match="could not be copied"):
        store.backup(tmp_path / "nowhere" / "copy.duckdb")

    apply(store, a_call())
    assert store.backup(tmp_path / "copy.duckdb") == 1


def test_a_backup_holds_nothing_that_was_erased(store: DuckDBUsageStore, tmp_path: Path) -> None:
    secret = "ada-lovelace-1815"
    apply(store, a_call(user_id=secret, path=f"/u/{secret}"), a_call(user_id="bob"))
    store.checkpoint()
    store.apply(erasing(store, text=secret))

    store.backup(tmp_path / "copy.duckdb")

    assert secret.encode() not in (tmp_path / "copy.duckdb").read_bytes()


def test_calls_are_applied_and_questions_answered_while_a_backup_is_written(
    store: DuckDBUsageStore, tmp_path: Path
) -> None:
    apply(store, a_call())
    positions: list[int] = []

    def back_up() -> None:
        positions.extend(store.backup(tmp_path / f"{number}.duckdb") for number in range(3))

    thread = threading.Thread(target=back_up)
    thread.start()
    while thread.is_alive():
        apply(store, a_call())
        assert count(store) == store.position
    thread.join()

    for number, position in enumerate(positions):
        copy = DuckDBUsageStore(tmp_path / f"{number}.duckdb")
        assert count(copy) == copy.position == position
        copy.close()


# Audits


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            "INSERT INTO by_day_merged VALUES (1, 20522, 6, 0, 0, 0, 0, 0)",
            ("calls by day", "acme", date(2026, 3, 10), "", 7, 1),
        ),
        (
            "INSERT INTO by_client_route_merged VALUES (1, 20522, 1, 1, 1, 0, -1, 0, 0, 0, 0)",
            (
                "status_200 by day, client, route, method",
                "acme",
                date(2026, 3, 10),
                "client=client-1, route=/users/{id}, method=GET",
                0,
                1,
            ),
        ),
        (
            "INSERT INTO by_source_settled VALUES (1, 20000, 1, 1, 0, 0, 0, 0, 0)",
            ("calls by day, source", "acme", date(2024, 10, 4), "source=source-1", 1, 0),
        ),
        ("UPDATE call_day SET fresh = 5", ("sizes of days", "", date(2026, 3, 10), "fresh", 5, 1)),
        (
            "INSERT INTO by_account_merged VALUES (1, 20522, 1, -1, -1, 0, 0, 0, 0)",
            ("calls by day, account", "acme", date(2026, 3, 10), "account=account-1", 0, 1),
        ),
    ],
)
def test_an_audit_tells_what_was_changed_by_hand(
    store: DuckDBUsageStore, path: Path, change: str, told: tuple[object, ...]
) -> None:
    apply(store, a_call())

    again = tampered(store, path, change)

    found = [(d.what, d.organization, d.day, d.key, d.stored, d.recounted) for d in differences(again)]
    assert told in found
    again.close()


def test_an_audit_tells_a_call_that_is_missing_from_every_count_and_book(
    store: DuckDBUsageStore, path: Path
) -> None:
    apply(store, a_call(), a_call())

    again = tampered(store, path, "DELETE FROM call_fresh WHERE rowid = 0")

    whats = {difference.what for difference in differences(again)}
    assert {"calls by day", "calls by day, client, user, route, method", "sizes of days"} <= whats
    assert "accepted calls against the calls received" in whats
    again.close()


def test_an_audit_compares_pruned_days_with_their_frozen_totals(store: DuckDBUsageStore, path: Path) -> None:
    apply(store, a_call(time=NINTH), a_call(time=TENTH))
    store.prune_calls(date(2026, 3, 10))

    again = tampered(store, path, "INSERT INTO by_route_merged VALUES (1, 20521, 1, 1, 2, 0, 0, 0, 0, 0)")

    (difference,) = differences(again)
    assert (difference.what, difference.day) == ("calls by day, route, method", date(2026, 3, 9))
    assert (difference.stored, difference.recounted) == (3, 1)
    again.close()


def test_an_audit_tells_a_call_that_was_withdrawn_twice(store: DuckDBUsageStore) -> None:
    call = a_call()
    apply(store, call)
    cancel(store, call)
    cancel(store, call)

    (difference,) = differences(store)
    assert (difference.what, difference.stored, difference.recounted) == ("a call withdrawn too often", -1, 0)


def test_an_audit_finds_identities_taken_twice_on_a_day_that_is_compared_in_parts(
    store: DuckDBUsageStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_spans, "IDENTITIES_AT_ONCE", 10)
    apply(store, *[a_call() for _ in range(45)])

    again = tampered(store, path, "INSERT INTO call_fresh FROM call_fresh WHERE rowid < 7")

    steps = list(again.audit())
    twice = [
        one for step in steps for one in step.differences if one.what == "a call counted more often than once"
    ]
    assert [one.key for one in twice] == ["positions 1 to 1"] * 7
    assert all((one.stored, one.recounted) == (2, 1) for one in twice)
    assert (
        sum(step.what == "identities" for step in steps) == 5 + 1
    )  # parts, and what was withdrawn too often
    again.close()


def test_what_finds_no_memory_at_present_may_be_asked_again(store: DuckDBUsageStore) -> None:
    apply(store, a_call())

    with pytest.raises(BusyError, match="store_memory") as refused, store._database.snapshot():
        raise duckdb.OutOfMemoryException("failed to pin block")

    assert refused.value.retry_after > 0
    assert count(store) == 1


def test_an_audit_waits_for_memory_that_other_work_has(
    store: DuckDBUsageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(store, a_call())
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(store, "_database", _Short(store._database, times=3))

    assert differences(store) == []
    assert len(waits) == 3


def test_an_audit_that_finds_no_memory_proves_nothing(
    store: DuckDBUsageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(store, a_call())
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(store, "_database", _Short(store._database, times=1000))

    with pytest.raises(BusyError):
        differences(store)


class _Short:
    """A database that has no memory for what is read first, so many times."""

    def __init__(self, database: Database, times: int) -> None:
        self._database = database
        self._times = times

    def reader(self) -> duckdb.DuckDBPyConnection:
        return self._database.reader()

    @contextmanager
    def snapshot(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._database.snapshot() as connection:
            if self._times:
                self._times -= 1
                raise duckdb.OutOfMemoryException("failed to allocate")
            yield connection


def test_an_audit_tells_a_table_that_cannot_be_read(store: DuckDBUsageStore, path: Path) -> None:
    apply(store, a_call())

    again = tampered(store, path, "ALTER TABLE refusal RENAME TO elsewhere")

    (difference,) = differences(again)
    assert difference.what == "every column of refusal: cannot be read"
    assert "refusal" in difference.key
    again.close()


def test_an_audit_tells_a_damaged_block_and_goes_on(store: DuckDBUsageStore, path: Path) -> None:
    for position in range(1, 8):
        store.apply(numbered_batch(position))
    store.checkpoint()
    store.close()
    with duckdb.connect(str(path), read_only=True) as connection:
        ((block,),) = connection.execute(  # one that has nothing else, which is read when a store is opened
            "SELECT block_id FROM pragma_storage_info('call_fresh') WHERE column_name = 'digest'"
            " AND segment_type <> 'VALIDITY' AND block_id >= 0 ORDER BY count DESC LIMIT 1"
        ).fetchall()
    data = bytearray(path.read_bytes())
    data[_FIRST_BLOCK + block * _BLOCK + 1000] ^= 255
    path.write_bytes(data)

    again = DuckDBUsageStore(path)
    steps = list(again.audit())

    damaged = [one for step in steps for one in step.differences if "cannot be read" in one.what]
    assert "every column of calls: cannot be read" in {difference.what for difference in damaged}
    assert all("checksum" in difference.key for difference in damaged)
    assert [step.done for step in steps] == list(range(1, steps[0].total + 1))
    again.close()


def test_calls_may_be_applied_and_merged_between_the_steps_of_an_audit(store: DuckDBUsageStore) -> None:
    before, after = a_call(id="c"), a_call(id="c", time="2026-03-20T12:00:00Z")
    apply(store, before)

    steps = store.audit()
    found = list(next(steps).differences)
    amend(store, before, after)
    for step in steps:
        apply(store, a_call(time=NINTH))
        store.compact()
        found += step.differences

    assert found == []


# Pruning and erasing


def test_what_was_pruned_stays_pruned_when_the_store_is_opened_again(
    store: DuckDBUsageStore, path: Path
) -> None:
    apply(store, a_call(time="2026-01-31T12:00:00Z"), a_call(time=NINTH))
    store.prune_calls(date(2026, 3, 10))
    store.prune_counts(date(2026, 3, 1))
    store.close()

    again = DuckDBUsageStore(path)

    assert (again.calls_from, again.counts_from) == (date(2026, 3, 10), date(2026, 3, 1))
    assert count(again) == 1
    with pytest.raises(PrunedError):
        rows(again, per="hour")
    again.close()


def test_pruning_that_fails_at_a_day_leaves_that_day_whole_and_can_be_tried_again(
    store: DuckDBUsageStore,
) -> None:
    apply(store, a_call(time=NINTH), a_call(time=TENTH))
    store.prune_calls(date(2026, 3, 10))
    store._writer.execute("ALTER TABLE pruned_correction RENAME TO elsewhere")

    with pytest.raises(duckdb.Error):
        store.prune_calls(date(2026, 3, 20))

    assert store.calls_from == date(2026, 3, 10)
    assert rows(store, ("2026-03-10", "2026-04-01"), per="hour") == [("2026-03-10T12:00Z", 1)]
    store._writer.execute("ALTER TABLE elsewhere RENAME TO pruned_correction")
    assert store.prune_calls(date(2026, 3, 20)) == 1
    assert differences(store) == []


def test_an_erasure_that_fails_leaves_everything_as_it_was(store: DuckDBUsageStore) -> None:
    apply(store, a_call(user_id="alice", path="/u/alice"))
    batch = erasing(store, text="alice")
    store._writer.execute("ALTER TABLE correction RENAME TO elsewhere")

    with pytest.raises(duckdb.Error):
        store.apply(batch)

    assert rows(store, by=["user_id"]) == [("alice", 1)]
    assert store.dictionary.find(Kind.USER, 1, "alice") == 1
    store._writer.execute("ALTER TABLE elsewhere RENAME TO correction")
    store.apply(batch)
    assert rows(store, by=["user_id"]) == [("erased-1", 1)]


def test_a_question_amid_pruning_is_answered_in_full_or_refused(store: DuckDBUsageStore) -> None:
    days = [f"2026-03-{day:02}T12:00:00Z" for day in range(1, 31)]
    apply(store, *(a_call(time=day) for day in days))
    done = threading.Event()
    answers: set[object] = set()

    def ask() -> None:
        while not done.is_set():
            try:
                answers.add(len(rows(store, per="hour")))
            except PrunedError:
                answers.add("refused")
            answers.add(count(store))

    thread = threading.Thread(target=ask)
    thread.start()
    assert sum(store.prune_calls(date(2026, 3, day)) for day in range(2, 31)) == 29
    done.set()
    thread.join()

    assert answers <= {30, "refused"}


def test_rejected_calls_beyond_those_that_are_kept_are_not_stored(
    store: DuckDBUsageStore, path: Path
) -> None:
    apply(store, a_call())
    batch = batch_of(store)
    batch.samples.extend(RejectedSample(1, 1000, "x", "", f"{number:02}", b"") for number in range(60))
    store.apply(batch)

    assert [one.reason for one in as_it_came(store.samples("acme"))] == [
        f"{number:02}" for number in range(20)
    ]
    store.close()
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("SELECT COUNT(*) FROM rejected_sample").fetchall() == [(20,)]


def test_what_pruned_days_can_answer_is_what_the_marginals_know() -> None:
    combinations = [
        frozenset(dimensions)
        for size in range(len(KINDS) + 1)
        for dimensions in itertools.combinations(KINDS, size)
    ]

    promised = {one for one in combinations if any(one <= known for known in COUNTED_BY)}

    known = {one for one in combinations if narrowest_marginal({COLUMNS[dimension] for dimension in one})}
    assert promised == known
