"""A checkpoint that is cut off anywhere leaves a store that opens as of the checkpoint before."""

from pathlib import Path

import pytest

from calltally.errors import DamagedDataError
from calltally.store.duckdb.doublewrite_buffer import DoublewriteBuffer, copy_beside
from calltally.store.duckdb.duckdb_store import DuckDBUsageStore
from tests.call_batches import a_call
from tests.contract.questions import apply, count

HEADERS, BLOCK, PAGE = 12_288, 262_144, 4096


@pytest.fixture
def cut_off(tmp_path: Path) -> tuple[Path, bytes, bytes]:
    """A store's file with its copy and log beside it, the file amid its second checkpoint and behind it."""
    file = tmp_path / "calls.duckdb"
    store = DuckDBUsageStore(file, threads=1)
    apply(store, *[a_call() for _ in range(10)])
    store.checkpoint()
    before = file.read_bytes()
    apply(store, *[a_call() for _ in range(5)])
    log = file.with_name("calls.duckdb.wal").read_bytes()
    store.checkpoint()
    behind = file.read_bytes()
    copy = copy_beside(file).read_bytes()
    store.close()
    file.with_name("calls.duckdb.wal").write_bytes(log)
    copy_beside(file).write_bytes(copy)
    amid = before[:HEADERS] + behind[HEADERS:]
    return file, before.ljust(len(behind), b"\0"), amid


def shared_block(before: bytes, amid: bytes) -> int:
    """Where the block begins that the second checkpoint wrote over although the first one needs it."""
    (start,) = [
        start
        for start in range(HEADERS, len(before), BLOCK)
        if any(before[start : start + BLOCK]) and before[start : start + BLOCK] != amid[start : start + BLOCK]
    ]
    return start


def test_a_block_torn_after_any_page_is_put_back_and_nothing_is_lost(
    cut_off: tuple[Path, bytes, bytes],
) -> None:
    file, before, amid = cut_off
    start = shared_block(before, amid)
    log, copy = file.with_name("calls.duckdb.wal"), copy_beside(file)
    kept = log.read_bytes(), copy.read_bytes()
    for pages in (0, 1, 2, 5, 20, 63, 64):
        torn = start + pages * PAGE
        file.write_bytes(amid[:torn] + before[torn : start + BLOCK] + amid[start + BLOCK :])
        log.write_bytes(kept[0])
        copy.write_bytes(kept[1])
        store = DuckDBUsageStore(file, threads=1)

        assert count(store) == 15, pages
        assert store.position == 2
        store.close()


def test_damage_that_no_checkpoint_explains_is_refused_and_left(cut_off: tuple[Path, bytes, bytes]) -> None:
    file, before, amid = cut_off
    start = shared_block(before, amid)
    copy_beside(file).unlink()
    torn = amid[: start + PAGE] + before[start + PAGE :]
    file.write_bytes(torn)

    with pytest.raises(DamagedDataError, match="Corrupt database file"):
        DuckDBUsageStore(file, threads=1)
    assert file.read_bytes() == torn


@pytest.mark.parametrize(
    "damage", [lambda copy: copy[:-1], lambda copy: copy[:9] + b"!" + copy[10:], lambda _: b""]
)
def test_a_copy_that_is_not_whole_is_not_put_back(cut_off: tuple[Path, bytes, bytes], damage: object) -> None:
    file, before, _ = cut_off
    file.write_bytes(before)
    copy_beside(file).write_bytes(damage(copy_beside(file).read_bytes()))  # type: ignore[operator]

    assert not DoublewriteBuffer(file).restore()
    assert file.read_bytes() == before


def test_a_copy_of_an_older_state_is_not_put_back(cut_off: tuple[Path, bytes, bytes]) -> None:
    file, _, _ = cut_off
    behind = file.read_bytes()

    assert not DoublewriteBuffer(file).restore()
    assert file.read_bytes() == behind


def test_an_orderly_end_leaves_no_copy(tmp_path: Path) -> None:
    file = tmp_path / "calls.duckdb"
    store = DuckDBUsageStore(file, threads=1)
    apply(store, a_call())
    store.checkpoint()
    assert copy_beside(file).exists()

    store.close()

    assert [path.name for path in tmp_path.iterdir()] == ["calls.duckdb"]
