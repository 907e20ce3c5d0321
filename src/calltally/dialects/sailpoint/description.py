"""SailPoint's operations as OpenAPI data."""

from typing import Any

import msgspec

from calltally.control.permissions import SAILPOINT_ACTIVITY, SAILPOINT_API_USAGE
from calltally.dialects.sailpoint import contract
from calltally.dialects.sailpoint.contract import OPERATIONS, SERVICE_VERSION, Operation

_Data = dict[str, Any]

_TAG = "SailPoint"
_PREFIX = f"{_TAG}."
_NAMES = {
    contract.GET_TOTAL_COUNT: ("getTotalCount", "Total number of API calls"),
    contract.LIST_API_SUMMARY: ("listApiSummary", "API calls by endpoint"),
    contract.GET_STATUS_BY_SOURCE_ID: ("getStatusBySourceId", "Whether insights into a source are available"),
    contract.GET_USAGES_BY_SOURCE_ID: ("getUsagesBySourceId", "A source's activity, by month"),
    contract.GET_USAGES_BY_ACCOUNT_ID: ("getUsagesByAccountId", "An account's activity, by month"),
}
_BODIES = {
    contract.GET_TOTAL_COUNT: contract.TotalCount,
    contract.LIST_API_SUMMARY: contract.SummaryResponse,
    contract.GET_STATUS_BY_SOURCE_ID: contract.SourceUsageStatus,
    contract.GET_USAGES_BY_SOURCE_ID: contract.SourceUsage,
    contract.GET_USAGES_BY_ACCOUNT_ID: contract.AccountUsage,
}
_SINGLE = (contract.GET_TOTAL_COUNT, contract.GET_STATUS_BY_SOURCE_ID)
_API_USAGE = (contract.GET_TOTAL_COUNT, contract.LIST_API_SUMMARY)

_FILTERS = {
    "name": "filters",
    "in": "query",
    "description": "Conditions joined by a comma or and: method eq, startDate gt, startDate eq, endDate lt,"
    " endDate eq. Without dates: this month through the end of today.",
    "schema": {"type": "string"},
    "examples": {"span": {"value": 'method eq "GET", startDate gt "2026-03-01", endDate lt "2026-04-01"'}},
}
_PAGE = (
    {
        "name": "limit",
        "in": "query",
        "description": "The maximum number of records.",
        "schema": {
            "type": "integer",
            "minimum": 0,
            "maximum": contract.MAX_LIMIT,
            "default": contract.DEFAULT_LIMIT,
        },
    },
    {
        "name": "offset",
        "in": "query",
        "description": "The number of records to skip.",
        "schema": {"type": "integer", "minimum": 0, "maximum": contract.MAX_OFFSET, "default": 0},
    },
)
_MONTHS = (
    *_PAGE,
    {
        "name": "count",
        "in": "query",
        "description": f"Whether to return {contract.TOTAL_COUNT}.",
        "schema": {"type": "boolean", "default": False},
    },
    {
        "name": "sorters",
        "in": "query",
        "description": "The newest month first, or the oldest.",
        "schema": {"type": "string", "enum": ["-date", "date"], "default": "-date"},
    },
)
_EXPERIMENTAL = {
    "name": contract.EXPERIMENTAL,
    "in": "header",
    "description": "Confirms the use of an experimental API; a server can be configured not to require it.",
    "required": True,
    "schema": {"type": "string", "enum": ["true"]},
}
_ID_HEADER = {contract.REQUEST_ID: {"required": True, "schema": {"type": "string"}}}
_RETRY = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}}
_CHALLENGE = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}


def description() -> dict[str, _Data]:
    """Every operation at each of its paths, with SailPoint's schemas."""
    types = [*_BODIES.values(), contract.ErrorResponseDto, contract.GatewayError, contract.RateLimitError]
    _, schemas = msgspec.json.schema_components(types, ref_template=f"#/components/schemas/{_PREFIX}{{name}}")
    return {
        "tags": {_TAG: "Identity Security Cloud's usage operations."},
        "paths": {
            operation.path(version): {"get": _operation(operation, version)}
            for operation in OPERATIONS
            for version in operation.versions
        },
        "schemas": {_PREFIX + name: schema for name, schema in schemas.items()},
    }


def _operation(operation: Operation, version: str) -> _Data:
    name, summary = _NAMES[operation]
    permissions = SAILPOINT_API_USAGE if operation in _API_USAGE else SAILPOINT_ACTIVITY
    return {
        "operationId": f"{name}_{version}",
        "tags": [_TAG],
        "summary": f"{summary} ({version})",
        "security": [*({"oauth2": [permission]} for permission in permissions), {"bearer": []}],
        "parameters": _parameters(operation, version),
        "responses": {"200": _success(operation), **_refusals(operation)},
    }


def _parameters(operation: Operation, version: str) -> list[_Data]:
    if operation in _API_USAGE:
        header = [] if version == SERVICE_VERSION else [_EXPERIMENTAL]
        return [_FILTERS, *(_PAGE if operation is contract.LIST_API_SUMMARY else ()), *header]
    thing = operation.resource.partition("-")[0]
    text = f"The {thing}'s id; an unknown one is not an error."
    id_ = {"name": "id", "in": "path", "description": text, "required": True, "schema": {"type": "string"}}
    return [id_, *(() if operation in _SINGLE else _MONTHS)]


def _success(operation: Operation) -> _Data:
    body = _ref(_BODIES[operation])
    headers: _Data = dict(_ID_HEADER)
    if operation not in (*_SINGLE, *_API_USAGE):
        total = {
            "description": "The number of all records, if requested.",
            "schema": {"type": "integer"},
        }
        headers[contract.TOTAL_COUNT] = total
    return _response(
        "The answer.", body if operation in _SINGLE else {"type": "array", "items": body}, headers
    )


def _refusals(operation: Operation) -> _Data:
    error = _ref(contract.ErrorResponseDto)
    wrong = {"anyOf": [error, _ref(contract.GatewayError)]} if operation in _API_USAGE else error
    told: dict[str, tuple[str, _Data, _Data]] = {
        "400": ("A parameter or a header is invalid.", wrong, {}),
        "401": ("The token is missing or invalid.", _ref(contract.GatewayError), _CHALLENGE),
        "403": ("The token lacks a permission.", error, {}),
        "429": ("Too many requests.", _ref(contract.RateLimitError), _RETRY),
        "500": ("Internal server error.", error, {}),
        "503": ("The server is busy.", error, _RETRY),
    }
    return {
        status: _response(text, body, {**_ID_HEADER, **headers})
        for status, (text, body, headers) in told.items()
    }


def _response(text: str, body: _Data, headers: _Data) -> _Data:
    return {"description": text, "headers": headers, "content": {"application/json": {"schema": body}}}


def _ref(kind: type) -> _Data:
    return {"$ref": f"#/components/schemas/{_PREFIX}{kind.__name__}"}
