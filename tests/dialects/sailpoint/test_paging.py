"""Limit, offset and count, and the query string they come in."""

from urllib.parse import urlencode

import pytest

from calltally.dialects.sailpoint.paging import (
    Page,
    asks_for_total,
    from_sailpoint_page,
    to_sailpoint_total,
)
from calltally.dialects.sailpoint.parameters import Parameters
from calltally.errors import InvalidInputError


def parameters(**given: str) -> Parameters:
    return Parameters(urlencode(given).encode())


def test_a_page_holds_250_records_from_the_first_on() -> None:
    assert from_sailpoint_page(parameters()) == Page(250, 0)


def test_limit_and_offset_reach_from_zero_to_their_bounds() -> None:
    assert from_sailpoint_page(parameters(limit="0", offset="2147483647")) == Page(0, 2147483647)
    assert from_sailpoint_page(parameters(limit="250", offset="007")) == Page(250, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "251"),
        ("limit", "-1"),
        ("limit", ""),
        ("limit", "ten"),
        ("limit", "1.0"),
        ("limit", " 1"),
        ("limit", "٣"),
        ("limit", "9" * 5000),
        ("offset", "-1"),
        ("offset", "2147483648"),
    ],
)
def test_any_other_limit_or_offset_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        from_sailpoint_page(parameters(**{name: value}))

    assert (caught.value.field, caught.value.received) == (name, value)


def test_a_page_past_the_end_is_empty() -> None:
    assert Page(2, 1).of("abcd") == "bc"
    assert Page(2, 4).of("abcd") == ""
    assert Page(0, 0).of("abcd") == ""


def test_the_total_is_told_on_request_only() -> None:
    assert to_sailpoint_total(13, requested=asks_for_total(parameters(count="true"))) == {
        "X-Total-Count": "13"
    }
    assert to_sailpoint_total(13, requested=asks_for_total(parameters(count="false"))) == {}
    assert to_sailpoint_total(13, requested=asks_for_total(parameters())) == {}


@pytest.mark.parametrize(
    ("count", "asked"),
    [
        *(("true", True), ("True", True), ("TRUE", True), ("tRuE", True), ("1", True)),
        *(("false", False), ("False", False), ("FALSE", False), ("0", False)),
    ],
)
def test_count_is_true_or_false_in_any_case_or_one_or_zero(count: str, asked: bool) -> None:
    assert asks_for_total(parameters(count=count)) is asked


@pytest.mark.parametrize(
    "count", ["", "2", "01", "yes", "on", "t", " true", "true ", "\uff54rue", "true" * 9999]
)
def test_any_other_count_is_refused(count: str) -> None:
    with pytest.raises(InvalidInputError, match="not a boolean"):
        asks_for_total(parameters(count=count))


def test_a_parameter_given_twice_is_refused_when_it_is_asked_for() -> None:
    twice = Parameters(b"limit=1&limit=1&other=1&other=2")

    with pytest.raises(InvalidInputError, match="2 times"):
        twice.get("limit")
    assert twice.get("offset") is None


@pytest.mark.parametrize("query_string", [b"filters=%FF", b"filters=\xff", b"other=%C3%28"])
def test_a_query_string_that_is_not_utf_8_is_refused(query_string: bytes) -> None:
    with pytest.raises(InvalidInputError, match="UTF-8"):
        Parameters(query_string)
