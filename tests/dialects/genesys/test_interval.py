"""What the intervals in questions mean."""

from datetime import UTC, datetime, timedelta

import pytest

from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.interval import Interval


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2020-02-01/2020-02-28", "2020-02-01", "2020-02-29"),
        ("2020-02-28/2020-02-28", "2020-02-28", "2020-02-29"),
        ("2020-01/2020-06", "2020-01-01", "2020-07-01"),
        ("2020-12/2020-12", "2020-12-01", "2021-01-01"),
        ("2019/2020", "2019-01-01", "2021-01-01"),
        ("2019/2020-06-30", "2019-01-01", "2020-07-01"),
        ("2020-03-05/2020-03", "2020-03-05", "2020-04-01"),
        ("2020-02-01T00:00:00/2020-02-02T12:30:05", "2020-02-01", "2020-02-02T12:30:05"),
        ("2020-02-01T00:00/2020-02-01T00:00", "2020-02-01", "2020-02-01"),
        ("2025-04-01T00:00:00.000Z/2025-04-02T00:00:00.250z", "2025-04-01", "2025-04-02T00:00:00.250"),
        ("2025-04-01T00:00:00.1239999Z/2025-04-01", "2025-04-01T00:00:00.123", "2025-04-02"),
        ("2025-04-01T02:00:00+02:00/2025-04-01T00:00:00-0730", "2025-04-01", "2025-04-01T07:30:00"),
        ("2025-04-01t00:00:00+00/2025-04-01T23:00:00-01", "2025-04-01", "2025-04-02"),
    ],
)
def test_an_interval_is_a_span_of_instants(text: str, start: str, end: str) -> None:
    assert Interval.from_text(text) == Interval(at(start), at(end))


@pytest.mark.parametrize("text", ["9999/9999", "9999-12/9999-12", "9999-12-31/9999-12-31", "0001/9999"])
def test_the_end_of_time_can_be_asked_for(text: str) -> None:
    assert Interval.from_text(text).end > at("9999-12-31") + timedelta(hours=23)


@pytest.mark.parametrize(
    "text",
    [
        "2020/2019-06-30",
        "2020-03-02/2020-03-01",
        "2020-02/2020-01",
        "2020-03-02T00:00:00/2020-03-01",
        "2020-03-02/2020-03-01T23:59:59.999",
        "2020-03-01T00:00:00.001Z/2020-03-01T00:00:00Z",
        "2020-03-01T00:00:00Z/2020-03-01T00:30:00+01:00",
    ],
)
def test_an_interval_that_ends_before_it_starts_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError, match="ends before it starts") as caught:
        Interval.from_text(text)

    assert caught.value.code == "constraint.validation"


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
def test_a_blank_interval_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError, match="must not be blank"):
        Interval.from_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "2020-02-01",
        "2020-02-01/",
        "/2020-02-01",
        "2020-02-01/2020-02-02/2020-02-03",
        "2020-02-01 / 2020-02-02",
        "2020-2-1/2020-2-2",
        "2020-02-30/2020-03-01",
        "2020-13/2021-01",
        "0000/0001",
        "20200201/20200202",
        "\u0662\u0660\u0662\u0660/2021",
        "2020-02-01T24:00:00/2020-02-03",
        "2020-02-01T23:59:60Z/2020-02-03",
        "2020-02-01T00:00:00+24:00/2020-02-03",
        "2020-02-01T00/2020-02-03",
        "0001-01-01T00:00:00+01:00/2020",
        "2020-02-01/P1D",
        "now/later",
    ],
)
def test_what_is_no_interval_is_refused_with_what_would_be_accepted(text: str) -> None:
    with pytest.raises(BadRequestError, match="ISO-8601") as caught:
        Interval.from_text(text)

    assert caught.value.code == "invalid.value"
    assert caught.value.params["value"] == text
