"""Calls are checked in bulk exactly as they would be one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.call import Call
from calltally.clock import instant_ms
from calltally.ingest.call_rules import MEASURES, TEXT_LIMITS, Admission, fault_of
from calltally.ingest.instants import parse_instant, parse_instants
from calltally.ingest.prepared_calls import PreparedCalls, prepare
from tests.support.identity_keys import KEY
from tests.support.seeds import examples

QUICK = settings(max_examples=examples(300, deep=12_000))

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
ADMISSION = Admission(
    organization="acme",
    any_organization=False,
    earliest_ms=instant_ms(NOW - timedelta(days=35)),
    latest_ms=instant_ms(NOW + timedelta(minutes=5)),
    backfill=False,
)


def odd_text(limit: int) -> st.SearchStrategy[str]:
    """Texts at and around the limit, and some that no limit is about."""
    lengths = st.sampled_from([0, 1, limit // 4, limit // 4 + 1, limit // 2 + 1, limit, limit + 1])
    characters = st.sampled_from(["x", "ä", "🦆", "\0", "\ud800", "acme"])
    return st.builds(lambda character, length: (character * length)[: max(length, 4)], characters, lengths)


plain_times = st.builds(
    lambda ms: (NOW + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")[:-6] + "Z",
    st.integers(-34 * 86_400_000, 0),
)
odd_times = st.sampled_from(
    [
        "2026-02-08T12:00:00Z",
        "2026-02-08T11:59:59.9999Z",
        "2026-03-15T12:05:00.000999Z",
        "2026-03-15T12:05:00.001Z",
        "2026-03-15T11:59:00z",
        "2026-03-15t11:59:00Z",
        "2026-03-15 11:59:00Z",
        "2026-03-15T11:59:00+00:00",
        "2026-03-15T11:59:00-23:59",
        "2026-03-15T11:59:00+24:00",
        "2026-03-15T11:59:00",
        "2026-03-15T11:59:00.Z",
        "2026-03-15T11:59:60Z",
        "2026-03-15T11:59Z",
        "2026-03-15 13:59+02:00",
        "2026-03-15T11:59",
        "2026-03-15T11:59.5Z",
        "2026-03-15T11:59:Z",
        "2026-03-15T11:59:0Z",
        "2026-03-14T23:59:60Z",
        "2026-03-14T23:59:60.5Z",
        "2026-03-15T00:59:60+01:00",
        "2026-03-14T23:59:60+01:00",
        "2026-03-14T23:59:61Z",
        "2026-03-14T23:58:60Z",
        "2026-03-15T24:00:00Z",
        "2026-03-00T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-03-15T11:59:00Z\n",
        " 026-03-15T11:59:00Z",
        "\uff12026-03-15T11:59:00Z",
        "2026/03/15T11:59:00Z",
        "2026-03-15T11:59:00,5Z",
        "0000-03-15T11:59:00Z",
        "9999-12-31T23:59:59Z",
        "",
        "Z",
        "2026-03-15T11:59:00." + "1" * 400 + "Z",
    ]
)
odd_numbers = st.sampled_from([None, 0, 1, -1, 99, 100, 599, 600, 2**31, 2**63 - 1, 2**63, 2**64, -(2**63)])
odd_fields: dict[str, st.SearchStrategy[object]] = {
    **{field: odd_text(limit) for field, limit in TEXT_LIMITS.items()},
    "time": odd_times,
    "status": odd_numbers.filter(lambda number: number is not None),
    **dict.fromkeys(MEASURES, odd_numbers),
}
plain_calls = st.builds(
    Call,
    id=st.sampled_from(["1", "2", "ä"]),
    time=plain_times,
    origin=st.sampled_from(["", "web-1"]),
    organization=st.sampled_from(["", "acme"]),
    client_id=st.sampled_from(["", "a", "ü"]),
    path=st.sampled_from(["", "/a?b", "/a#c"]),
    status=st.sampled_from([0, 200, 404]),
    duration_ms=st.sampled_from([None, 0, 7]),
)


@st.composite
def odd_calls(draw: st.DrawFn) -> Call:
    """A call of which one field is unusual."""
    call = draw(plain_calls)
    field = draw(st.sampled_from([*odd_fields, *["time"] * 20]))
    setattr(call, field, draw(odd_fields[field]))
    return call


slices = st.one_of(
    st.lists(plain_calls, max_size=6),
    st.lists(odd_calls(), min_size=1, max_size=3),
    st.builds(lambda plain, odd: [*plain, odd, *plain], st.lists(plain_calls, max_size=3), odd_calls()),
)
admissions = st.sampled_from(
    [ADMISSION, replace(ADMISSION, any_organization=True), replace(ADMISSION, earliest_ms=0, backfill=True)]
)


@QUICK
@given(slices, admissions)
def test_a_slice_is_judged_as_each_of_its_calls_alone(calls: list[Call], admission: Admission) -> None:
    faults = {index: fault_of(call, admission) for index, call in enumerate(calls, 50)}

    prepared, rejected = prepare(list(calls), list(faults), admission, KEY)

    sound = [index for index, fault in faults.items() if fault is None]
    assert rejected == [(index, fault) for index, fault in faults.items() if fault]
    assert (prepared.indexes if prepared else []) == sound
    times = [parse_instant(calls[index - 50].time) for index in sound]
    assert (prepared.time_ms.tolist() if prepared else []) == times


@QUICK
@given(slices, admissions)
def test_a_calls_identity_and_content_do_not_depend_on_its_neighbours(
    calls: list[Call], admission: Admission
) -> None:
    together, _ = prepare(list(calls), list(range(len(calls))), admission, KEY)
    alone = [prepare([call], [0], admission, KEY)[0] for call in calls]

    assert (columns_of(together) if together else []) == [
        row for one in alone if one for row in columns_of(one)
    ]


def columns_of(calls: PreparedCalls) -> list[tuple[int, ...]]:
    """What identifies each call, and what tells its content."""
    columns = (calls.identity_high, calls.identity_low, calls.digest, calls.time_ms, calls.status)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@QUICK
@given(st.lists(st.one_of(plain_times, odd_times), min_size=1, max_size=4))
def test_instants_that_are_read_together_are_read_as_each_alone(texts: list[str]) -> None:
    together = parse_instants(texts)

    assert together is None or together.tolist() == [parse_instant(text) for text in texts]


@given(st.lists(plain_times, min_size=1))
def test_plain_instants_are_read_together(texts: list[str]) -> None:
    together = parse_instants(texts)

    assert together is not None
    assert np.array_equal(together, [parse_instant(text) for text in texts])
