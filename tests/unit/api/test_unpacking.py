"""Bodies are unpacked whole or refused, in steps, and with work that grows with their size only."""

import gzip
import zlib
from collections.abc import Callable
from itertools import pairwise

import pytest
import zstandard

from calltally.api.unpacking import MOST_MEMBERS, Unpacking
from calltally.errors import InvalidInputError, TooLargeError, UnsupportedMediaTypeError

MEBIBYTE = 2**20
Pack = Callable[[bytes], bytes]
BOTH = pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)], ids=["gzip", "zstd"]
)


def unpacked(body: bytes, encoding: str, limit: int = 64 * MEBIBYTE) -> bytes:
    unpacking = Unpacking(body, encoding, limit)
    to_the_end(unpacking)
    return unpacking.content()


def to_the_end(unpacking: Unpacking) -> None:
    while not unpacking.step():
        pass


def noise(size: int) -> bytes:
    """Bytes that hardly pack."""
    return b"".join(zlib.crc32(b"%d" % number).to_bytes(4, "big") for number in range(size // 4))


@BOTH
@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 65_536, 1_000_000, 5 * MEBIBYTE])
def test_what_was_packed_comes_out(encoding: str, pack: Pack, size: int) -> None:
    for content in (bytes(size), noise(size)):
        assert unpacked(pack(content), encoding) == content


@BOTH
def test_members_come_out_one_behind_the_other(encoding: str, pack: Pack) -> None:
    contents = [b"", b"a", noise(100_000), b"", bytes(300_000), b"z" * 700]

    assert unpacked(b"".join(map(pack, contents)), encoding) == b"".join(contents)


def test_zeros_behind_a_member_of_gzip_are_padding() -> None:
    body = gzip.compress(b"a") + bytes(200_000) + gzip.compress(b"b") + bytes(3)

    assert unpacked(body, "gzip") == b"ab"


@BOTH
def test_as_many_members_as_allowed_are_unpacked_and_one_more_is_refused(encoding: str, pack: Pack) -> None:
    assert unpacked(pack(b"") * MOST_MEMBERS, encoding) == b""

    with pytest.raises(InvalidInputError, match="more than 10000 members"):
        unpacked(pack(b"") * (MOST_MEMBERS + 1), encoding)


@BOTH
def test_no_byte_of_a_body_of_many_members_is_handed_over_much_more_than_twice(
    encoding: str, pack: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b"".join(pack(noise(size % 700)) for size in range(MOST_MEMBERS))
    handed: list[int] = []
    _count_what_is_handed_over(monkeypatch, handed)

    unpacked(body, encoding)

    most_of_a_piece_that_a_member_leaves = 512
    assert len(body) <= sum(handed) <= len(body) + MOST_MEMBERS * most_of_a_piece_that_a_member_leaves


def _count_what_is_handed_over(monkeypatch: pytest.MonkeyPatch, handed: list[int]) -> None:
    class Counted:
        def __init__(self, unpacker: object) -> None:
            self._unpacker = unpacker

        def __getattr__(self, name: str) -> object:
            return getattr(self._unpacker, name)

        def decompress(self, piece: bytes, *most: int) -> bytes:
            handed.append(len(piece))
            part: bytes = self._unpacker.decompress(piece, *most)  # type: ignore[attr-defined]
            return part

    class Decompressor:
        def __init__(self, max_window_size: int) -> None:
            self._inner = zstandard_decompressor(max_window_size=max_window_size)

        def decompressobj(self) -> Counted:
            return Counted(self._inner.decompressobj())

    zlib_object, zstandard_decompressor = zlib.decompressobj, zstandard.ZstdDecompressor
    monkeypatch.setattr(zlib, "decompressobj", lambda wbits: Counted(zlib_object(wbits)))
    monkeypatch.setattr(zstandard, "ZstdDecompressor", Decompressor)


@BOTH
def test_a_step_unpacks_so_much_and_no_more(encoding: str, pack: Pack) -> None:
    unpacking = Unpacking(pack(bytes(60 * MEBIBYTE)), encoding, 64 * MEBIBYTE)
    sizes = [0]
    while not unpacking.step():
        sizes.append(unpacking.size)

    steps = [later - earlier for earlier, later in pairwise(sizes)]
    assert unpacking.size == 60 * MEBIBYTE
    assert 0 < max(steps) <= 10 * MEBIBYTE


@BOTH
def test_a_body_is_refused_before_much_more_than_allowed_is_unpacked(encoding: str, pack: Pack) -> None:
    unpacking = Unpacking(pack(bytes(60 * MEBIBYTE)), encoding, MEBIBYTE)

    with pytest.raises(TooLargeError):
        to_the_end(unpacking)

    assert unpacking.size <= MEBIBYTE + 8 * MEBIBYTE


@BOTH
@pytest.mark.parametrize("cut", [1, 4, 9, 500])
def test_what_is_cut_off_is_refused(encoding: str, pack: Pack, cut: int) -> None:
    with pytest.raises(InvalidInputError, match="it ends too early"):
        unpacked(pack(noise(70_000))[:-cut], encoding)


@pytest.mark.parametrize(("encoding", "pack"), [("zstd", gzip.compress), ("gzip", zstandard.compress)])
def test_what_is_packed_otherwise_is_refused(encoding: str, pack: Pack) -> None:
    with pytest.raises(InvalidInputError, match=f"not valid {encoding}"):
        unpacked(pack(b"a"), encoding)


def test_an_encoding_that_is_not_known_is_refused_before_anything_is_unpacked() -> None:
    with pytest.raises(UnsupportedMediaTypeError):
        Unpacking(b"", "br", MEBIBYTE)
