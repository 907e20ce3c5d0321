"""Laws of the query string: whatever is written, the answer is a 200 or a refusal in the envelope."""

import asyncio
import json
from urllib.parse import quote, urlencode

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calltally.dialects.segment.contract import Operation
from calltally.dialects.segment.cursor import Cursor
from tests.dialects.segment.segment_app import PATHS, SegmentApp
from tests.dialects.segment.test_error_shape import assert_is_an_error_response
from tests.support.seeds import examples

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.sampled_from(
    [
        *("period", "pagination", "pagination.count", "pagination[count]"),
        *("pagination.cursor", "pagination[cursor]", "pagination[]", "x", ""),
    ]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["count", "cursor", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
cursors = st.builds(Cursor, st.sampled_from(Operation), st.dates(), texts).map(Cursor.text)
values = st.one_of(
    texts,
    cursors,
    json_values.map(json.dumps),
    cursors.map(lambda cursor: json.dumps({"cursor": cursor, "count": 3})),
    st.integers(-2, 1002).map(str),
    st.sampled_from(["pagination.count=3", "2026-03-01", "9999-12-31", "0001-01-01", "[" * 3000]),
    st.dates().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda at: at.isoformat()),
)
written = st.lists(st.tuples(names, values), max_size=5).map(urlencode)
bytewise = st.binary(max_size=40).map(quote)


@settings(max_examples=examples(150))
@given(st.sampled_from(PATHS), written | bytewise | written.map("period=2026-03-01&".__add__))
@example(PATHS[0], "pagination=" + quote('{"count":"\\ud800","cursor":"\\ud800"}'))
@example(PATHS[0], "period=2026-03-01&pagination=" + quote('{"count":NaN,"cursor":Infinity}'))
@example(PATHS[0], "period=9999-12-31T23:59:59-23:59")
@example(PATHS[1], "period=0001-01-01&pagination.count=1000")
@example(PATHS[1], "%")
def test_any_query_string_is_answered_or_refused_with_422(path: str, query_string: str) -> None:
    reply = asyncio.run(_asked(path, query_string))

    if reply.status_code == 200:
        assert list(reply.json()) == ["data"]
        assert len(next(iter(reply.json()["data"].values()))) <= 1000
    else:
        assert_is_an_error_response(reply, 422, "input-validation")
        assert {error["field"] for error in reply.json()["errors"]} <= {
            *("query string", "period", "pagination", "pagination.count", "pagination.cursor")
        }


async def _asked(path: str, query_string: str) -> httpx.Response:
    app = SegmentApp()
    async with app.visitor() as client:
        reply = await client.get(f"{path}?{query_string}")
    app.threads.close()
    return reply
