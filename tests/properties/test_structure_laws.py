"""Native code and its reference split lists alike, whatever their bytes, and as JSON does what is JSON."""

import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calltally.ingest import scanner
from calltally.ingest.scanner import ListFaultError, Why
from tests.reference import structure
from tests.support.seeds import examples

MOST = 5
THOROUGH = settings(max_examples=examples(200))


@pytest.fixture(autouse=True, scope="module", params=[2**18, 7, 1], ids=lambda size: f"windows of {size}")
def _windows(request: pytest.FixtureRequest) -> Iterator[None]:
    """The twin's windows end anywhere: within texts, behind backslashes, at brackets."""
    patch = pytest.MonkeyPatch()
    patch.setattr(structure, "_WINDOW", request.param)
    yield
    patch.undo()


tokens = st.sampled_from(
    [
        *(
            b"[",
            b"]",
            b"{",
            b"}",
            b",",
            b'"',
            b"\\",
            b'\\"',
            b"\\\\",
            b":",
            b"1",
            b'"a"',
            b"[]",
            b"{}",
            b'"[,]"',
        ),
        *(b"\n", b"\r", b" ", b"\t", b"\v", b"\f", b"\xff", b"\xc3\xa4", b"\0", b"x" * 20),
    ]
)
tails = st.lists(tokens, max_size=30).map(b"".join)
lists = st.builds(lambda start, rest: start + rest, st.sampled_from([b"[", b"{"]), tails)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


def told(find: Callable[[bytes, int, int], object], body: bytes, most: int) -> object:
    try:
        return find(body, 0, most)
    except ListFaultError as fault:
        return fault.why, fault.index, fault.place


@THOROUGH
@given(lists, st.integers(1, MOST))
@example(b'["\\\\\\\\\\"",1]', 2)
@example(b"[,", 1)
@example(b"[ ]", 1)
@example(b"[1,]", 1)
@example(b"[1,2", 1)
def test_native_code_and_its_twin_tell_the_same_of_a_list(body: bytes, most: int) -> None:
    for native, twin in (
        (scanner.array_lines, structure.array_lines),
        (scanner.elements, structure.elements),
    ):
        assert told(native, body, most) == told(twin, body, most)
    assert scanner.end_of_list(body, 0) == structure.end_of_list(body, 0)


@THOROUGH
@given(st.lists(tokens, max_size=40).map(b"".join), st.integers(0, 6), st.integers(1, 3), st.integers(1, 30))
def test_native_code_and_its_twin_cut_lines_alike(body: bytes, most: int, lines: int, size: int) -> None:
    for longest in (0, 3, 100):
        slices = scanner.bounds(body, most=most, lines=lines, longest=longest, size=size)

        assert slices == structure.bounds(body, most=most, lines=lines, longest=longest, size=size)
        assert all(count <= lines for _, _, count in slices)
        assert all(count == 1 or end - start <= size for start, end, count in slices)
        assert all(body[start:end] == body[start:end].lstrip() for start, end, _ in slices)
    assert scanner.past_blanks(body, size) == structure.past_blanks(body, size)


@THOROUGH
@given(st.lists(tokens, max_size=40).map(b"".join))
def test_every_line_that_is_not_blank_is_in_one_slice(body: bytes) -> None:
    slices = scanner.bounds(body, most=10**6, lines=3, longest=10, size=40)

    cut = [line for start, end, _ in slices for line in body[start:end].split(b"\n") if line.strip()]
    assert [line.strip() for line in cut] == [line.strip() for line in body.split(b"\n") if line.strip()]
    assert sum(count for _, _, count in slices) == len(cut)


@THOROUGH
@given(st.lists(values, max_size=MOST), st.sampled_from([None, 1]), st.booleans())
def test_an_array_of_json_becomes_a_line_for_each_element(
    elements: list[object], indent: int | None, is_ascii: bool
) -> None:
    body = json.dumps(elements, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")

    lines, end = scanner.array_lines(body, 0, MOST)

    assert end == len(body) == len(lines)
    assert [json.loads(line) for line in lines.split(b"\n") if line.strip()] == elements


@pytest.mark.parametrize("find", [scanner.array_lines, structure.array_lines], ids=["native", "reference"])
def test_no_more_is_looked_at_than_the_element_that_is_one_too_many(
    find: Callable[[bytes, int, int], object],
) -> None:
    assert told(find, b"[" + b"0," * 50_000, 7) == (Why.TOO_MANY, 7, 14)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"[", (Why.CUT_OFF, 0, 1)),
        (b'[1,"2]', (Why.CUT_OFF, 1, 6)),
        (b"[1,,2]", (Why.MISSING, 1, 3)),
        (b"[1,2,]", (Why.MISSING, 2, 5)),
        (b"[1,2,3,4,5,6]", (Why.TOO_MANY, 5, 10)),
        (b"[" * 100_000, (Why.CUT_OFF, 0, 100_000)),
    ],
)
def test_what_is_wrong_with_a_list_is_told_with_its_index_and_place(body: bytes, fault: object) -> None:
    if len(body) < 1000 or structure._WINDOW > 1000:
        assert told(structure.array_lines, body, MOST) == fault
    assert told(scanner.array_lines, body, MOST) == fault
