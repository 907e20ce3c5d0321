"""Compressed data comes out whole, however its blocks are split, and the libraries' own readers do less."""

import gzip
import io
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from calltally.compressed_data import UNPACKERS, CompressedData, CompressedDataError

PACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstandard.compress}
NOISE = bytes(number * number % 251 for number in range(3_000))


@pytest.mark.parametrize("encoding", UNPACKERS)
@given(contents=st.lists(st.binary(max_size=2_000), max_size=6), block_bytes=st.integers(1, 300))
def test_where_blocks_are_split_changes_nothing(
    encoding: str, contents: list[bytes], block_bytes: int
) -> None:
    packed = b"".join(map(PACK[encoding], contents))
    data = CompressedData(packed[start : start + block_bytes] for start in range(0, len(packed), block_bytes))

    assert b"".join(UNPACKERS[encoding](data)) == b"".join(contents)
    assert data.members == len(contents)


@pytest.mark.parametrize("encoding", UNPACKERS)
def test_no_block_is_taken_before_it_is_needed(encoding: str) -> None:
    first = PACK[encoding](NOISE)
    blocks = iter([first, PACK[encoding](b"next")])
    parts = UNPACKERS[encoding](CompressedData(blocks))

    content = b""
    while content != NOISE:
        content += next(parts)

    assert next(blocks) == PACK[encoding](b"next")


def test_zstandards_own_reader_does_not_report_data_that_is_cut_off() -> None:
    """Once it does, `CompressedData.unzstd` can use it."""
    packed = zstandard.compress(NOISE)[:-9]

    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed), read_across_frames=True) as reader:
        read = reader.read()

    assert len(read) < len(NOISE)
    with pytest.raises(CompressedDataError, match="ends too early"):
        list(CompressedData([packed]).unzstd())
