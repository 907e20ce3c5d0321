"""What a store promises about audits and exports."""

import csv
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from calltally.call_batch import Conflict, Entry, Outcome, Rejection
from calltally.errors import InvalidInputError, PrunedError
from calltally.store.audit import Difference
from calltally.store.export import CALL_FIELDS, What
from tests.call_batches import a_call, batch_of
from tests.contract.questions import MARCH, Store, apply, window
from tests.ledger_batches import add, amend, cancel, correcting

RECEIPT_DAY = 20522  # 2026-03-10


def differences(store: Store) -> list[Difference]:
    return [difference for step in store.audit() for difference in step.differences]


def exported(store: Store, path: Path, what: What, *, every_entry: bool = False) -> list[list[str]]:
    count = store.export("acme", window(*MARCH), what, "csv", path, every_entry=every_entry)
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert count == len(rows) - 1
    return rows


class ProofContract:
    """Tests that every store must pass; a subclass gives the fixture ``store``."""

    # Audits

    def test_an_audit_of_an_empty_store_finds_nothing(self, store: Store) -> None:
        steps = list(store.audit())

        assert [step.done for step in steps] == list(range(1, len(steps) + 1))
        assert {step.total for step in steps} == {len(steps)}
        assert differences(store) == []

    def test_an_audit_of_received_and_corrected_calls_finds_nothing(self, store: Store) -> None:
        before, after = a_call(id="c"), a_call(id="c", client_id="b", time="2026-03-20T12:00:00Z")
        gone = a_call()
        apply(store, before, gone, a_call(time="1969-12-31T12:00:00Z"), a_call(organization="globex"))
        amend(store, before, after)
        cancel(store, gone)
        add(store, a_call())

        assert differences(store) == []

    def test_verdicts_that_do_not_add_up_are_told(self, store: Store) -> None:
        store.apply(batch_of(store, a_call(), outcomes=[Outcome(1, RECEIPT_DAY, 7, 1, 2, 0, 0)]))

        (difference,) = differences(store)
        assert (difference.organization, difference.day) == ("acme", date(2026, 3, 10))
        assert (difference.stored, difference.recounted) == (7, 3)

    def test_calls_that_are_booked_and_not_there_are_told(self, store: Store) -> None:
        store.apply(batch_of(store, a_call(), outcomes=[Outcome(1, RECEIPT_DAY, 5, 5, 0, 0, 0)]))

        (difference,) = differences(store)
        assert (difference.organization, difference.day) == ("acme", date(2026, 3, 10))
        assert (difference.stored, difference.recounted) == (5, 1)

    def test_rejections_without_a_reason_and_conflicts_that_were_not_kept_are_told(
        self, store: Store
    ) -> None:
        store.apply(batch_of(store, a_call(), outcomes=[Outcome(1, RECEIPT_DAY, 6, 1, 0, 2, 3)]))
        batch = batch_of(store)
        batch.rejections.append(Rejection(1, RECEIPT_DAY, "x", 1))
        batch.conflicts.append(Conflict(1, RECEIPT_DAY * 86_400_000, 1, 1, b"{}"))
        store.apply(batch)

        assert sorted((one.stored, one.recounted) for one in differences(store)) == [(2, 1), (3, 1)]

    def test_a_correction_that_did_not_bring_its_rows_is_told(self, store: Store) -> None:
        call = a_call()
        apply(store, call)
        store.apply(correcting(store, (Entry.WITHDRAWN, call), withdrawn=2, added=1))

        assert sorted((one.stored, one.recounted) for one in differences(store)) == [(1, 0), (2, 1)]

    def test_an_identity_that_two_calls_of_a_day_took_is_told(self, store: Store) -> None:
        first, second = a_call(id="same"), a_call(id="same", status=500)
        apply(store, first)
        apply(store, second)

        (difference,) = differences(store)
        assert difference.key == "positions 1 to 2"
        assert (difference.organization, difference.stored, difference.recounted) == ("acme", 2, 1)

    def test_an_identity_may_be_taken_again_on_another_day(self, store: Store) -> None:
        apply(store, a_call(id="same", time="2026-01-10T12:00:00Z"))
        apply(store, a_call(id="same", time="2026-03-10T12:00:00Z"))

        assert differences(store) == []

    def test_a_second_copy_that_a_correction_withdrew_is_not_told(self, store: Store) -> None:
        first, second = a_call(id="same"), a_call(id="same", status=500)
        apply(store, first)
        apply(store, second)
        rows = [(Entry.WITHDRAWN, first), (Entry.WITHDRAWN, second), (Entry.RESTATED, first)]
        store.apply(correcting(store, *rows, action="repair"))

        assert differences(store) == []
        assert store.doubled_calls(date.min, 10) is None

    def test_the_rows_of_doubled_calls_are_listed_by_day_up_to_a_limit(self, store: Store) -> None:
        first, second = (a_call(id="one", time=f"2026-03-{day}T12:00:00Z") for day in (10, 11))
        other, once = a_call(id="two", time="2026-03-11T13:00:00Z", path="/b"), a_call(id="three")
        apply(store, second, other, first, once)
        apply(store, first, second, other, other)

        found = store.doubled_calls(date.min, 1)
        later = store.doubled_calls(date(2026, 3, 11), 10)

        assert found is not None
        assert found.last_day == date(2026, 3, 10)
        assert found.positions.tolist() == [1, 2]
        assert later is not None
        assert sorted(later.positions.tolist()) == [1, 1, 2, 2, 2]
        assert [later.paths[row["path"]] for row in later.columns].count("/b") == 3
        assert store.doubled_calls(date(2026, 3, 12), 10) is None

    # Exports

    def test_calls_are_exported_with_every_field_as_a_text(self, store: Store, tmp_path: Path) -> None:
        call = a_call(
            time="2026-03-10T12:00:00.007Z",
            origin='o,"rigin',
            path="/a\nb",
            duration_ms=0,
            response_bytes=2**63 - 1,
            account_id="",
        )
        store.apply(batch_of(store, call, a_call(organization="globex"), received_ms=1_773_144_000_123))

        header, row = exported(store, tmp_path / "calls.csv", "calls")

        assert tuple(header) == CALL_FIELDS
        assert row == [
            "2026-03-10T12:00:00.007Z",
            "acme",
            'o,"rigin',
            "client-1",
            "user-1",
            "source-1",
            "",
            "GET",
            "/users/{id}",
            "/a\nb",
            "200",
            "0",
            "",
            "9223372036854775807",
            "2026-03-10T12:00:00.123Z",
            "1",
            "received",
            "1",
        ]

    def test_an_export_has_active_calls_or_every_entry_of_the_ledger(
        self, store: Store, tmp_path: Path
    ) -> None:
        before, after, gone = a_call(id="c"), a_call(id="c", client_id="b"), a_call(client_id="g")
        apply(store, before, gone, a_call(time="2026-04-01T00:00:00Z"))
        amend(store, before, after)
        cancel(store, gone)

        active = exported(store, tmp_path / "active.csv", "calls")
        every = exported(store, tmp_path / "every.csv", "calls", every_entry=True)

        assert [(row[3], *row[-2:]) for row in active[1:]] == [("b", "restated", "1")]
        assert sorted((row[3], *row[-2:]) for row in every[1:]) == [
            ("b", "restated", "1"),
            ("client-1", "received", "1"),
            ("client-1", "withdrawn", "-1"),
            ("g", "received", "1"),
            ("g", "withdrawn", "-1"),
        ]

    def test_counts_are_exported_by_day_and_who_called_what(self, store: Store, tmp_path: Path) -> None:
        gone = a_call(client_id="g")
        apply(store, a_call(client_id="b", status=429), a_call(client_id="a"), a_call(client_id="a"), gone)
        cancel(store, gone)

        assert exported(store, tmp_path / "counts.csv", "counts")[1:] == [
            ["2026-03-10", "a", "user-1", "/users/{id}", "GET", "2", "2", "0", "0", "0", "0"],
            ["2026-03-10", "b", "user-1", "/users/{id}", "GET", "1", "0", "0", "1", "1", "0"],
        ]
        assert exported(store, tmp_path / "sources.csv", "sources")[1:] == [
            ["2026-03-10", "source-1", "account-1", "3", "2", "0", "1", "1", "0"]
        ]

    @pytest.mark.parametrize(
        "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'"]
    )
    def test_a_text_that_a_spreadsheet_would_compute_is_exported_with_an_apostrophe_before_it(
        self, store: Store, tmp_path: Path, start: str
    ) -> None:
        evil = f"{start}cmd|' /C calc'!A0"
        texts = ("origin", "client_id", "user_id", "source_id", "account_id", "method", "route", "path")
        apply(store, a_call(**dict.fromkeys(texts, evil), duration_ms=0), a_call(client_id=f"a{start}"))

        calls = exported(store, tmp_path / "calls.csv", "calls")
        counts = exported(store, tmp_path / "counts.csv", "counts")
        sources = exported(store, tmp_path / "sources.csv", "sources")
        store.export("acme", window(*MARCH), "calls", "parquet", tmp_path / "calls.parquet")

        (row,) = [row for row in calls[1:] if row[3] != f"a{start}"]
        told = dict(zip(CALL_FIELDS, row, strict=True))
        assert {told[name] for name in texts} == {f"'{evil}"}
        assert (told["duration_ms"], told["weight"], told["organization"]) == ("0", "1", "acme")
        assert sorted(row[1] for row in counts[1:]) == sorted([f"'{evil}", f"a{start}"])
        assert f"'{evil}" in {row[1] for row in sources[1:]}
        assert evil in pq.read_table(tmp_path / "calls.parquet").column("client_id").to_pylist()

    def test_counts_are_exported_in_the_order_of_the_texts_themselves(
        self, store: Store, tmp_path: Path
    ) -> None:
        texts = ["-", "", "a", "=", "'", "!", "@", "0"]
        apply(store, *(a_call(client_id=text) for text in texts))

        rows = exported(store, tmp_path / "counts.csv", "counts")[1:]

        assert [row[1][row[1][:1] == "'" :] for row in rows] == sorted(texts)

    def test_an_export_as_parquet_has_the_same_fields(self, store: Store, tmp_path: Path) -> None:
        apply(store, a_call(duration_ms=5), a_call())
        path = tmp_path / "calls.parquet"

        assert store.export("acme", window(*MARCH), "calls", "parquet", path) == 2

        table = pq.read_table(path)
        assert tuple(table.column_names) == CALL_FIELDS
        assert sorted(table.column("duration_ms").to_pylist(), key=str) == [5, None]
        assert table.column("status").to_pylist() == [200, 200]

    def test_an_export_of_nothing_has_its_header(self, store: Store, tmp_path: Path) -> None:
        assert store.export("unknown", window(*MARCH), "counts", "csv", tmp_path / "none.csv") == 0
        assert (tmp_path / "none.csv").read_text().startswith("day,client_id,user_id,route,method,calls")

    def test_an_export_that_pruned_days_would_be_needed_for_is_refused(
        self, store: Store, tmp_path: Path
    ) -> None:
        apply(store, a_call(time="2026-03-09T12:00:00Z"))
        store.prune_calls(date(2026, 3, 10))

        with pytest.raises(PrunedError):
            exported(store, tmp_path / "calls.csv", "calls")
        assert len(exported(store, tmp_path / "counts.csv", "counts")) == 2
        store.prune_counts(date(2026, 3, 10))
        with pytest.raises(PrunedError):
            exported(store, tmp_path / "more.csv", "counts")
        assert [file.name for file in tmp_path.glob("*.csv*")] == ["counts.csv"]

    def test_counts_are_exported_by_whole_days_only(self, store: Store, tmp_path: Path) -> None:
        cut = window("2026-03-10T12:00:00", "2026-03-11")

        with pytest.raises(InvalidInputError, match="whole days"):
            store.export("acme", cut, "counts", "csv", tmp_path / "cut.csv")
