"""The seen ids judge as a plain dictionary would, whatever tables are behind them."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.ingest.identities.run_file import Boundary
from calltally.ingest.identities.run_folder import RunFolder
from calltally.ingest.identities.seen_ids import Seen, SeenIds
from calltally.ingest.identities.spiller import Spiller
from calltally.store.usage_store import Timeline
from tests.reference.seen_ids import ReferenceSeenIds
from tests.support.identity_keys import KEY
from tests.support.seeds import examples, numpy_luck

Numbers = npt.NDArray[np.uint64]
Kind = type[SeenIds]


@pytest.fixture(params=[SeenIds, ReferenceSeenIds], scope="module")
def kind(request: pytest.FixtureRequest) -> Kind:
    """The seen ids, and their oracle."""
    chosen: Kind = request.param
    return chosen


def numbers(*values: int) -> Numbers:
    return np.array(values, np.uint64)


def judge(seen: SeenIds, high: Numbers, low: Numbers, digest: Numbers, position: int = 1) -> list[int]:
    verdicts: list[int] = seen.judge(
        high, low, digest, position=position, received_ms=position, latest_ms=position
    ).tolist()
    return verdicts


def test_an_identity_is_new_once_and_then_the_same_or_another_content(kind: Kind) -> None:
    seen = kind(2**30)

    first = judge(seen, numbers(1), numbers(2), numbers(7))
    again = judge(seen, numbers(1, 1), numbers(2, 2), numbers(7, 8))

    assert first == [Seen.NEW]
    assert again == [Seen.SAME, Seen.OTHER]


def test_both_halves_of_an_identity_count(kind: Kind) -> None:
    seen = kind(2**30)

    verdicts = judge(seen, numbers(1, 2, 1), numbers(5, 5, 6), numbers(7, 7, 7))

    assert verdicts == [Seen.NEW] * 3
    assert judge(seen, numbers(2, 3), numbers(5, 5), numbers(7, 7)) == [Seen.SAME, Seen.NEW]


def test_copies_within_one_batch_are_judged_against_the_first(kind: Kind) -> None:
    verdicts = judge(kind(2**30), numbers(1, 1, 1), numbers(2, 2, 2), numbers(7, 7, 8))

    assert verdicts == [Seen.NEW, Seen.SAME, Seen.OTHER]


def test_what_the_store_holds_is_no_news(kind: Kind) -> None:
    seen = kind(2**30)
    stored = (np.array([True, True, False]), numbers(7, 8, 0))

    verdicts = seen.judge(
        numbers(1, 2, 3),
        numbers(1, 2, 3),
        numbers(7, 7, 7),
        position=1,
        received_ms=1,
        latest_ms=1,
        stored=stored,
    )

    assert verdicts.tolist() == [Seen.SAME, Seen.OTHER, Seen.NEW]
    assert seen.count == 1


batches_of_identities = st.lists(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60), st.integers(0, 1)), min_size=1, max_size=40),
    max_size=12,
)


@settings(max_examples=examples(60))
@given(batches_of_identities)
def test_verdicts_equal_those_of_a_plain_dictionary(
    kind: Kind, batches: list[list[tuple[int, int, int]]]
) -> None:
    seen = kind(2**30, smallest=64)

    known = judged_as_a_dictionary_would(seen, batches, lambda _: None)

    assert seen.count == known


@settings(max_examples=examples(60))
@given(batches_of_identities, st.sampled_from([1, 10**5]), st.booleans())
def test_verdicts_equal_those_of_a_plain_dictionary_when_nearly_everything_is_on_disk(
    kind: Kind, batches: list[list[tuple[int, int, int]]], memory: int, join: bool
) -> None:
    seen = kind(memory, smallest=8, largest=8)
    with spilling_of(seen) as spilling:

        def spill(position: int) -> None:
            spilling.spill_now(position, position)
            if join:
                spilling.look(position, position)

        known = judged_as_a_dictionary_would(seen, batches, spill)

    assert seen.count + seen.spilled == known


@settings(max_examples=examples(60))
@given(batches_of_identities)
def test_verdicts_equal_those_of_a_plain_dictionary_when_what_is_in_memory_is_on_disk_too(
    kind: Kind, batches: list[list[tuple[int, int, int]]]
) -> None:
    seen = kind(2**30, smallest=8, largest=8)
    with spilling_of(seen) as spilling:

        def write(position: int) -> None:
            while seen.generations.unwritten(position) or not spilling.is_idle:
                spilling.look(position, position)

        known = judged_as_a_dictionary_would(seen, batches, write)

    assert all(full.run for full in seen.generations.full)
    assert (seen.count, seen.spilled) == (known, 0)


@contextmanager
def spilling_of(seen: SeenIds) -> Iterator[Spiller]:
    """Spills into a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        spilling = Spiller(seen, RunFolder(Path(folder), KEY, [Timeline(1, 0)], seen.kind_of_run), 10**9)
        yield spilling
        spilling.stop()


def judged_as_a_dictionary_would(
    seen: SeenIds, batches: list[list[tuple[int, int, int]]], then: Callable[[int], None]
) -> int:
    """Compares all verdicts, doing something after each batch; returns how many identities there are."""
    known: dict[tuple[int, int], int] = {}
    for position, batch in enumerate(batches, start=1):
        expected = []
        for high, low, digest in batch:
            held = known.get((high, low * 64))
            known.setdefault((high, low * 64), digest)
            expected.append(Seen.NEW if held is None else Seen.SAME if held == digest else Seen.OTHER)

        verdicts = judge(
            seen,
            numbers(*(row[0] for row in batch)),
            numbers(*(row[1] * 64 for row in batch)),
            numbers(*(row[2] for row in batch)),
            position,
        )

        assert verdicts == expected
        then(position)
    return len(known)


def test_nothing_is_lost_while_tables_grow(kind: Kind) -> None:
    seen = kind(2**30)
    chance = numpy_luck(1)
    high, low = (chance.integers(1, 2**63, 200_000).astype(np.uint64) for _ in range(2))
    for start in range(0, 200_000, 1000):
        part = slice(start, start + 1000)
        assert set(judge(seen, high[part], low[part], high[part])) == {Seen.NEW}

    verdicts = judge(seen, high, low, high)

    assert set(verdicts) == {Seen.SAME}
    assert seen.count == 200_000
    assert seen.memory_bytes < 200_000 * 100


@pytest.fixture
def small(kind: Kind) -> SeenIds:
    """Seen ids with generations of 798 identities and memory for about six of them."""
    return kind(6 * 1024 * 25, smallest=1024, largest=1024)


def test_the_oldest_generation_goes_when_memory_is_full(small: SeenIds) -> None:
    ids = np.arange(1, 10_001, dtype=np.uint64)
    for position in range(1, 101):
        part = ids[(position - 1) * 100 : position * 100]
        judge(small, part, part, part, position)
        small.forget(received_before_ms=0, stored_position=position)

    assert small.memory_bytes <= 6 * 1024 * 25
    assert 0 < small.forgotten.position < 100
    remembered = ids[small.forgotten.position * 100 :]
    assert set(judge(small, remembered, remembered, remembered)) == {Seen.SAME}


def test_what_the_store_does_not_hold_yet_is_never_forgotten(small: SeenIds) -> None:
    ids = np.arange(1, 10_001, dtype=np.uint64)
    for position in range(1, 101):
        part = ids[(position - 1) * 100 : position * 100]
        judge(small, part, part, part, position)

    small.forget(received_before_ms=0, stored_position=0)

    assert small.forgotten.position == 0
    assert small.count == 10_000


def test_generations_past_the_horizon_go(small: SeenIds) -> None:
    ids = np.arange(1, 2001, dtype=np.uint64)
    judge(small, ids, ids, ids, position=1)
    later = np.arange(10_001, 12_001, dtype=np.uint64)
    judge(small, later, later, later, position=1000)

    small.forget(received_before_ms=500, stored_position=1000)

    assert small.forgotten.position >= 1
    assert set(judge(small, later, later, later, 1001)) == {Seen.SAME}


def test_nothing_is_taken_until_it_is_said_where_the_seen_ids_go_on(small: SeenIds) -> None:
    one = numbers(1)
    small.adopt([])

    with pytest.raises(RuntimeError, match="continue_from was not called"):
        judge(small, one, one, one)

    small.continue_from(Boundary.behind(0))
    assert judge(small, one, one, one) == [Seen.NEW]


def test_what_was_read_lies_between_its_cuts_and_what_comes_later_behind_the_cut_that_is_said(
    small: SeenIds,
) -> None:
    read, later = np.arange(1, 11, dtype=np.uint64), np.arange(1001, 2001, dtype=np.uint64)
    with small.reading(Boundary.behind(0), Boundary.behind(5), 0):
        small.remember(read, read, read, position=5, received_ms=5, latest_ms=5)
    with pytest.raises(RuntimeError, match="continue_from was not called"):
        judge(small, later, later, later, position=9)
    small.continue_from(Boundary.behind(7))

    judge(small, later, later, later, position=9)

    first, second = small.generations.full
    assert (first.since, first.last, first.table.count) == (Boundary.behind(0), Boundary.behind(5), 10)
    assert (second.since, second.last[:2], second.table.count) == (Boundary.behind(7), (9, 9), 798)


def test_where_the_seen_ids_go_on_cannot_be_said_amid_identities(small: SeenIds) -> None:
    one = numbers(1)
    judge(small, one, one, one)

    with pytest.raises(ValueError, match="1 identities are in no generation yet"):
        small.continue_from(Boundary.behind(1))
