"""Segment's operations as OpenAPI data."""

from typing import Any

import msgspec

from calltally.control.permissions import SEGMENT
from calltally.dialects.segment import contract
from calltally.dialects.segment.contract import MediaType, Operation

_Data = dict[str, Any]

_TAG = "Segment"
_PREFIX = f"{_TAG}."
_NAMES = {
    Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE: "getDailyPerSourceAPICallsUsage",
    Operation.GET_DAILY_WORKSPACE_API_CALLS_USAGE: "getDailyWorkspaceAPICallsUsage",
}
_SUMMARIES = {
    Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE: "Running totals of a month, by day and source",
    Operation.GET_DAILY_WORKSPACE_API_CALLS_USAGE: "Running totals of a month, by day",
}
_BODIES = {
    Operation.GET_DAILY_PER_SOURCE_API_CALLS_USAGE: contract.DailyPerSourceAPICallsUsage,
    Operation.GET_DAILY_WORKSPACE_API_CALLS_USAGE: contract.DailyWorkspaceAPICallsUsage,
}
_PARAMETERS = [
    {
        "name": "period",
        "in": "query",
        "required": True,
        "description": "A date, or a date with a time; selects its UTC month.",
        "schema": {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]},
        "examples": {"date": {"value": "2026-03-01"}},
    },
    {
        "name": "pagination",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "description": 'Also as pagination.count=10, or as JSON: pagination={"count":10}.',
        "schema": {
            "type": "object",
            "properties": {
                "count": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": contract.MAX_COUNT,
                    "default": contract.DEFAULT_COUNT,
                },
                "cursor": {"type": "string", "description": "current, next or previous of an earlier page."},
            },
        },
    },
]
_TEXT = {"required": True, "schema": {"type": "string"}}
_WHOLE = {"required": True, "schema": {"type": "integer", "minimum": 0}}
_ALLOWANCE = {
    contract.RATE_LIMIT_CONSUMED: _WHOLE,
    contract.RATE_LIMIT_REMAINING: _WHOLE,
    contract.RATE_LIMIT_RESET: {**_TEXT, "description": "When the next minute may begin (RFC 5322)."},
}
_REFUSALS: dict[str, tuple[str, _Data]] = {
    "401": ("The token is missing or invalid, or lacks a permission.", {"WWW-Authenticate": _TEXT}),
    "422": ("A parameter is invalid; there is an error for each.", {}),
    "429": ("Too many requests.", {"Retry-After": _WHOLE}),
    "500": ("Internal server error.", {}),
    "503": ("The server is busy.", {"Retry-After": _WHOLE}),
}


def description() -> dict[str, _Data]:
    """Both operations, with Segment's schemas."""
    types = [*_BODIES.values(), contract.RequestErrorEnvelope]
    _, schemas = msgspec.json.schema_components(types, ref_template=f"#/components/schemas/{_PREFIX}{{name}}")
    return {
        "tags": {_TAG: "The Public API's two operations on API calls."},
        "paths": {str(operation): {"get": _operation(operation)} for operation in Operation},
        "schemas": {_PREFIX + name: schema for name, schema in schemas.items()},
    }


def _operation(operation: Operation) -> _Data:
    data = {"type": "object", "properties": {"data": _ref(_BODIES[operation])}, "required": ["data"]}
    error = _ref(contract.RequestErrorEnvelope)
    return {
        "operationId": _NAMES[operation],
        "tags": [_TAG],
        "summary": _SUMMARIES[operation],
        "security": [*({"oauth2": [permission]} for permission in SEGMENT), {"bearer": []}],
        "parameters": _PARAMETERS,
        "responses": {
            "200": _response("The answer.", data, _ALLOWANCE),
            **{status: _response(text, error, headers) for status, (text, headers) in _REFUSALS.items()},
        },
    }


def _response(text: str, body: _Data, headers: _Data) -> _Data:
    content = {str(media_type): {"schema": body} for media_type in MediaType}
    return {"description": text, "headers": headers, "content": content}


def _ref(kind: type) -> _Data:
    return {"$ref": f"#/components/schemas/{_PREFIX}{kind.__name__}"}
