"""Instants are read the same one by one and by the column."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calltally.clock import instant_ms
from calltally.ingest.instants import parse_instant, parse_instants


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-03-01T10:15:00.25Z", 1_772_360_100_250),
        ("2026-03-01 10:15:00z", 1_772_360_100_000),
        ("2026-03-01T10:15:00.9999Z", 1_772_360_100_999),
        ("2026-03-01T15:45:00+05:30", 1_772_360_100_000),
        ("2026-03-01T02:15:00-08:00", 1_772_360_100_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
    ],
)
def test_an_instant_is_its_milliseconds_since_1970(text: str, milliseconds: int) -> None:
    assert parse_instant(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2026-03-01T10:15Z", 1_772_360_100_000),
        ("2026-03-01 15:45+05:30", 1_772_360_100_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_999),
        ("2016-12-31T23:59:60.000Z", 1_483_228_799_999),
        ("2016-12-31T23:59:60.9999Z", 1_483_228_799_999),
        ("2017-01-01T00:59:60+01:00", 1_483_228_799_999),
        ("2016-12-31T15:59:60-08:00", 1_483_228_799_999),
    ],
)
def test_seconds_may_be_left_out_and_a_leap_second_is_the_last_millisecond_before_its_end(
    text: str, milliseconds: int
) -> None:
    assert parse_instant(text) == milliseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "2026-03-01",
        "2026-03-01T10:15",
        "2026-03-01T10:15.5Z",
        "2026-03-01T10:15:Z",
        "2026-03-01T10:15:00",
        "2026-03-01T10:15:00.Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T23:60:00Z",
        "2026-01-01T11:59:60Z",
        "2026-01-01T23:58:60Z",
        "2026-01-01T23:59:61Z",
        "2026-01-01T23:59:60+01:00",
        "2026-01-01T23:59:60.Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+00:60",
        "\uff12026-01-01T00:00:00Z",
        " 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00Z\n",
    ],
)
def test_what_is_no_instant_is_refused_and_never_taken_by_the_column_either(text: str) -> None:
    with pytest.raises(ValueError, match=r"instant|impossible"):
        parse_instant(text)

    assert parse_instants([text]) is None


instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - made aware below


@given(st.lists(st.tuples(instants, st.integers(0, 9)), min_size=1, max_size=30))
def test_a_column_is_read_as_its_texts_are_one_by_one(drawn: list[tuple[datetime, int]]) -> None:
    texts = [f"{at:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") for at, _ in drawn]
    texts = [
        f"{text}.{at.microsecond:06d}000"[: 20 + digits] + "Z" if digits else f"{text}Z"
        for text, (at, digits) in zip(texts, drawn, strict=True)
    ]

    together = parse_instants(texts)

    assert together is not None
    assert together.tolist() == [parse_instant(text) for text in texts]


@given(instants, st.integers(-1439, 1439))
def test_an_offset_is_taken_off(at: datetime, offset: int) -> None:
    zone = timezone(timedelta(minutes=offset))
    aware = at.replace(tzinfo=zone)

    text = aware.isoformat().rjust(32 if aware.microsecond else 25, "0")

    assert parse_instant(text) == instant_ms(aware.astimezone(UTC)) if 1 < at.year < 9999 else True
