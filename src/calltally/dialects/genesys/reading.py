"""Genesys's questions, turned into our own."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from calltally.clock import Clock, instant_of
from calltally.dialects.genesys.bad_request import (
    invalid_parameter,
    invalid_property,
    invalid_value,
    malformed,
)
from calltally.dialects.genesys.contract import (
    DEFAULT_DAYS,
    MAX_DAYS,
    SEARCH_CAP,
    Column,
    HttpMethodName,
    Period,
    SearchColumn,
    UsageMetric,
)
from calltally.dialects.genesys.interval import Interval, missing_interval
from calltally.dialects.genesys.question import Question
from calltally.window import Granularity, midnight

E = TypeVar("E", bound=StrEnum)

_QUERY_FIELDS = ("interval", "granularity", "metrics", "groupBy")
_SEARCH_FIELDS = ("interval", "metrics", "oauthClientNames", "httpMethods", "templateUris")
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


class QuestionReader:
    """Reads requests at an instant: what is relative in them is fixed from there on.

    With ``lag_days`` the last days, today being one of them, are left out of every question.
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
        """The named columns group and are shown, the named counts are counted; without names it is all."""
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
        """Routes and methods of the last whole days and of today."""
        today = self._today()
        return Question(
            start=self._cut(midnight(today - timedelta(days=_days(days)))),
            end=self._cut(midnight(today + timedelta(days=1))),
            columns=(Column.TEMPLATE_URI, Column.HTTP_METHOD),
            metrics=tuple(UsageMetric),
            client_id=client_id,
        )

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

    def _span(self, fields: Mapping[str, object]) -> tuple[datetime, datetime]:
        text = fields.get("interval")
        if text is None:
            raise missing_interval()
        if not isinstance(text, str):
            raise invalid_value(text, "interval", ["a string"])
        interval = Interval.from_text(text)
        return self._cut(interval.start), self._cut(interval.end)

    def _cut(self, instant: datetime) -> datetime:
        """The instant, or the end of the days that can be asked about when it lies beyond it."""
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


def _granularity(fields: Mapping[str, object]) -> Granularity:
    text = fields.get("granularity")
    if text is None:
        return Granularity.TOTAL
    return _GRANULARITIES[_choice(text, "granularity", _by_lower_case(Period))]


def _choices(fields: Mapping[str, object], name: str, choices: Mapping[str, E]) -> tuple[E, ...]:
    """The named values, each once, in the order they came; none where the field is null, empty or absent."""
    return tuple(dict.fromkeys(_choice(text, name, choices) for text in _list(fields, name)))


def _choice(text: object, name: str, choices: Mapping[str, E]) -> E:
    if isinstance(text, str) and (found := choices.get(text.lower())) is not None:
        return found
    raise invalid_value(text, name, choices.values())


def _by_lower_case(values: Iterable[E]) -> dict[str, E]:
    return {value.lower(): value for value in values}


def _texts(fields: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    """The texts of a list, each once; None where it is null, empty or absent."""
    texts: dict[str, None] = {}
    for text in _list(fields, name):
        if not isinstance(text, str):
            raise invalid_value(text, name, ["strings"])
        texts[text] = None
    return tuple(texts) or None


def _list(fields: Mapping[str, object], name: str) -> list[object]:
    value = fields.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid_value(value, name, ["a list of strings"])
    return value


def _days(text: str | None) -> int:
    if not text:  # the JavaScript SDK sends null as an empty text
        return DEFAULT_DAYS
    if text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_DAYS:
        return int(text)
    raise invalid_parameter(text, "days", f"a whole number from 1 to {MAX_DAYS}")
