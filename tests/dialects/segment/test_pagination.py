"""The pagination parameter in every spelling, and what is wrong with it."""

from urllib.parse import quote

import pytest

from calltally.dialects.segment.pagination import Pagination, from_segment_pagination
from calltally.dialects.segment.parameters import Parameters


def read(query_string: str) -> Pagination:
    """What a query string says without a fault."""
    parameters = Parameters(query_string.encode())
    pagination = from_segment_pagination(parameters)
    assert parameters.faults == []
    return pagination


def faults(query_string: str) -> list[tuple[str, object]]:
    """The fields that are wrong, and what was received in them."""
    parameters = Parameters(query_string.encode())
    from_segment_pagination(parameters)
    return [(fault.field, fault.received) for fault in parameters.faults]


@pytest.mark.parametrize(
    "query_string",
    [
        "pagination=%7B%22cursor%22%3A%20%22MQ%22%2C%20%22count%22%3A%2010%7D",
        'pagination={"count":10,"cursor":"MQ"}',
        'pagination=+{+"count":+10,+"cursor":+"MQ"+}+',
        'pagination={"count":"10","cursor":"MQ"}',
        'pagination={"count":10,"cursor":"MQ","limit":5,"page":{"size":5}}',
        'pagination={"count":10,"count":10,"cursor":"MQ"}',
        "pagination%5Bcursor%5D=MQ&pagination%5Bcount%5D=10",
        "pagination[count]=10&pagination[cursor]=MQ&period=2021-02-01",
        "pagination.count=10&pagination.cursor=MQ",
        "pagination=pagination.count%3D10%26pagination.cursor%3DMQ",
        "pagination.count=010&pagination.cursor=MQ",
        "pagination.count=10&pagination[cursor]=MQ",
        'pagination={"cursor":"MQ"}&pagination.count=10',
        "pagination.count=10&pagination[count]=10&pagination.count=10&pagination.cursor=MQ",
        "pagination=&pagination.count=10&pagination.cursor=MQ",
        "pagination.count=10&pagination[count]=&pagination.cursor=MQ&pagination.cursor=",
        "pagination.count=10&pagination.cursor=MQ&pagination.size=3&pagination[limit]=3&count=3",
    ],
)
def test_every_spelling_says_the_same(query_string: str) -> None:
    assert read(query_string) == Pagination(10, "MQ")


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "pagination",
        "pagination=",
        "pagination=%20",
        "pagination={}",
        "pagination=null",
        'pagination={"count":null,"cursor":null}',
        "pagination[count]=&pagination[cursor]=",
        "pagination.cursor=",
        "pagination[]=10",
        "pagination[count][]=10",
        "Pagination.count=10",
        "count=10",
    ],
)
def test_what_says_nothing_is_a_first_page_of_200(query_string: str) -> None:
    assert read(query_string) == Pagination(200, None)


def test_counts_reach_from_1_to_1000() -> None:
    assert read("pagination.count=1").count == 1
    assert read('pagination={"count":1000}').count == 1000


@pytest.mark.parametrize("count", ["0", "1001", "-1", "x", "1.0", " 1", "1e1", "٣", "9" * 5000, "\0"])
def test_any_other_count_is_refused_in_every_spelling(count: str) -> None:
    told = [("pagination.count", count)]

    assert faults(f"pagination.count={quote(count)}") == told
    assert faults(f"pagination[count]={quote(count)}") == told
    assert faults(f"pagination=pagination.count%3D{quote(quote(count))}") == told


@pytest.mark.parametrize(
    ("count", "received"),
    [
        ("0", 0),
        ("1001", 1001),
        ("-1", -1),
        ("10.0", 10.0),
        ('"x"', "x"),
        ("true", True),
        ("1e1", 10.0),
        ("[10]", "a list or an object"),
        ('{"a":1}', "a list or an object"),
    ],
)
def test_any_other_count_in_json_is_refused(count: str, received: object) -> None:
    assert faults(f'pagination={{"count":{count}}}') == [("pagination.count", received)]


@pytest.mark.parametrize(
    "text",
    ["{", '{"count":10', "{count:10}", "[]", '["count",10]', "10", '"count"', "true", "[" * 20_000, "MQ"],
)
def test_json_that_is_no_object_is_refused(text: str) -> None:
    assert faults(f"pagination={quote(text)}") == [("pagination", text)]


def test_a_number_too_long_to_be_read_is_refused() -> None:
    assert [field for field, _ in faults(f'pagination={{"count":{"9" * 5000}}}')] == ["pagination"]


def test_a_cursor_is_a_string() -> None:
    assert faults('pagination={"cursor":5}') == [("pagination.cursor", 5)]
    assert faults('pagination={"cursor":["MQ"]}') == [("pagination.cursor", "a list or an object")]


def test_values_that_differ_are_refused_in_any_mix_of_spellings() -> None:
    assert faults("pagination.count=1&pagination.count=2") == [("pagination.count", "2")]
    assert faults('pagination={"count":1}&pagination[count]=2') == [("pagination.count", "2")]
    assert faults('pagination={"count":1,"count":2}') == [("pagination.count", "2")]
    assert faults("pagination.cursor=a&pagination[cursor]=b") == [("pagination.cursor", "b")]


def test_count_and_cursor_are_refused_together() -> None:
    assert faults('pagination={"count":0,"cursor":1}') == [("pagination.count", 0), ("pagination.cursor", 1)]
