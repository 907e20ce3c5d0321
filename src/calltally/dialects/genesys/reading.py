"""Converts Genesys's requests to queries."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from msgspec.structs import replace

from calltally.clock import Clock, instant_of
from calltally.dialects.genesys.bad_request import (
    constraint,
    invalid_parameter,
    invalid_property,
    invalid_value,
    malformed,
    query_too_long,
)
from calltally.dialects.genesys.contract import (
    CLIENT_JOB_COLUMNS,
    DEFAULT_DAYS,
    MAX_DAYS,
    MAX_FILTER_VALUES,
    MAX_JOB_AGE_DAYS,
    MAX_JOB_DAYS,
    ORGANIZATION_JOB_COLUMNS,
    SEARCH_CAP,
    Column,
    HttpMethodName,
    JobColumn,
    Period,
    SearchColumn,
    SortField,
    SortOrder,
    UsageMetric,
)
from calltally.dialects.genesys.interval import Interval, missing_interval
from calltally.dialects.genesys.question import METRICS, Question
from calltally.usage_query import START, Dimension, Metric, Ordering
from calltally.window import Granularity, midnight

E = TypeVar("E", bound=StrEnum)

_QUERY_FIELDS = ("interval", "granularity", "metrics", "groupBy")
_SEARCH_FIELDS = ("interval", "metrics", "oauthClientNames", "httpMethods", "templateUris")
_JOB_FILTERS = ("templateUris", "httpMethods", "platforms")
_JOB_FIELDS = ("interval", "granularity", "sortBy", "metrics", "groupBy", *_JOB_FILTERS)
_GRANULARITIES = {
    Period.DAY: Granularity.DAY,
    Period.WEEK: Granularity.WEEK,
    Period.MONTH: Granularity.MONTH,
}
_SEARCH_COLUMNS = {
    SearchColumn.CLIENT_NAME: Column.OAUTH_CLIENT_ID,
    SearchColumn.HTTP_METHOD: Column.HTTP_METHOD,
    SearchColumn.TEMPLATE_URI: Column.TEMPLATE_URI,
}
_SEARCH_METRICS: dict[str, StrEnum] = {
    value.lower(): value for value in (*SearchColumn, *UsageMetric) if value is not UsageMetric.REQUESTS
}
_JOB_COLUMNS = {
    JobColumn.OAUTH_CLIENT_NAME: Column.OAUTH_CLIENT_ID,
    JobColumn.OAUTH_CLIENT_ID: Column.OAUTH_CLIENT_ID,
    JobColumn.ORGANIZATION_ID: Column.ORGANIZATION_ID,
    JobColumn.USER_ID: Column.USER_ID,
    JobColumn.HTTP_METHOD: Column.HTTP_METHOD,
    JobColumn.TEMPLATE_URI: Column.TEMPLATE_URI,
}
_SORT_COLUMNS: dict[SortField, str] = {
    SortField.DATE: START,
    SortField.OAUTH_CLIENT_ID: Dimension.CLIENT_ID,
    SortField.USER_ID: Dimension.USER_ID,
    SortField.HTTP_METHOD: Dimension.METHOD,
    SortField.TEMPLATE_URI: Dimension.ROUTE,
    SortField.REQUEST_COUNT: Metric.CALLS,
    **{SortField(metric.lower()): METRICS[metric] for metric in UsageMetric},
}
_SORT_KEYS = "objects with fieldName and order"


class QuestionReader:
    """Reads requests; relative times are resolved at that instant.

    With ``lag_days`` the last days, including today, are left out of every query.
    """

    def __init__(self, clock: Clock, lag_days: int = 0) -> None:
        self._clock = clock
        self._lag_days = lag_days

    def from_genesys_organization_query(self, body: object) -> Question:
        return self._query(body, "ApiUsageOrganizationQuery", tuple(Column))

    def from_genesys_client_query(self, body: object, client_id: str) -> Question:
        columns = tuple(column for column in Column if column is not Column.USER_ID)
        return self._query(body, "ApiUsageClientQuery", columns, client_id)

    def from_genesys_simplesearch(self, body: object) -> Question:
        """Group by the named columns and count the named metrics; without names, all of them."""
        fields = _fields(body, _SEARCH_FIELDS, "ApiUsageSimpleSearch")
        start, end = self._span(fields)
        named = _choices(fields, "metrics", _SEARCH_METRICS) or (*SearchColumn, *UsageMetric)
        methods = _choices(fields, "httpMethods", _by_lower_case(HttpMethodName))
        return Question(
            start=start,
            end=end,
            granularity=Granularity.DAY if SearchColumn.DATE in named else Granularity.TOTAL,
            columns=tuple(column for name, column in _SEARCH_COLUMNS.items() if name in named),
            metrics=tuple(metric for metric in UsageMetric if metric in named),
            client_names=_texts(fields, "oauthClientNames"),
            methods=tuple(map(str, methods)) or None,
            template_uris=_texts(fields, "templateUris"),
            first_rows=SEARCH_CAP,
        )

    def from_genesys_summary(self, client_id: str, days: str | None) -> Question:
        """Count by route and method over the last whole days and today."""
        today = self._today()
        return Question(
            start=self._cut(midnight(today - timedelta(days=_days(days)))),
            end=self._cut(midnight(today + timedelta(days=1))),
            columns=(Column.TEMPLATE_URI, Column.HTTP_METHOD),
            metrics=tuple(UsageMetric),
            client_id=client_id,
        )

    def from_genesys_organization_job(self, body: object) -> Question:
        return self._job(
            body,
            "OrganizationPublicApiUsageQueryRequest",
            ORGANIZATION_JOB_COLUMNS,
            ("userIds", "oauthClientIds"),
        )

    def from_genesys_client_job(self, body: object, client_id: str) -> Question:
        return self._job(
            body, "ClientPublicApiUsageQueryRequest", CLIENT_JOB_COLUMNS, ("organizationIds",), client_id
        )

    def _job(
        self,
        body: object,
        model: str,
        columns: tuple[JobColumn, ...],
        filters: tuple[str, ...],
        client_id: str | None = None,
    ) -> Question:
        """Read a job; without a grouping it groups by all columns."""
        fields = _fields(body, (*_JOB_FIELDS, *filters), model)
        start, end = self._job_span(fields)
        _check_filters(fields, (*_JOB_FILTERS, *filters))
        named = _choices(fields, "groupBy", _by_lower_case(columns)) or columns
        methods = _choices(fields, "httpMethods", _by_lower_case(HttpMethodName))
        question = Question(
            start=start,
            end=end,
            granularity=_granularity(fields),
            columns=tuple(dict.fromkeys(_JOB_COLUMNS[column] for column in named)),
            metrics=_choices(fields, "metrics", _by_lower_case(UsageMetric)) or tuple(UsageMetric),
            client_id=client_id,
            client_ids=_texts(fields, "oauthClientIds"),
            user_ids=_texts(fields, "userIds"),
            organization_ids=_texts(fields, "organizationIds"),
            methods=tuple(map(str, methods)) or None,
            template_uris=_texts(fields, "templateUris"),
        )
        return replace(question, order_by=_order(fields, question))

    def _query(
        self, body: object, model: str, columns: tuple[Column, ...], client_id: str | None = None
    ) -> Question:
        fields = _fields(body, _QUERY_FIELDS, model)
        start, end = self._span(fields)
        return Question(
            start=start,
            end=end,
            granularity=_granularity(fields),
            columns=_choices(fields, "groupBy", _by_lower_case(columns)) or (Column.OAUTH_CLIENT_ID,),
            metrics=_choices(fields, "metrics", _by_lower_case(UsageMetric)) or tuple(UsageMetric),
            client_id=client_id,
        )

    def _job_span(self, fields: Mapping[str, object]) -> tuple[datetime, datetime]:
        interval = _interval(fields)
        if interval.start < (first := midnight(self._today() - timedelta(days=MAX_JOB_AGE_DAYS))):
            text = f"starts more than a year ago; it can start on {first:%Y-%m-%d}"
            raise constraint(f"The interval [{fields['interval']}] {text}")
        if interval.end - interval.start > timedelta(days=MAX_JOB_DAYS):
            raise constraint(f"The interval [{fields['interval']}] ends more than 90 days after it starts")
        return self._cut(interval.start), self._cut(interval.end)

    def _span(self, fields: Mapping[str, object]) -> tuple[datetime, datetime]:
        interval = _interval(fields)
        return self._cut(interval.start), self._cut(interval.end)

    def _cut(self, instant: datetime) -> datetime:
        """The instant, at most the end of the days that can be queried."""
        if not self._lag_days:
            return instant
        return min(instant, midnight(self._today() - timedelta(days=self._lag_days - 1)))

    def _today(self) -> date:
        return instant_of(self._clock.now_ms()).date()


def _fields(body: object, known: tuple[str, ...], model: str) -> Mapping[str, object]:
    if not isinstance(body, dict):
        raise malformed()
    for name in body:
        if name not in known:
            raise invalid_property(name, model)
    return body


def _interval(fields: Mapping[str, object]) -> Interval:
    text = fields.get("interval")
    if text is None:
        raise missing_interval()
    if not isinstance(text, str):
        raise invalid_value(text, "interval", ["a string"])
    return Interval.from_text(text)


def _check_filters(fields: Mapping[str, object], names: Iterable[str]) -> None:
    values = sum(len(_list(fields, name)) for name in names)
    if values > MAX_FILTER_VALUES:
        raise query_too_long(values, MAX_FILTER_VALUES)
    if _list(fields, "platforms"):
        raise constraint("Calls have no platforms here; omit platforms")


def _order(fields: Mapping[str, object], question: Question) -> tuple[Ordering, ...]:
    """The sort fields, each of them in the rows; if a field appears twice, the first is used."""
    columns = question.usage_query("").columns
    names = _by_lower_case(name for name, column in _SORT_COLUMNS.items() if column in columns)
    order: dict[str, Ordering] = {}
    for item in _list(fields, "sortBy", _SORT_KEYS):
        if not isinstance(item, dict):
            raise invalid_value(item, "sortBy", [_SORT_KEYS])
        key = _fields(item, ("fieldName", "order"), "UsageQuerySortBy")
        column = _SORT_COLUMNS[_choice(key.get("fieldName"), "fieldName", names)]
        direction = _choice(key.get("order") or SortOrder.ASCENDING, "order", _by_lower_case(SortOrder))
        order.setdefault(column, Ordering(column, descending=direction is SortOrder.DESCENDING))
    return tuple(order.values())


def _granularity(fields: Mapping[str, object]) -> Granularity:
    text = fields.get("granularity")
    if text is None:
        return Granularity.TOTAL
    return _GRANULARITIES[_choice(text, "granularity", _by_lower_case(Period))]


def _choices(fields: Mapping[str, object], name: str, choices: Mapping[str, E]) -> tuple[E, ...]:
    """The named values, each once, in order; none if the field is null, empty or absent."""
    return tuple(dict.fromkeys(_choice(text, name, choices) for text in _list(fields, name)))


def _choice(text: object, name: str, choices: Mapping[str, E]) -> E:
    if isinstance(text, str) and (found := choices.get(text.lower())) is not None:
        return found
    raise invalid_value(text, name, choices.values())


def _by_lower_case(values: Iterable[E]) -> dict[str, E]:
    return {value.lower(): value for value in values}


def _texts(fields: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    """The texts of a list, each once; None if it is null, empty or absent."""
    texts: dict[str, None] = {}
    for text in _list(fields, name):
        if not isinstance(text, str):
            raise invalid_value(text, name, ["strings"])
        texts[text] = None
    return tuple(texts) or None


def _list(fields: Mapping[str, object], name: str, of: str = "strings") -> list[object]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid_value(value, name, [f"a list of {of}"])
    return value


def _days(text: str | None) -> int:
    if not text:  # the JavaScript SDK sends null as an empty text
        return DEFAULT_DAYS
    if text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_DAYS:
        return int(text)
    raise invalid_parameter(text, "days", f"a whole number from 1 to {MAX_DAYS}")
