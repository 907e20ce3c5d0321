"""Inputs made from known ones by small damage, the same ones for the same seed."""

import random
from collections.abc import Callable, Sequence

_LONGEST = 20_000
_NUMBERS = (
    b"0",
    b"-1",
    b"1e400",
    b"00",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"99999999999999999999",
    b"1.5",
)
_PIECES = (
    *(
        b"\0",
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf0\x9f\xa6\x86",
        b"\xef\xbb\xbf",
        b"\\",
        b"\\u0000",
        b"\\ud800",
    ),
    *(
        b'"',
        b"'",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b";",
        b"=",
        b"&",
        b"%",
        b"%00",
        b"%ff",
        b"+",
        b" ",
        b"\r\n",
        b"\n",
    ),
    *(
        b"T",
        b"Z",
        b"+24:00",
        b"-00:00",
        b"24:00",
        b"23:59:60",
        b"0000-01-01",
        b"9999-12-31",
        b"2026-02-30",
        b"/",
        b"//",
    ),
    *(
        b"null",
        b"true",
        b"NaN",
        b"{}",
        b"[]",
        b'""',
        b"(",
        b")",
        b" and ",
        b" or ",
        b"not ",
        b"*/*",
        b"q=0",
        b"A" * 300,
    ),
    *(b"\xd9\xa3", b"\xef\xbc\x91", b"[" * 2000, b'{"a":' * 1200),
)

_Damage = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def _flip(luck: random.Random, text: bytes, _others: Sequence[bytes]) -> bytes:
    if not text:
        return text
    changed = bytearray(text)
    changed[luck.randrange(len(text))] ^= 1 << luck.randrange(8)
    return bytes(changed)


def _drop(luck: random.Random, text: bytes, _others: Sequence[bytes]) -> bytes:
    start, end = _span(luck, text)
    return text[:start] + text[end:]


def _repeat(luck: random.Random, text: bytes, _others: Sequence[bytes]) -> bytes:
    start, end = _span(luck, text)
    return text[:end] + text[start:end] * luck.choice((1, 1, 2, 50)) + text[end:]


def _insert(luck: random.Random, text: bytes, _others: Sequence[bytes]) -> bytes:
    at = luck.randrange(len(text) + 1)
    return text[:at] + luck.choice(_PIECES) + text[at:]


def _cross(luck: random.Random, text: bytes, others: Sequence[bytes]) -> bytes:
    other = luck.choice(others)
    return text[: luck.randrange(len(text) + 1)] + other[luck.randrange(len(other) + 1) :]


def _renumber(luck: random.Random, text: bytes, _others: Sequence[bytes]) -> bytes:
    places = [place for place, byte in enumerate(text) if 48 <= byte <= 57]
    if not places:
        return text
    start = end = luck.choice(places)
    while end < len(text) and 48 <= text[end] <= 57:
        end += 1
    return text[:start] + luck.choice((*_NUMBERS, b"%d" % luck.randrange(100))) + text[end:]


def _swap(luck: random.Random, text: bytes, _others: Sequence[bytes]) -> bytes:
    start, end = _span(luck, text)
    middle = luck.randrange(start, end + 1)
    return text[:start] + text[middle:end] + text[start:middle] + text[end:]


_DAMAGES: tuple[_Damage, ...] = (_flip, _flip, _drop, _repeat, _insert, _insert, _cross, _renumber, _swap)


def mutated(luck: random.Random, corpus: Sequence[bytes]) -> bytes:
    """One of the known inputs, damaged up to a few times."""
    text = luck.choice(corpus)
    for _ in range(luck.choice((1, 1, 1, 2, 2, 3, 5))):
        text = luck.choice(_DAMAGES)(luck, text, corpus)
    return text[:_LONGEST]


def _span(luck: random.Random, text: bytes) -> tuple[int, int]:
    start = luck.randrange(len(text) + 1)
    return start, min(len(text), start + luck.choice((1, 2, 4, 16, 64)))
