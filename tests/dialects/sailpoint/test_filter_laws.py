"""Laws of ``filters``: whatever is written, the answer is a question or a refusal that can be told."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from http import HTTPStatus
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from calltally.clock import FixedClock
from calltally.dialects.sailpoint.date_literal import DateLiteral
from calltally.dialects.sailpoint.filters import from_sailpoint_filters
from calltally.dialects.sailpoint.parameters import Parameters
from calltally.dialects.sailpoint.reading import from_sailpoint_api_usage
from calltally.dialects.sailpoint.refusals import to_sailpoint_refusal
from calltally.errors import InvalidInputError
from calltally.usage_query import UsageQuery

CLOCK = FixedClock(datetime(2026, 3, 15, 12, tzinfo=UTC))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
dates = st.dates(min_value=date.min).map(str)
instants = st.datetimes(timezones=st.timezones()).map(datetime.isoformat)
pieces = st.one_of(
    st.sampled_from(["method", "startDate", "endDate", "eq", "gt", "lt", "and", "or", "not", ",", "(", ")"]),
    st.sampled_from(['"', "\\", '""', "pr", "in", "isnull", "0000", "9999", "9999-12-31", "0001-01-01"]),
    dates,
    instants,
    instants.map(lambda text: f'"{text}"'),
    texts,
)
near_filters = st.lists(pieces, max_size=12).map(" ".join)
well_formed = st.lists(
    st.builds(
        "{} {}".format,
        st.sampled_from(["startDate gt", "startDate eq", "endDate lt", "endDate eq", "method eq"]),
        st.one_of(dates, instants.map(lambda text: f'"{text}"')),
    ),
    max_size=3,
).map(", ".join)


@given(st.one_of(texts, near_filters, well_formed))
def test_filters_are_a_question_or_a_refusal_with_status_400(filters: str) -> None:
    parameters = Parameters(urlencode({"filters": filters}).encode())

    outcome = _answered(lambda: from_sailpoint_api_usage("acme", parameters, CLOCK))

    assert isinstance(outcome, UsageQuery) or outcome == HTTPStatus.BAD_REQUEST


@given(texts)
def test_any_text_comes_out_of_its_quotes_as_it_went_in(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')

    assert from_sailpoint_filters(f'method eq "{quoted}"')["method"].literal == text


@given(st.binary(max_size=40))
def test_any_query_string_is_read_or_refused(query_string: bytes) -> None:
    outcome = _answered(lambda: Parameters(query_string).get("filters"))

    assert outcome is None or isinstance(outcome, str) or outcome == HTTPStatus.BAD_REQUEST


@given(st.dates(max_value=date(9999, 12, 30)))
def test_a_date_ends_where_the_next_one_starts(day: date) -> None:
    tomorrow = date.fromordinal(day.toordinal() + 1)

    assert DateLiteral.from_text(str(day)).end == DateLiteral.from_text(str(tomorrow)).start


def _answered(question: Callable[[], object]) -> object:
    """What comes of a question, or the status that it is refused with."""
    try:
        return question()
    except InvalidInputError as error:
        return to_sailpoint_refusal(error, "0" * 32).status
