"""The embedded store keeps the contract, and what it promises beyond."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import calltally.store.duckdb.schema_files
from calltally.errors import CalltallyError, DamagedDataError, DirectoryHeldError
from calltally.store.duckdb.compaction import CompactionLimits
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from calltally.store.duckdb.usage import grouped_counts as grouped_counts
from calltally.store.usage_store import Work
from tests.call_batches import a_call, batch_of
from tests.contract.questions import Store, apply, count, rows
from tests.contract.usage_store_contract import PersistentUsageStoreContract, Reopen

EAGER = CompactionLimits(fresh_rows=1, merged_rows=1, runs_of_month=2, fresh_calls=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[DuckDBUsageStore]:
    store = DuckDBUsageStore(path, limits=EAGER)
    yield store
    store.close()


class TestDuckDBUsageStore(PersistentUsageStoreContract):
    @pytest.fixture
    def store(self, store: DuckDBUsageStore) -> Store:
        return store

    @pytest.fixture
    def another(self, tmp_path: Path) -> Iterator[Store]:
        another = DuckDBUsageStore(tmp_path / "another.duckdb")
        yield another
        another.close()

    @pytest.fixture
    def reopen(self, path: Path) -> Iterator[Reopen]:
        opened: list[DuckDBUsageStore] = []

        def reopen(store: Store) -> Store:
            store.close()
            opened.append(DuckDBUsageStore(path, limits=EAGER))
            return opened[-1]

        yield reopen
        for one in opened:
            one.close()


class TestCompactedDuckDBUsageStore(TestDuckDBUsageStore):
    """The same promises when every batch is merged at once."""

    @pytest.fixture
    def store(self, store: DuckDBUsageStore, monkeypatch: pytest.MonkeyPatch) -> Store:
        plain_apply = store.apply

        def apply_and_compact(batch: object) -> None:
            plain_apply(batch)  # type: ignore[arg-type]
            while store.compact():
                pass

        monkeypatch.setattr(store, "apply", apply_and_compact)
        return store


def _schema_files() -> list[Path]:
    folder = Path(calltally.store.duckdb.schema_files.__file__).parent / "schema"
    return sorted(folder.glob("*.sql"))


class TestDuckDBUsageStoreWithManyRows(TestDuckDBUsageStore):
    """The same promises when no question has so few rows that they are added up outside of SQL."""

    @pytest.fixture(autouse=True)
    def no_rows_are_few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(grouped_counts, "FEW_ROWS", 0)


def _levels(path: Path) -> dict[str, int]:
    """How many rows lie in each level that counts for the marginal by route."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return {
            level: connection.execute(f"SELECT COUNT(*) FROM {table}").fetchall()[0][0]  # noqa: S608
            for level, table in (
                ("fresh", "by_client_user_route_fresh"),
                ("merged", "by_route_merged"),
                ("settled", "by_route_settled"),
            )
        }


def test_compaction_makes_one_settled_row_of_many_batches(store: DuckDBUsageStore, path: Path) -> None:
    for day in (9, 9, 10):
        apply(store, a_call(time=f"2026-03-{day:02}T12:00:00Z"))
    while store.compact():
        pass
    apply(store, a_call(time="2026-04-10T12:00:00Z"))
    while store.compact():
        pass

    assert count(store, ("2026-03-01", "2026-05-01")) == 4
    store.close()
    assert _levels(path) == {"fresh": 0, "merged": 0, "settled": 3}


def _lying(path: Path, table: str) -> list[tuple[object, ...]]:
    """Day, hour and client of the calls in a table, as they lie."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            f"SELECT time_ms // 86400000, time_ms // 3600000 % 24, client FROM {table} ORDER BY rowid"  # noqa: S608
        ).fetchall()


def _noted(path: Path) -> list[tuple[object, ...]]:
    """How many calls of each day are said to be packed, and fresh."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(
            "SELECT day, SUM(packed), SUM(fresh) FROM call_day GROUP BY day ORDER BY day"
        ).fetchall()


def _compact(store: DuckDBUsageStore) -> int:
    steps = 0
    while store.compact():
        steps += 1
    return steps


NINTH, TENTH = 20521, 20522
A, B = 1, 2
"""Clients, in the order in which the tests send them."""


def test_the_calls_of_a_day_are_packed_sorted_once_a_later_day_has_begun(path: Path) -> None:
    store = DuckDBUsageStore(path)
    apply(store, *(a_call(client_id=client, time="2026-03-09T12:00:00Z") for client in "abab"))
    apply(store, a_call(client_id="a", time="2026-03-10T12:00:00Z"))

    _compact(store)
    store.close()

    assert _lying(path, "call_packed") == [(NINTH, 12, A), (NINTH, 12, A), (NINTH, 12, B), (NINTH, 12, B)]
    assert _lying(path, "call_fresh") == [(TENTH, 12, A)]
    assert _noted(path) == [(NINTH, 4, 0), (TENTH, 0, 1)]


def test_a_day_with_many_calls_is_packed_part_by_part(path: Path) -> None:
    store = DuckDBUsageStore(path, limits=CompactionLimits(packed_at_once=2))
    times = ("01:00", "02:00", "13:00", "14:00", "13:00", "01:00")
    apply(
        store,
        *(
            a_call(client_id=client, time=f"2026-03-09T{time}:00Z")
            for client, time in zip("bababa", times, strict=True)
        ),
    )
    apply(store, a_call(time="2026-03-10T12:00:00Z"))

    steps = _compact(store)
    store.close()

    b, a = 1, 2  # in the order in which they came
    assert [(hour, client) for _, hour, client in _lying(path, "call_packed")] == [
        (1, b),
        (1, a),
        (2, a),
        (13, b),
        (13, b),
        (14, a),
    ]
    assert _noted(path) == [(NINTH, 6, 0), (TENTH, 0, 1)]
    assert steps == 4


def test_of_a_day_that_goes_on_the_calls_that_came_first_are_packed_when_there_are_many(path: Path) -> None:
    store = DuckDBUsageStore(path, limits=CompactionLimits(fresh_calls=3, packed_at_once=2))
    for clients in ("a", "ba", "ab"):
        apply(store, *(a_call(client_id=client, time="2026-03-10T12:00:00Z") for client in clients))

    _compact(store)

    assert rows(store, by=["client_id"], per="hour") == [
        ("2026-03-10T12:00Z", "a", 3),
        ("2026-03-10T12:00Z", "b", 2),
    ]
    store.close()
    assert _lying(path, "call_packed") == [(TENTH, 12, A), (TENTH, 12, A), (TENTH, 12, B)]
    assert _lying(path, "call_fresh") == [(TENTH, 12, A), (TENTH, 12, B)]
    assert _noted(path) == [(TENTH, 3, 2)]


def test_when_many_are_fresh_those_that_came_first_are_packed_before_those_of_a_day_that_is_over(
    path: Path,
) -> None:
    store = DuckDBUsageStore(path, limits=CompactionLimits(fresh_calls=3, packed_at_once=2))
    for days in ("10", "09 10", "09 09"):
        apply(store, *(a_call(client_id="a", time=f"2026-03-{day}T12:00:00Z") for day in days.split()))

    work = store.compact()
    store.close()

    assert work is Work.PRESSING
    assert _lying(path, "call_packed") == [(NINTH, 12, A), (TENTH, 12, A), (TENTH, 12, A)]
    assert _lying(path, "call_fresh") == [(NINTH, 12, A), (NINTH, 12, A)]


def test_few_late_calls_are_packed_behind_the_many_of_their_part_of_the_day(path: Path) -> None:
    store = DuckDBUsageStore(path, limits=CompactionLimits(packed_at_once=40))
    apply(store, *(a_call(client_id="ab"[n % 2], time="2026-03-09T01:00:00Z") for n in range(40)))
    apply(store, a_call(time="2026-03-10T12:00:00Z"))
    _compact(store)
    late = ("01:00", "13:00", "14:00", "15:00")
    apply(store, *(a_call(client_id="a", time=f"2026-03-09T{time}:00Z") for time in late))

    _compact(store)
    store.close()

    assert [(hour, client) for _, hour, client in _lying(path, "call_packed")] == [
        *[(1, A)] * 20,
        *[(1, B)] * 20,
        (1, A),
        (13, A),
        (14, A),
        (15, A),
    ]
    assert _noted(path) == [(NINTH, 44, 0), (TENTH, 0, 1)]


def test_many_late_calls_are_sorted_together_with_those_packed_before(path: Path) -> None:
    store = DuckDBUsageStore(path)
    apply(store, *(a_call(client_id=client, time="2026-03-09T01:00:00Z") for client in "abab"))
    apply(store, a_call(time="2026-03-10T12:00:00Z"))
    _compact(store)
    apply(store, a_call(client_id="a", time="2026-03-09T02:00:00Z"))

    _compact(store)
    store.close()

    assert [(hour, client) for _, hour, client in _lying(path, "call_packed")] == [
        (1, A),
        (1, A),
        (2, A),
        (1, B),
        (1, B),
    ]


def test_calls_are_compressed_when_they_are_packed_and_not_before(path: Path, tmp_path: Path) -> None:
    store = DuckDBUsageStore(path, limits=CompactionLimits(fresh_calls=1000))
    apply(store, *(a_call(client_id=f"c-{n % 7}", path=f"/users/{n}") for n in range(2000)))
    store.backup(tmp_path / "early.duckdb")
    _compact(store)
    store.backup(tmp_path / "late.duckdb")
    store.close()

    assert _compressions(tmp_path / "early.duckdb", "call_fresh") == {"Uncompressed"}
    assert _compressions(tmp_path / "late.duckdb", "call_packed") >= {"DICT_FSST"}


def _compressions(path: Path, table: str) -> set[str]:
    """How the columns of a table are compressed, those with more than one value."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = connection.execute(
            f"SELECT DISTINCT compression FROM pragma_storage_info('{table}')"  # noqa: S608
            " WHERE segment_type <> 'VALIDITY' AND block_id >= 0"
        ).fetchall()
    return {compression for (compression,) in found}


def test_what_was_counted_before_batches_had_two_marginals_is_counted_still(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for version, file in enumerate(_schema_files()[:2], start=1):
            connection.execute(file.read_text())
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER, file VARCHAR)")
            connection.execute("INSERT INTO schema_version VALUES (?, ?)", [version, file.name])
        connection.execute("INSERT INTO meta VALUES ('identity_seed', 7), ('position', 1)")
        connection.execute("INSERT INTO dictionary VALUES (0, 0, 1, 'acme', false), (2, 1, 1, 'a', false)")
        connection.execute(
            "INSERT INTO call VALUES (1, 1773057600000, 0, 1, 0, 1, 0, 0, 0, 0, 0, '', 200,"
            " NULL, NULL, NULL, 1, 1, 1, 0)"
        )
        for marginal, others in {
            "day": 0,
            "route": 2,
            "source": 1,
            "account": 1,
            "source_account": 2,
            "client_route": 3,
            "client_user_route": 4,
        }.items():
            key = [
                "1",
                "20521",
                *("1" if marginal.startswith("client") and n == 0 else "0" for n in range(others)),
            ]
            connection.execute(f"INSERT INTO by_{marginal}_fresh VALUES ({', '.join(key)}, 1, 1, 0, 0, 0, 0)")  # noqa: S608

    store = DuckDBUsageStore(path, limits=EAGER)
    apply(store, a_call(client_id="a", source_id="", time="2026-03-09T12:00:00Z"))

    for _ in range(2):
        assert count(store) == 2
        assert rows(store, by=["client_id"]) == [("a", 2)]
        assert rows(store, by=["source_id"], metrics=["calls", "status_200"]) == [("", 2, 2)]
        while store.compact():
            pass
    store.close()


def test_calls_of_before_they_came_fresh_are_there_as_packed_ones(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for version, file in enumerate(_schema_files()[:3], start=1):
            connection.execute(file.read_text())
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER, file VARCHAR)")
            connection.execute("INSERT INTO schema_version VALUES (?, ?)", [version, file.name])
        connection.execute("INSERT INTO meta VALUES ('identity_seed', 7), ('position', 1)")
        connection.execute("INSERT INTO dictionary VALUES (0, 0, 1, 'acme', false), (2, 1, 1, 'a', false)")
        for _ in range(3):
            connection.execute(
                "INSERT INTO call VALUES (1, 1773057600000, 0, 1, 0, 1, 0, 0, 0, 0, 0, '', 200,"
                " NULL, NULL, NULL, 1, 1, 1, 0)"
            )
        connection.execute("INSERT INTO call_day VALUES (20521, 1, 0), (20521, 0, 1), (20521, 0, 1)")
        connection.execute(
            "INSERT INTO by_client_user_route_fresh VALUES (1, 20521, 1, 0, 0, 0, 3, 3, 0, 0, 0, 0)"
        )
        connection.execute("INSERT INTO by_source_account_fresh VALUES (1, 20521, 0, 0, 3, 3, 0, 0, 0, 0)")
    store = DuckDBUsageStore(path)

    assert rows(store, per="hour") == [("2026-03-09T12:00Z", 3)]
    assert rows(store, by=["client_id"]) == [("a", 3)]
    assert rows(store, by=["source_id"]) == [("", 3)]
    store.close()
    assert _noted(path) == [(NINTH, 3, 0)]
    assert len(_lying(path, "call_packed")) == 3


def test_counts_beyond_32_bits_add_up(store: DuckDBUsageStore, path: Path) -> None:
    apply(store, a_call())
    store.close()
    with duckdb.connect(str(path)) as connection:
        fresh = "by_client_user_route_fresh"
        connection.execute(f"UPDATE {fresh} SET calls = {2**60}, status_200 = {2**60}")  # noqa: S608
        connection.execute(f"INSERT INTO by_day_merged VALUES (1, 20521, {2**60}, {2**60}, 0, 0, 0, 0)")  # noqa: S608

    again = DuckDBUsageStore(path)

    assert rows(again, metrics=["calls", "status_200"]) == [(2**61, 2**61)]
    again.close()


def test_a_day_whose_corrections_leave_no_call_is_not_active(store: DuckDBUsageStore, path: Path) -> None:
    apply(store, a_call(time="2026-03-09T12:00:00Z"), a_call(time="2026-03-10T12:00:00Z"))
    store.close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO by_day_merged VALUES (1, 20521, -1, -1, 0, 0, 0, 0)")

    again = DuckDBUsageStore(path)

    assert rows(again, metrics=["calls", "active_days"]) == [(1, 1)]
    assert rows(again, per="day") == [("2026-03-10T00:00Z", 1)]
    again.close()


def test_questions_from_other_threads_see_whole_batches_while_calls_come_and_levels_merge(
    store: DuckDBUsageStore,
) -> None:
    apply(store, a_call(client_id="a"), a_call(client_id="b"))
    done = threading.Event()
    failures: list[BaseException] = []
    answers: list[list[tuple[object, ...]]] = []

    def ask() -> None:
        try:
            while not done.is_set():
                answers.append(list(rows(store, by=["client_id"])))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    def compact() -> None:
        try:
            while not done.is_set():
                store.compact()
                store.checkpoint()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=ask), threading.Thread(target=ask), threading.Thread(target=compact)]
    for thread in threads:
        thread.start()
    for _ in range(30):
        store.apply(batch_of(store, a_call(client_id="a"), a_call(client_id="b")))
    done.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert {a[1] == b[1] for a, b in answers} == {True}
    assert rows(store, by=["client_id"]) == [("a", 31), ("b", 31)]


def test_a_batch_that_fails_leaves_the_store_as_it_was(store: DuckDBUsageStore) -> None:
    apply(store, a_call())
    store._writer.execute("ALTER TABLE by_client_user_route_fresh RENAME TO elsewhere")

    with pytest.raises(duckdb.Error):
        store.apply(batch_of(store, a_call()))

    assert store.position == 1
    store._writer.execute("ALTER TABLE elsewhere RENAME TO by_client_user_route_fresh")
    assert count(store, where={"status": ["200"]}) == 1
    apply(store, a_call())
    assert count(store, where={"status": ["200"]}) == 2


def test_a_store_that_was_killed_has_what_was_applied(tmp_path: Path) -> None:
    program = """
import os, sys
from pathlib import Path
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from tests.call_batches import a_call, batch_of
store = DuckDBUsageStore(Path(sys.argv[1]))
for _ in range(3):
    store.apply(batch_of(store, a_call(), a_call()))
store.compact()
os._exit(9)
"""
    path = tmp_path / "killed.duckdb"
    subprocess.run([sys.executable, "-c", program, str(path)], check=False, cwd=Path(__file__).parents[2])

    store = DuckDBUsageStore(path)

    assert store.position == 3
    assert count(store) == 6
    store.close()


# Opening


@pytest.mark.usefixtures("store")
def test_a_store_that_is_open_cannot_be_opened_again(path: Path) -> None:
    with pytest.raises(DirectoryHeldError, match=r"store\.duckdb"):
        DuckDBUsageStore(path)


def test_a_file_that_is_no_store_is_refused(path: Path) -> None:
    path.write_bytes(b"hello, world" * 1000)

    with pytest.raises(DamagedDataError, match=r"store\.duckdb"):
        DuckDBUsageStore(path)


def test_a_damaged_store_is_refused(store: DuckDBUsageStore, path: Path) -> None:
    apply(store, a_call())
    store.close()
    data = bytearray(path.read_bytes())
    data[20_000] ^= 255
    path.write_bytes(data)

    with pytest.raises(DamagedDataError, match="checksum"):
        DuckDBUsageStore(path)


def test_a_store_of_a_newer_version_is_refused_and_left_as_it_was(
    store: DuckDBUsageStore, path: Path
) -> None:
    store.close()
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, '0099_future.sql')")
    before = path.read_bytes()

    with pytest.raises(CalltallyError, match="schema 99"):
        DuckDBUsageStore(path)

    assert path.read_bytes() == before


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CalltallyError, match="nowhere"):
        DuckDBUsageStore(tmp_path / "nowhere" / "store.duckdb")


def test_a_copy_of_a_checkpointed_store_is_a_store(
    store: DuckDBUsageStore, path: Path, tmp_path: Path
) -> None:
    apply(store, a_call())
    store.checkpoint()
    shutil.copy(path, tmp_path / "copy ' of store.duckdb")

    copy = DuckDBUsageStore(tmp_path / "copy ' of store.duckdb")

    assert count(copy) == 1
    copy.close()


def test_each_opening_is_a_life_of_its_own_and_a_copy_shares_those_before(path: Path, tmp_path: Path) -> None:
    store = DuckDBUsageStore(path)
    apply(store, a_call())
    store.close()
    again = DuckDBUsageStore(path)
    again.backup(tmp_path / "copy.duckdb")
    again.close()

    third, copy = DuckDBUsageStore(path), DuckDBUsageStore(tmp_path / "copy.duckdb")

    assert [life.after for life in third.timelines] == [0, 1, 1]
    assert [life.after for life in copy.timelines] == [0, 1, 1]
    assert third.timelines[:2] == copy.timelines[:2]
    assert third.timelines[2] != copy.timelines[2]
    third.close()
    copy.close()
