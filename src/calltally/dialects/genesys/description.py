"""Genesys's operations as OpenAPI data."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from calltally.control.permissions import (
    GENESYS_CLIENT_JOBS,
    GENESYS_CLIENT_USAGE,
    GENESYS_ORGANIZATION_JOBS,
    GENESYS_ORGANIZATION_USAGE,
    GENESYS_SIMPLE_SEARCH,
)
from calltally.dialects.genesys import contract
from calltally.dialects.genesys.contract import (
    CLIENT_JOB_COLUMNS,
    OPERATIONS,
    ORGANIZATION_JOB_COLUMNS,
    Column,
    HttpMethodName,
    Operation,
    Period,
    SearchColumn,
    SortField,
    SortOrder,
    UsageMetric,
)

_Data = dict[str, Any]

_TAG = "Genesys Cloud"
_PREFIX = "Genesys."
_NAMES = {
    contract.POST_USAGE_QUERY: ("postUsageQuery", "Ask for the organization's usage"),
    contract.GET_USAGE_QUERY_RESULTS: ("getUsageQueryExecutionIdResults", "Results of postUsageQuery"),
    contract.POST_USAGE_SIMPLESEARCH: ("postUsageSimplesearch", "Search the organization's usage"),
    contract.GET_USAGE_SIMPLESEARCH_RESULTS: (
        "getUsageSimplesearchExecutionIdResults",
        "Results of postUsageSimplesearch, in pages",
    ),
    contract.POST_CLIENT_USAGE_QUERY: ("postOauthClientUsageQuery", "Ask for one client's usage"),
    contract.GET_CLIENT_USAGE_RESULTS: (
        "getOauthClientUsageQueryResult",
        "Results of postOauthClientUsageQuery and getOauthClientUsageSummary",
    ),
    contract.GET_CLIENT_USAGE_SUMMARY: ("getOauthClientUsageSummary", "Ask for one client's last days"),
    contract.POST_USAGE_JOBS: ("postUsageAggregatesQueryJobs", "Ask for the organization's usage by a job"),
    contract.GET_USAGE_JOB: ("getUsageAggregatesQueryJob", "A job's results, in pages"),
    contract.POST_CLIENT_USAGE_JOBS: (
        "postUsageClientClientIdAggregatesQueryJobs",
        "Ask for one client's usage by a job",
    ),
    contract.GET_CLIENT_USAGE_JOB: (
        "getUsageClientClientIdAggregatesQueryJob",
        "Results of a job about one client, in pages",
    ),
}
_BODIES = {
    contract.POST_USAGE_QUERY: "ApiUsageOrganizationQuery",
    contract.POST_USAGE_SIMPLESEARCH: "ApiUsageSimpleSearch",
    contract.POST_CLIENT_USAGE_QUERY: "ApiUsageClientQuery",
    contract.POST_USAGE_JOBS: "OrganizationPublicApiUsageQueryRequest",
    contract.POST_CLIENT_USAGE_JOBS: "ClientPublicApiUsageQueryRequest",
}
_JOBS = (contract.GET_USAGE_JOB, contract.GET_CLIENT_USAGE_JOB)
_PAGED: _Data = {
    "pageSize": {
        "type": "integer",
        "minimum": 0,
        "maximum": contract.MAX_PAGE_SIZE,
        "default": contract.MAX_PAGE_SIZE,
    },
    "after": {"type": "string", "description": "A cursor of an earlier page."},
}
_PAGED_JOB = {**_PAGED, "pageSize": {**_PAGED["pageSize"], "default": contract.JOB_PAGE_SIZE}}
_QUERIES: dict[Operation, _Data] = {
    contract.GET_USAGE_SIMPLESEARCH_RESULTS: _PAGED,
    **dict.fromkeys(_JOBS, _PAGED_JOB),
    contract.GET_CLIENT_USAGE_SUMMARY: {
        "days": {
            "type": "integer",
            "minimum": 1,
            "maximum": contract.MAX_DAYS,
            "default": contract.DEFAULT_DAYS,
        }
    },
}
_WHEN = {
    400: "The request is invalid.",
    401: "The token is missing or invalid.",
    403: "The token lacks a permission.",
    404: "No such execution or job at this path.",
    408: "The body was not received in time.",
    413: "The body is too large.",
    415: "The content type is not supported.",
    429: "Too many requests, or too many executions.",
    500: "Internal server error.",
    503: "The server is busy.",
    504: "The control database did not respond in time.",
}
_POINT = r"\d{4}(-\d\d(-\d\d([Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d(:?\d\d)?)?)?)?)?"
_INTERVAL = {
    "type": "string",
    "pattern": f"^{_POINT}/{_POINT}$",
    "description": "Two years, months, dates or instants; an end that is not an instant is included.",
    "examples": ["2026-03-01/2026-03-31"],
}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_HEADERS = {contract.CORRELATION_ID: {"required": True, "schema": {"type": "string", "format": "uuid"}}}

_MORE_HEADERS = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}},
    429: {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 1}}},
}


def description() -> dict[str, _Data]:
    """Every operation, with Genesys's schemas."""
    paths: _Data = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    schemas = {_PREFIX + name: schema for name, schema in {**_query_schema(), **_results_schema()}.items()}
    return {"tags": {_TAG: "The Platform API's usage operations."}, "paths": paths, "schemas": schemas}


def _operation(operation: Operation) -> _Data:
    name, summary = _NAMES[operation]
    begins = operation in _BODIES or operation is contract.GET_CLIENT_USAGE_SUMMARY
    body = _ref(_answer(operation, begins=begins))
    answers = {"200": _response("The results are available.", body)}
    if begins:
        answers["202"] = _response("The results will be available.", body)
    elif operation in _JOBS:
        answers["202"] = _response("The job is running, or has failed.", body)
    described: _Data = {
        "operationId": name,
        "tags": [_TAG],
        "summary": summary,
        "security": [*({"oauth2": [permission]} for permission in _permissions(operation)), {"bearer": []}],
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": {**answers, **_refusals(operation)},
    }
    if operation in _BODIES:
        schema = {"$ref": f"#/components/schemas/{_PREFIX}{_BODIES[operation]}"}
        examples = {"month": {"value": {"interval": "2026-03-01/2026-03-31"}}}
        content = {"application/json": {"schema": schema, "examples": examples}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _answer(operation: Operation, *, begins: bool) -> type[msgspec.Struct]:
    if "/jobs" in operation.path:
        return contract.UsageQueryResponse if begins else contract.PublicApiUsageResultsResponse
    return contract.UsageExecutionResult if begins else contract.ApiUsageQueryResult


def _permissions(operation: Operation) -> tuple[str, ...]:
    if "/jobs" in operation.path:
        return GENESYS_CLIENT_JOBS if "{clientId}" in operation.path else GENESYS_ORGANIZATION_JOBS
    if "{clientId}" in operation.path:
        return GENESYS_CLIENT_USAGE
    return GENESYS_SIMPLE_SEARCH if "simplesearch" in operation.path else GENESYS_ORGANIZATION_USAGE


def _path_parameters(operation: Operation) -> list[_Data]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("clientId", "executionId", "jobId")
        if f"{{{name}}}" in operation.path
    ]


def _query_parameters(operation: Operation) -> list[_Data]:
    schemas = _QUERIES.get(operation, {})
    return [{"name": name, "in": "query", "schema": schema} for name, schema in schemas.items()]


def _refusals(operation: Operation) -> _Data:
    # 404 is for reading results; limits of rate and size are for requests with bodies.
    left_out = set() if "{executionId}" in operation.path or operation in _JOBS else {404}
    left_out |= set() if operation in _BODIES else {408, 413, 415}
    error = _ref(contract.ErrorBody)
    return {
        str(status): _response(text, error, _MORE_HEADERS.get(status, {}))
        for status, text in _WHEN.items()
        if status not in left_out
    }


def _response(text: str, body: _Data, more_headers: Mapping[str, _Data] = MappingProxyType({})) -> _Data:
    content = {contract.CONTENT_TYPE: {"schema": body}}
    return {"description": text, "headers": {**_HEADERS, **more_headers}, "content": content}


def _query_schema() -> _Data:
    columns = [column for column in Column if column is not Column.USER_ID]
    counts = [metric for metric in UsageMetric if metric is not UsageMetric.REQUESTS]
    search = {
        "metrics": _some_of([*SearchColumn, *counts]),
        "oauthClientNames": _TEXTS,
        "httpMethods": _some_of(HttpMethodName),
        "templateUris": _TEXTS,
    }
    return {
        "ApiUsageOrganizationQuery": _question(_query(Column)),
        "ApiUsageClientQuery": _question(_query(columns)),
        "ApiUsageSimpleSearch": _question(search),
        "OrganizationPublicApiUsageQueryRequest": _job(
            ORGANIZATION_JOB_COLUMNS, {"userIds": _TEXTS, "oauthClientIds": _TEXTS}
        ),
        "ClientPublicApiUsageQueryRequest": _job(CLIENT_JOB_COLUMNS, {"organizationIds": _TEXTS}),
        "UsageQuerySortBy": {
            "type": "object",
            "properties": {"fieldName": _one_of(SortField), "order": _one_of(SortOrder)},
            "required": ["fieldName"],
            "additionalProperties": False,
        },
    }


def _job(columns: Iterable[str], filters: _Data) -> _Data:
    sort_by = {"type": "array", "items": {"$ref": f"#/components/schemas/{_PREFIX}UsageQuerySortBy"}}
    platforms = {**_TEXTS, "maxItems": 0, "description": "Calls here have no platform."}
    more = {"templateUris": _TEXTS, "httpMethods": _some_of(HttpMethodName), "platforms": platforms}
    return _question({**_query(columns), "sortBy": sort_by, **more, **filters})


def _query(columns: Iterable[str]) -> _Data:
    return {
        "granularity": _one_of(Period),
        "metrics": _some_of(UsageMetric),
        "groupBy": _some_of(columns),
    }


def _question(fields: _Data) -> _Data:
    properties = {"interval": _INTERVAL, **fields}
    return {
        "type": "object",
        "properties": properties,
        "required": ["interval"],
        "additionalProperties": False,
    }


def _some_of(values: Iterable[str]) -> _Data:
    return {"type": "array", "items": _one_of(values)}


def _one_of(values: Iterable[str]) -> _Data:
    return {"type": "string", "enum": [str(value) for value in values]}


def _results_schema() -> _Data:
    types = [
        contract.UsageExecutionResult,
        contract.ApiUsageQueryResult,
        contract.ApiUsageRow,
        contract.UsageQueryResponse,
        contract.PublicApiUsageResultsResponse,
        contract.ErrorBody,
    ]
    _, schemas = msgspec.json.schema_components(types, ref_template=f"#/components/schemas/{_PREFIX}{{name}}")
    # Rows are stored as JSON, written when the execution ended.
    rows = {"type": "array", "items": _ref(contract.ApiUsageRow)}
    schemas["ApiUsageQueryResult"]["properties"]["results"] = rows
    return schemas


def _ref(kind: type) -> _Data:
    return {"$ref": f"#/components/schemas/{_PREFIX}{kind.__name__}"}
