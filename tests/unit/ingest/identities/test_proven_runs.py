"""Runs are believed where the store says the same, and the store is read for everything else."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from calltally.ingest.identities.generations import Generation, ReceiptRange
from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.identity_table import IdentityTable
from calltally.ingest.identities.proven_runs import Chain, gaps, proven
from calltally.ingest.identities.run_chain import chains_of, whole_since
from calltally.ingest.identities.run_file import Boundary
from calltally.ingest.identities.run_folder import RunFolder
from calltally.store.memory.memory_store import MemoryUsageStore
from calltally.store.usage_store import Timeline
from tests.call_batches import a_call, batch_of, digest_of, identity_of
from tests.reference.identity_run import ReferenceRun
from tests.reference.identity_table import ReferenceTable

OF_EACH = 10
"""How many calls each position has."""

Row = tuple[int, int, int]


class World:
    """A store with ten calls at each of some positions, and a folder of runs beside it."""

    def __init__(self, folder: Path, kind: type[IdentityRun], positions: int = 9) -> None:
        self.store = MemoryUsageStore()
        self.runs = RunFolder(folder, self.store.identity_key, [Timeline(1, 0)], kind)
        self._table = ReferenceTable if kind is ReferenceRun else IdentityTable
        self._rows: list[Row] = []
        for position in range(1, positions + 1):
            calls = [a_call() for _ in range(OF_EACH)]
            self.store.apply(batch_of(self.store, *calls, received_ms=1000 * position))
            self._rows += [(*identity_of(self.store, call), digest_of(call)) for call in calls]

    def rows(self, first: int, end: int) -> list[Row]:
        """Identities by their number in the order in which they came."""
        return self._rows[first:end]

    def run(
        self, since: Boundary, last: Boundary, rows: Sequence[Row], received_from_ms: int = 0
    ) -> IdentityRun:
        """A run that says to hold all that lies between two cuts, and holds some rows."""
        table = self._table(1024)
        high, low, digest = (np.array(column, np.uint64) for column in zip(*rows, strict=True))
        table.insert(high, low, digest)
        took = ReceiptRange(
            received_from_ms, max(1000 * since.first, received_from_ms), 1000 * last.last, 10**15
        )
        return self.runs.write(Generation(table, since, last, took))

    def proven(self, *runs: IdentityRun) -> list[Chain]:
        return [list(chain) for chain in proven(runs, self.store)]


@pytest.fixture(params=[IdentityRun, ReferenceRun])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """With tables and runs of native code, and with the reference's."""
    return World(tmp_path, request.param)


def spans(chains: Sequence[Chain], position: int = 9) -> list[tuple[tuple[int, int], list[int]]]:
    """What is read from the store: whole positions, and those of which a part is known."""
    return [(gap.within, gap.seams) for gap in gaps(chains, position) if not gap.is_empty]


def test_runs_that_hold_what_the_store_holds_are_believed(world: World) -> None:
    amid = Boundary.between(5, 5)
    first = world.run(Boundary.behind(0), amid, world.rows(0, 44))
    second = world.run(amid, Boundary.behind(9), world.rows(44, 90))

    chains = world.proven(second, first)

    assert chains == [[first, second]]
    assert spans(chains) == []


def test_a_run_that_ends_amid_a_position_is_believed_and_the_rest_of_the_position_read(world: World) -> None:
    first = world.run(Boundary.behind(0), Boundary.between(5, 5), world.rows(0, 44))

    chains = world.proven(first)

    assert chains == [[first]]
    assert spans(chains) == [((6, 9), [5])]


def test_a_run_that_begins_amid_a_position_is_believed(world: World) -> None:
    last = world.run(Boundary.between(5, 5), Boundary.behind(9), world.rows(44, 90))

    chains = world.proven(last)

    assert chains == [[last]]
    assert spans(chains) == [((1, 4), [5])]


def test_a_run_within_one_position_is_believed(world: World) -> None:
    amid = world.run(Boundary.between(5, 5), Boundary.between(5, 5), world.rows(43, 46))

    chains = world.proven(amid)

    assert chains == [[amid]]
    assert spans(chains) == [((1, 4), [5]), ((6, 9), [5])]


def test_a_run_that_says_to_hold_more_than_it_does_costs_no_true_run_its_place(world: World) -> None:
    true = world.run(Boundary.behind(0), Boundary.behind(3), world.rows(0, 30))
    false = world.run(Boundary.behind(0), Boundary.between(8, 8), world.rows(30, 75))

    chains = world.proven(true, false)

    assert chains == [[true]]
    assert spans(chains) == [((4, 9), [])]
    assert not false.path.exists()
    assert true.path.exists()


@pytest.mark.parametrize(
    ("first", "end", "others"),
    [(0, 29, 0), (1, 30, 0), (0, 29, 1), (0, 30, 1), (0, 31, 0), (30, 60, 0)],
    ids=["one less", "another one less", "another one", "one more", "the next one", "as many others"],
)
def test_a_run_with_other_identities_than_the_store_is_not_believed(
    world: World, first: int, end: int, others: int
) -> None:
    foreign = [(7, 7 + number, 7) for number in range(others)]
    run = world.run(Boundary.behind(0), Boundary.behind(3), world.rows(first, end) + foreign)

    assert world.proven(run) == []
    assert not run.path.exists()


def test_what_lies_amid_the_last_position_must_be_of_it(world: World) -> None:
    of_another = world.rows(0, 40) + world.rows(60, 62)
    of_nobody = [*world.rows(0, 40), (7, 7, 7)]

    for rows in (of_another, of_nobody):
        assert world.proven(world.run(Boundary.behind(0), Boundary.between(5, 5), rows)) == []


def test_parts_are_removed_once_the_run_that_they_were_joined_to_is_proven(world: World) -> None:
    cuts = [Boundary.behind(0), Boundary.between(3, 3), Boundary.between(3, 3), Boundary.behind(9)]
    ends = [0, 22, 25, 90]
    parts = [world.run(cuts[n], cuts[n + 1], world.rows(ends[n], ends[n + 1])) for n in range(3)]
    joined = world.runs.join(parts)

    assert world.proven(*parts, joined) == [[joined]]
    assert [part.path.exists() for part in parts] == [False] * 3


def test_parts_are_believed_where_the_joined_run_is_not(world: World) -> None:
    middle = Boundary.behind(5)
    parts = [
        world.run(Boundary.behind(0), middle, world.rows(0, 50)),
        world.run(middle, Boundary.behind(9), world.rows(50, 90)),
    ]
    joined = world.run(Boundary.behind(0), Boundary.behind(9), [*world.rows(0, 90), (7, 7, 7)])

    assert world.proven(*parts, joined) == [parts]
    assert not joined.path.exists()


@pytest.mark.parametrize("missing", range(3))
def test_of_runs_that_were_read_in_no_order_all_are_needed(world: World, missing: int) -> None:
    cuts = [Boundary.behind(0), Boundary.between(1, 9), Boundary.between(1, 9), Boundary.behind(9)]
    mixed = sorted(world.rows(0, 90))
    runs = [world.run(cuts[n], cuts[n + 1], mixed[30 * n : 30 * n + 30]) for n in range(3)]

    assert world.proven(*runs[:missing], *runs[missing + 1 :]) == []


def test_runs_that_were_read_in_no_order_are_believed_together(world: World) -> None:
    cuts = [Boundary.behind(0), Boundary.between(1, 9), Boundary.between(1, 9), Boundary.behind(9)]
    mixed = sorted(world.rows(0, 90))
    runs = [world.run(cuts[n], cuts[n + 1], mixed[30 * n : 30 * n + 30]) for n in range(3)]

    assert world.proven(*runs) == [runs]


def test_a_run_that_leaves_out_what_was_received_early_is_believed_for_the_rest(world: World) -> None:
    run = world.run(Boundary.behind(0), Boundary.behind(9), world.rows(30, 90), received_from_ms=4000)
    all_of_them = world.run(Boundary.behind(0), Boundary.behind(8), world.rows(0, 80), received_from_ms=4000)

    assert world.proven(run) == [[run]]
    assert world.proven(all_of_them) == []


def test_a_run_with_early_receipts_is_in_no_chain_with_one_that_leaves_them_out(world: World) -> None:
    amid = Boundary.between(5, 5)
    early = world.run(Boundary.behind(0), amid, world.rows(0, 44))
    late = world.run(amid, Boundary.behind(9), world.rows(44, 90), received_from_ms=2000)

    assert whole_since([early.head, late.head]) is None
    assert sorted(map(len, chains_of([early, late]))) == [1, 1]
    chains = world.proven(early, late)
    assert chains == [[early], [late]]
    assert spans(chains) == [((6, 4), [5])]


def test_a_run_beyond_the_stores_position_is_not_believed(world: World) -> None:
    run = world.run(Boundary.behind(0), Boundary.behind(10), world.rows(0, 90))

    assert world.proven(run) == []


def test_without_runs_everything_is_read(world: World) -> None:
    assert world.proven() == []
    assert spans([]) == [((1, 9), [])]
    assert spans([], position=0) == []
