"""What the OpenAPI document says of the usage doors, whose handlers read raw query strings."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from litestar.openapi.spec import (
    OpenAPIFormat,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Schema,
)

from calltally.api.usage_parameters import DEFAULT_LIMIT, MAX_LIMIT, UsageFormat
from calltally.usage_query import Dimension, Metric, StatusClass
from calltally.window import Granularity

_TEXT = Schema(type=OpenAPIType.STRING)
_COUNT = Schema(type=OpenAPIType.INTEGER)
_DAY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE)
_INSTANT = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME)


@dataclass
class UsageOperation(Operation):
    """``GET /v1/usage``."""

    def __post_init__(self) -> None:
        filters = {
            **dict.fromkeys(map(str, Dimension), _TEXT),
            Dimension.STATUS: Schema(type=OpenAPIType.INTEGER, minimum=0, maximum=599),
            Dimension.STATUS_CLASS: _choice(StatusClass),
        }
        self.parameters = [
            _parameter("from", "First instant that counts: a date or an RFC 3339 instant.", _TEXT),
            _parameter("to", "First instant that no longer counts.", _TEXT),
            _parameter(
                "time_zone", "IANA time zone of dates and buckets.", Schema(default="UTC", type=_TEXT.type)
            ),
            _parameter("granularity", "Into what the window is cut.", _choice(Granularity)),
            _parameter("group_by", "Fields to group by.", _list(_choice(Dimension)), explode=False),
            _parameter("metrics", "What is counted.", _list(_choice(Metric)), explode=False),
            _parameter("order_by", "Columns, descending with a minus.", _list(_TEXT), explode=False),
            _parameter("limit", "Rows of a page.", _limit()),
            _parameter("cursor", "The next of the page before.", _TEXT),
            _parameter("format", "Wins over Accept.", _choice(UsageFormat)),
            _parameter("as_of", "The answer that could have been given then: a date or an instant.", _TEXT),
            *(
                _parameter(name, f"Only calls with one of these: {name}.", _list(schema), explode=True)
                for name, schema in filters.items()
            ),
        ]
        metrics = dict.fromkeys(map(str, Metric), _COUNT)
        fields: dict[str, Schema] = {**dict.fromkeys(map(str, Dimension), _TEXT), Dimension.STATUS: _COUNT}
        row = _record({"start": _INSTANT, **fields, **metrics}, required=())
        cursor = Schema(type=[OpenAPIType.STRING, OpenAPIType.NULL])
        answer = _record({"complete_up_to": _INSTANT, "rows": _list(row), "next": cursor})
        self.responses = {"200": _response({"application/json": answer, "text/csv": _TEXT})}


@dataclass
class OutcomesOperation(Operation):
    """``GET /v1/outcomes``."""

    def __post_init__(self) -> None:
        self.parameters = [
            _parameter("from", "First day of receipt, UTC.", _DAY),
            _parameter("to", "Day behind the last.", _DAY),
        ]
        counts = dict.fromkeys(("received", "accepted", "duplicate", "conflict", "rejected"), _COUNT)
        by_name = Schema(type=OpenAPIType.OBJECT, additional_properties=_COUNT)
        day = _record({"day": _DAY, **counts, "rejected_by": by_name, "refused": by_name})
        answer = _record({"complete_up_to": _INSTANT, "days": _list(day)})
        self.responses = {"200": _response({"application/json": answer})}


def _parameter(name: str, text: str, schema: Schema, *, explode: bool | None = None) -> Parameter:
    return Parameter(name=name, param_in="query", description=text, schema=schema, explode=explode)


def _choice(values: type[StrEnum]) -> Schema:
    return Schema(type=OpenAPIType.STRING, enum=[str(value) for value in values])


def _list(items: Schema) -> Schema:
    return Schema(type=OpenAPIType.ARRAY, items=items)


def _limit() -> Schema:
    return Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT)


def _record(properties: dict[str, Schema], required: Sequence[str] | None = None) -> Schema:
    """An object; without further words each of its properties is always there."""
    names = list(properties if required is None else required)
    return Schema(type=OpenAPIType.OBJECT, properties={**properties}, required=names or None)


def _response(bodies: dict[str, Schema]) -> OpenAPIResponse:
    content = {media_type: OpenAPIMediaType(schema=schema) for media_type, schema in bodies.items()}
    return OpenAPIResponse(description="The answer.", content=content)
