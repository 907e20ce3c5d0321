"""The grammar of ``filters``, without a server."""

import pytest

from calltally.dialects.sailpoint.filters import (
    Condition,
    UnreadableFiltersError,
    from_sailpoint_filters,
)
from calltally.errors import InvalidInputError

METHOD = {"method": Condition("method", "eq", "GET")}
SINCE = {"startDate": Condition("startDate", "gt", "2025-08-01")}


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ('method eq "GET", startDate gt "2025-08-01"', METHOD | SINCE),
        ('method eq "GET" and startDate gt "2025-08-01"', METHOD | SINCE),
        ("startDate gt 2025-08-01,method eq GET", METHOD | SINCE),
        ('  method\teq"GET"  ', METHOD),
        ("", {}),
        ("   ", {}),
    ],
)
def test_a_comma_and_the_word_and_join_quoted_or_unquoted_conditions(
    text: str, conditions: dict[str, Condition]
) -> None:
    assert from_sailpoint_filters(text) == conditions


@pytest.mark.parametrize(
    ("quoted", "literal"),
    [
        (r'"G\"E\\T"', 'G"E\\T'),
        ('"a, b and (c)"', "a, b and (c)"),
        ('""', ""),
        ('"\\\\"', "\\"),
    ],
)
def test_quotes_hold_anything_and_backslashes_escape_quotes_and_themselves(quoted: str, literal: str) -> None:
    assert from_sailpoint_filters(f"method eq {quoted}")["method"].literal == literal


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('status eq "200"', "the field status is not supported"),
        ('Method eq "GET"', "the field Method is not supported"),
        ('method EQ "GET"', "method does not support the operator EQ"),
        ('method ne "GET"', "method does not support the operator ne"),
        ("startDate ge 2025", "startDate does not support the operator ge"),
        ("startDate lt 2025", "startDate does not support the operator lt"),
        ("endDate gt 2025", "endDate does not support the operator gt"),
        ('method in ("GET","POST")', "method does not support the operator in"),
        ("method isnull", "method does not support the operator isnull"),
        ("pr method", "pr is not supported"),
        ('not method eq "GET"', "not is not supported"),
        ('(method eq "GET")', "( is not supported"),
        ('method eq "GET" or method eq "POST"', "or is not supported"),
        ('method eq "GET" AND startDate gt 2025', "AND is not supported"),
        ('method eq "GET", method eq "GET"', "method is compared more than once"),
        ("startDate gt 2025, startDate eq 2026", "startDate is compared more than once"),
    ],
)
def test_what_these_operations_do_not_offer_is_refused_by_name(text: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        from_sailpoint_filters(text)

    assert caught.value.reason == reason
    assert not isinstance(caught.value, UnreadableFiltersError)


@pytest.mark.parametrize(
    "text",
    [
        "method eq 'POST'",
        "method eq \u201cPOST\u201d",
        "method eq \u2018POST\u2019",
        "method eq \u201ePOST\u201c",
        "method eq \u00abPOST\u00bb",
        "method eq `POST`",
        "method eq \uff02POST\uff02",
        "method eq POST'",
        "method eq 'PO ST'",
        "'method' eq \"POST\"",
        "startDate gt '2025-08-01'",
        "endDate eq \u201c2025-08-01\u201d",
        'method eq "GET", startDate gt \u201c2025-08-01\u201d',
    ],
)
def test_other_marks_than_the_quotation_mark_quote_nothing_and_are_refused(text: str) -> None:
    with pytest.raises(UnreadableFiltersError, match=r'only " quotes a value, and . is outside'):
        from_sailpoint_filters(text)


@pytest.mark.parametrize("literal", ["P'OST", "\u201cPOST\u201d", "`"])
def test_other_marks_within_quotes_are_characters_like_any(literal: str) -> None:
    assert from_sailpoint_filters(f'method eq "{literal}"')["method"].literal == literal


@pytest.mark.parametrize(
    "text",
    [
        "method",
        "method eq",
        'method eq "GET',
        r'method eq "G\ET"',
        'method eq "GET",',
        ', method eq "GET"',
        'method eq "GET" startDate gt 2025',
        'method eq "GET",, startDate gt 2025',
        "method eq (GET)",
        'method "eq" "GET"',
        '"method" eq "GET"',
        ")",
    ],
)
def test_what_is_no_filter_expression_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableFiltersError) as caught:
        from_sailpoint_filters(text)

    assert caught.value.field == "filters"
    assert caught.value.received == text
