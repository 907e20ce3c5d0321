"""Laws of intervals and bodies: whatever is sent, the answer is a question or a refusal that can be told."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calltally.clock import FixedClock
from calltally.dialects.genesys.interval import Interval
from calltally.dialects.genesys.question import Question
from calltally.dialects.genesys.reading import QuestionReader
from calltally.dialects.genesys.refusals import to_genesys_refusal
from calltally.errors import InvalidInputError
from tests.dialects.genesys.genesys_app import GenesysApp
from tests.support.seeds import examples

READER = QuestionReader(FixedClock(datetime(2026, 3, 15, 12, tzinfo=UTC)))

MANY_NAMES = b",".join(b'"%d"' % number for number in range(99_999))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
dates = st.dates().map(str)
instants = st.datetimes(timezones=st.one_of(st.none(), st.timezones())).map(datetime.isoformat)
points = st.one_of(dates, instants, dates.map(lambda text: text[:7]), dates.map(lambda text: text[:4]), texts)
intervals = st.one_of(st.builds("{}/{}".format, points, points), texts)
words = st.one_of(
    texts,
    st.sampled_from(["Requests", "status200", "DATE", "ClientName", "UserId", "templateuri", "GET", "week"]),
)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=5,
)
names = st.sampled_from(
    [
        *("granularity", "metrics", "groupBy", "oauthClientNames", "httpMethods", "templateUris", "x"),
        *("sortBy", "userIds"),
    ]
)
bodies = st.builds(
    lambda interval, fields: fields | {"interval": interval},
    st.one_of(intervals, anything),
    st.dictionaries(names, st.one_of(words, st.lists(words, max_size=4), anything), max_size=4),
)


@given(intervals)
def test_an_interval_is_a_span_or_a_refusal_with_status_400(text: str) -> None:
    outcome = _answered(lambda: Interval.from_text(text))

    assert outcome == HTTPStatus.BAD_REQUEST or (
        isinstance(outcome, Interval) and outcome.start <= outcome.end
    )


@given(st.dates(max_value=date(9999, 12, 30)), st.dates(max_value=date(9999, 12, 30)))
def test_two_dates_in_order_cover_every_day_from_the_first_through_the_last(one: date, other: date) -> None:
    first, last = sorted((one, other))

    interval = Interval.from_text(f"{first}/{last}")

    assert (interval.end - interval.start).days == (last - first).days + 1


@given(st.datetimes(), st.datetimes())
def test_local_instants_are_those_of_utc(one: datetime, other: datetime) -> None:
    first, last = sorted(at.replace(microsecond=at.microsecond // 1000 * 1000) for at in (one, other))

    interval = Interval.from_text(f"{first.isoformat()}/{last.isoformat()}Z")

    assert (interval.start, interval.end) == (first.replace(tzinfo=UTC), last.replace(tzinfo=UTC))


@given(st.dates(date(1, 2, 1), date(9999, 11, 1)))
def test_a_month_ends_where_the_next_one_starts(day: date) -> None:
    month = day.strftime("%Y-%m").zfill(7)
    next_day = Interval.from_text(f"{month}/{month}").end

    assert next_day.day == 1
    assert (next_day - timedelta(days=1)).month == day.month


@given(bodies)
def test_a_body_is_a_question_or_a_refusal_with_status_400(body: Any) -> None:
    for read in (
        READER.from_genesys_organization_query,
        READER.from_genesys_simplesearch,
        READER.from_genesys_organization_job,
    ):
        outcome = _answered(lambda read=read: _kept_and_asked(read(body)))  # type: ignore[misc]
        assert outcome is None or outcome == HTTPStatus.BAD_REQUEST


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes], httpx.Response]]:
    """Posts a body to the simplesearch of one and the same server."""
    directory: Path = tmp_path_factory.mktemp("genesys")
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        app = GenesysApp(directory, {"requests": 1_000_000}, {"max_kept": 1_000_000})
        client = app.client()
        headers = {"Content-Type": "application/json"}

        def ask(body: bytes) -> httpx.Response:
            request = client.post("/api/v2/usage/simplesearch", content=body, headers=headers)
            return loop.run_until_complete(request)

        yield ask
        loop.run_until_complete(client.aclose())
        loop.run_until_complete(app.close())


@settings(max_examples=examples(60))
@given(body=st.one_of(st.binary(max_size=60), bodies.map(lambda body: json.dumps(body).encode())))
def test_no_body_makes_the_server_fail(post: Callable[[bytes], httpx.Response], body: bytes) -> None:
    reply = post(body)

    assert reply.status_code in (200, 400)
    assert "ININ-Correlation-Id" in reply.headers


@pytest.mark.parametrize("depth", [*range(800, 1000, 7), 100_000])
def test_a_deeply_nested_body_is_a_refusal(post: Callable[[bytes], httpx.Response], depth: int) -> None:
    reply = post(b'{"interval":' + b"[" * depth + b"]" * depth + b"}")

    assert reply.status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 400),
        (b'{"interval":"2026/2026"', 400),
        (b'{"interval":"2026/2026"}}', 400),
        (b'\xef\xbb\xbf{"interval":"2026/2026"}', 400),
        (b'{"interval":"2026/2026\xff"}', 400),
        (b'{"interval":"\\ud800"}', 400),
        (b'{"interval":1' + b"0" * 100_000 + b"}", 400),
        (b'{"interval":NaN}', 400),
        (b'{"interval":"x","interval":"2026/2026"}', 200),
        (b'{"interval":"2026/2026","oauthClientNames":["\\u0000"],"templateUris":["\\u0000"]}', 200),
        (b'{"interval":"0001/9999"}', 200),
        (b'{"interval":"2026/2026","oauthClientNames":[' + MANY_NAMES + b"]}", 200),
    ],
)
def test_strange_bodies_are_judged(post: Callable[[bytes], httpx.Response], body: bytes, status: int) -> None:
    assert post(body).status_code == status


def _kept_and_asked(question: Question) -> None:
    Question.from_text(question.to_text()).usage_query("acme", frozenset(), 10)


def _answered(question: Callable[[], object]) -> object:
    """What comes of a question, or the status that it is refused with."""
    try:
        return question()
    except InvalidInputError as error:
        return to_genesys_refusal(error, "0" * 32).status
