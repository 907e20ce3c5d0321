"""A run holds exactly what was written to it, whoever wrote it, and damage is never believed."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from xxhash import xxh3_64_intdigest

from calltally.identity_key import IdentityKey
from calltally.ingest.identities.generations import Generation, ReceiptRange
from calltally.ingest.identities.identity_run import IdentityRun
from calltally.ingest.identities.identity_table import IdentityTable
from calltally.ingest.identities.run_file import BLOCKS_START, Boundary, DamagedRunError, StoppedError
from calltally.ingest.identities.run_folder import RunFolder
from calltally.store.usage_store import Timeline
from tests.reference.identity_run import ReferenceRun
from tests.reference.identity_table import ReferenceTable
from tests.support.identity_keys import ANOTHER_KEY, KEY
from tests.support.seeds import numpy_luck

Numbers = npt.NDArray[np.uint64]
Kind = type[IdentityRun]
BEGINNING, END = Boundary.behind(0), Boundary.behind(9)
TIMELINES = [Timeline(1, 0)]
NEXT_LIVES = [*TIMELINES, Timeline(2, 20)]


@pytest.fixture(params=[IdentityRun, ReferenceRun], scope="module")
def kind(request: pytest.FixtureRequest) -> Kind:
    """A run, and its oracle."""
    chosen: Kind = request.param
    return chosen


def numbers(*values: int) -> Numbers:
    return np.array(values, np.uint64)


def identities(size: int, seed: int = 1) -> tuple[Numbers, Numbers, Numbers]:
    chance = numpy_luck(seed)
    high, low, digest = (chance.integers(1, 2**64, size, np.uint64) for _ in range(3))
    return high, low, digest


def generation(
    columns: tuple[Numbers, Numbers, Numbers],
    since: Boundary = BEGINNING,
    last: Boundary = END,
    kind: Kind = IdentityRun,
) -> Generation:
    """A table with some identities that were received between the instants 100 and 900."""
    slots = 2 ** (2 * len(columns[0]) + 8).bit_length()
    table = ReferenceTable(slots) if kind is ReferenceRun else IdentityTable(slots)
    table.insert(*columns)
    return Generation(table, since, last, ReceiptRange(0, 100, 900, 1234))


def found_in(run: IdentityRun, high: Numbers, low: Numbers) -> tuple[list[bool], list[int]] | None:
    found = run.find_in([run], high, low)
    return found and (found[0].tolist(), found[1].tolist())


@pytest.mark.parametrize("size", [1, 170, 171, 20_000])
def test_everything_that_was_written_is_found_with_its_digest_and_nothing_else(
    kind: Kind, tmp_path: Path, size: int
) -> None:
    high, low, digest = identities(size)
    run = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation((high, low, digest), kind=kind))

    assert found_in(run, high, low) == ([True] * size, digest.tolist())
    assert found_in(run, high, ~low) is None
    assert found_in(run, *identities(size, seed=2)[:2]) is None
    assert run.head.size == size


def test_a_run_without_its_filter_says_the_same_and_takes_less_memory(kind: Kind, tmp_path: Path) -> None:
    high, low, digest = identities(20_000)
    run = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation((high, low, digest), kind=kind))
    with_filter = run.memory_bytes

    run.drop_filter()

    assert run.memory_bytes < with_filter / 20
    assert found_in(run, high[:500], low[:500]) == ([True] * 500, digest[:500].tolist())
    assert found_in(run, high[:500], ~low[:500]) is None


def test_a_run_loses_its_filter_though_its_file_was_put_aside_as_damaged(kind: Kind, tmp_path: Path) -> None:
    high, low, digest = identities(1_000)
    run = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation((high, low, digest), kind=kind))
    run.damaged()

    run.drop_filter()

    assert not run.path.exists()
    assert found_in(run, high, low) == ([True] * 1_000, digest.tolist())


def test_a_filter_takes_twelve_bits_and_lets_few_others_through(tmp_path: Path) -> None:
    high, low, digest = identities(20_000)
    run = RunFolder(tmp_path, KEY, TIMELINES, ReferenceRun).write(generation((high, low, digest)))
    assert isinstance(run, ReferenceRun)

    others = run.may_hold(*identities(20_000, seed=2)[:2])

    assert run.filter_bytes == pytest.approx(20_000 * 12 / 8, abs=64)
    assert np.count_nonzero(others) < 200
    assert run.may_hold(high, low).all()


def test_identities_with_equal_halves_are_told_apart(kind: Kind, tmp_path: Path) -> None:
    high = numbers(*[5] * 400, *range(400))
    low = numbers(*range(1, 401), *[5] * 400)
    digest = numbers(*range(800))
    run = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation((high, low, digest), kind=kind))

    known = found_in(run, high, low)

    assert known is not None
    assert all(known[0])
    assert known[1][:4] + known[1][400:405] == [0, 1, 2, 3, 400, 401, 402, 403, 404]
    assert found_in(run, numbers(5, 401), numbers(401, 5)) is None


def test_the_oldest_run_that_holds_an_identity_tells_its_digest(kind: Kind, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, KEY, TIMELINES, kind)
    one = numbers(1)
    runs = [
        folder.write(
            generation(
                (one, one, numbers(digest)), Boundary.behind(digest), Boundary.behind(digest + 1), kind
            )
        )
        for digest in (7, 8)
    ]

    found = kind.find_in(runs, one, one)

    assert found is not None
    assert found[1].tolist() == [7]


def test_native_code_and_the_reference_write_the_same_bytes(tmp_path: Path) -> None:
    columns = identities(5000)
    columns[0][:9] = columns[0][9]

    files = [
        RunFolder(tmp_path / kind.__name__, KEY, TIMELINES, kind).write(generation(columns, kind=kind)).path
        for kind in (IdentityRun, ReferenceRun)
    ]

    assert files[0].name == files[1].name
    assert files[0].read_bytes() == files[1].read_bytes()


def test_runs_that_are_joined_hold_what_their_parts_held(kind: Kind, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, KEY, TIMELINES, kind)
    parts = [identities(size, seed=size) for size in (30_000, 1, 90_000, 170)]
    cuts = [Boundary.behind(position) for position in (0, 1, 2, 3, 4)]
    runs = [
        folder.write(generation(part, since, last, kind))
        for part, (since, last) in zip(parts, pairwise(cuts), strict=True)
    ]

    joined = folder.join(runs)

    high, low, digest = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    assert found_in(joined, high, low) == ([True] * len(high), digest.tolist())
    assert found_in(joined, high, ~low) is None
    assert (joined.head.since, joined.head.last, joined.head.size) == (cuts[0], cuts[-1], len(high))


def test_the_next_start_finds_a_run(kind: Kind, tmp_path: Path) -> None:
    high, low, digest = identities(1000)
    written = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation((high, low, digest), kind=kind))

    (run,) = RunFolder(tmp_path, KEY, NEXT_LIVES, kind).open(received_from_ms=0)

    assert run.head == written.head
    assert found_in(run, high, low) == ([True] * 1000, digest.tolist())
    assert oct(run.path.stat().st_mode) == "0o100600"


def damaged(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("place", [0, 20, 130, -1, -3000])
def test_a_damaged_head_or_index_is_not_believed(kind: Kind, tmp_path: Path, place: int) -> None:
    run = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation(identities(20_000), kind=kind))
    damaged(run.path, place)

    assert RunFolder(tmp_path, KEY, NEXT_LIVES, kind).open(0) == []
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_cut_off_is_not_believed(kind: Kind, tmp_path: Path) -> None:
    run = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation(identities(1000), kind=kind))
    run.path.write_bytes(run.path.read_bytes()[:-1])

    assert RunFolder(tmp_path, KEY, NEXT_LIVES, kind).open(0) == []


@pytest.mark.parametrize("place", [4096, 4104, 4200, 4096 + 4000])
def test_a_damaged_block_is_noticed_when_it_is_read_and_the_file_is_gone(
    kind: Kind, tmp_path: Path, place: int
) -> None:
    high, low, digest = identities(1000)
    written = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation((high, low, digest), kind=kind))
    damaged(written.path, place)
    (run,) = RunFolder(tmp_path, KEY, NEXT_LIVES, kind).open(0)

    with pytest.raises(DamagedRunError, match="the next start reads the store"):
        kind.find_in([run], high, low)

    assert not run.path.exists()
    assert RunFolder(tmp_path, KEY, NEXT_LIVES, kind).open(0) == []
    assert list(tmp_path.iterdir()) == []


def test_where_one_run_was_damaged_every_block_of_the_others_is_read(kind: Kind, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, KEY, TIMELINES, kind)
    cuts = [Boundary.behind(position) for position in range(4)]
    runs = [
        folder.write(generation(identities(1000, seed), since, last, kind))
        for seed, (since, last) in enumerate(pairwise(cuts))
    ]
    damaged(runs[1].path, 20_000)
    runs[0].damaged()

    (sound,) = RunFolder(tmp_path, KEY, NEXT_LIVES, kind).open(0)

    assert sound.head == runs[2].head
    assert list(tmp_path.iterdir()) == [sound.path]


def test_a_damaged_part_is_not_joined(kind: Kind, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, KEY, TIMELINES, kind)
    runs = [
        folder.write(
            generation(identities(1000, seed), Boundary.behind(seed), Boundary.behind(seed + 1), kind)
        )
        for seed in (1, 2)
    ]
    damaged(runs[1].path, 5000)

    with pytest.raises(DamagedRunError):
        folder.join(runs)

    assert {path.name for path in tmp_path.iterdir()} == {runs[0].path.name, f"{runs[1].path.name}.damaged"}


@pytest.mark.parametrize(
    ("key", "timelines"),
    [
        (ANOTHER_KEY, NEXT_LIVES),  # another installation's
        (KEY, [Timeline(3, 0), Timeline(2, 20)]),  # a life that is not the store's
        (KEY, [Timeline(1, 0), Timeline(2, 8)]),  # a copy that was made at position 8 and went on by itself
        (KEY, [Timeline(4, 0), Timeline(1, 0)]),  # nothing is there yet of the present life
    ],
)
def test_a_run_of_another_store_or_another_life_is_not_believed(
    tmp_path: Path, key: IdentityKey, timelines: list[Timeline]
) -> None:
    RunFolder(tmp_path, KEY, TIMELINES, IdentityRun).write(generation(identities(10)))

    assert RunFolder(tmp_path, key, timelines, IdentityRun).open(0) == []
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_lacks_what_now_matters_is_not_believed(tmp_path: Path) -> None:
    one = generation(identities(10))
    one.took.received_from_ms = 100
    RunFolder(tmp_path, KEY, TIMELINES, IdentityRun).write(one)

    assert len(RunFolder(tmp_path, KEY, NEXT_LIVES, IdentityRun).open(100)) == 1
    assert RunFolder(tmp_path, KEY, NEXT_LIVES, IdentityRun).open(99) == []


def test_what_a_crash_left_half_written_is_removed(tmp_path: Path) -> None:
    written = RunFolder(tmp_path, KEY, TIMELINES, IdentityRun).write(generation(identities(10)))
    (tmp_path / "half.ids.partial").write_bytes(b"half")

    (run,) = RunFolder(tmp_path, KEY, NEXT_LIVES, IdentityRun).open(0)

    assert run.head == written.head
    assert [path.name for path in tmp_path.iterdir()] == [written.path.name]


def test_a_run_of_the_version_before_is_not_believed(tmp_path: Path) -> None:
    run = RunFolder(tmp_path, KEY, TIMELINES, IdentityRun).write(generation(identities(10)))
    content = bytearray(run.path.read_bytes())
    content[:16] = b"calltally seen 1"
    checked = bytes(content[:BLOCKS_START]).rstrip(b"\0")[:-8]
    content[len(checked) : len(checked) + 8] = xxh3_64_intdigest(checked).to_bytes(8, "little")
    run.path.write_bytes(content)

    with pytest.raises(DamagedRunError, match="of another version"):
        IdentityRun(run.path)
    assert RunFolder(tmp_path, KEY, NEXT_LIVES, IdentityRun).open(0) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [1, 170, 171, 20_000])
def test_a_run_says_how_many_identities_were_written_and_their_exclusive_or(
    kind: Kind, tmp_path: Path, size: int
) -> None:
    high, low, digest = identities(size)
    run = RunFolder(tmp_path, KEY, TIMELINES, kind).write(generation((high, low, digest), kind=kind))

    expected = 0
    for value in low.tolist():
        expected ^= value
    assert (run.head.size, run.head.low_xor) == (size, expected)


def test_writing_is_broken_off_when_the_process_is_to_end(kind: Kind, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, KEY, TIMELINES, kind)
    folder.stop()

    with pytest.raises(StoppedError):
        folder.write(generation(identities(10), kind=kind))

    assert list(tmp_path.iterdir()) == []
