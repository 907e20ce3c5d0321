"""Genesys's wire: where its operations live, the words of its questions, and the bodies that it sends."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType

CONTENT_TYPE = "application/json"
CORRELATION_ID = "ININ-Correlation-Id"

PREFIX = "/api/v2"

MAX_PAGE_SIZE = 1000
SEARCH_CAP = 20_000
"""A simplesearch answers with its first records only, at most so many."""

JOB_PAGE_SIZE = 100
"""How many records a job's page has, unless told otherwise."""

MAX_JOB_AGE_DAYS = 366
"""A job starts on one of the last days, at most so many before today."""

MAX_JOB_DAYS = 91
"""A job's end is at most 90 days after its start, and both are included."""

MAX_FILTER_VALUES = 1000
"""How many values the filters of a job may have altogether."""

MAX_JOB_PAGE_BYTES = 5 * 1024 * 1024
"""How large the rows on a job's page may be, as JSON."""

DEFAULT_DAYS = 7
MAX_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; ``{clientId}``, ``{executionId}`` and ``{jobId}`` in the path are parameters."""

    method: str
    path: str


POST_USAGE_QUERY = Operation("POST", f"{PREFIX}/usage/query")
GET_USAGE_QUERY_RESULTS = Operation("GET", f"{PREFIX}/usage/query/{{executionId}}/results")
POST_USAGE_SIMPLESEARCH = Operation("POST", f"{PREFIX}/usage/simplesearch")
GET_USAGE_SIMPLESEARCH_RESULTS = Operation("GET", f"{PREFIX}/usage/simplesearch/{{executionId}}/results")
POST_CLIENT_USAGE_QUERY = Operation("POST", f"{PREFIX}/oauth/clients/{{clientId}}/usage/query")
GET_CLIENT_USAGE_RESULTS = Operation(
    "GET", f"{PREFIX}/oauth/clients/{{clientId}}/usage/query/results/{{executionId}}"
)
GET_CLIENT_USAGE_SUMMARY = Operation("GET", f"{PREFIX}/oauth/clients/{{clientId}}/usage/summary")
POST_USAGE_JOBS = Operation("POST", f"{PREFIX}/usage/aggregates/query/jobs")
GET_USAGE_JOB = Operation("GET", f"{PREFIX}/usage/aggregates/query/jobs/{{jobId}}")
POST_CLIENT_USAGE_JOBS = Operation("POST", f"{PREFIX}/usage/client/{{clientId}}/aggregates/query/jobs")
GET_CLIENT_USAGE_JOB = Operation("GET", f"{PREFIX}/usage/client/{{clientId}}/aggregates/query/jobs/{{jobId}}")

OPERATIONS = (
    POST_USAGE_QUERY,
    GET_USAGE_QUERY_RESULTS,
    POST_USAGE_SIMPLESEARCH,
    GET_USAGE_SIMPLESEARCH_RESULTS,
    POST_CLIENT_USAGE_QUERY,
    GET_CLIENT_USAGE_RESULTS,
    GET_CLIENT_USAGE_SUMMARY,
    POST_USAGE_JOBS,
    GET_USAGE_JOB,
    POST_CLIENT_USAGE_JOBS,
    GET_CLIENT_USAGE_JOB,
)


class Kind(StrEnum):
    """The kinds of executions. They are stored: never rename."""

    ORGANIZATION_QUERY = "organization-query"
    SIMPLESEARCH = "simplesearch"
    CLIENT_QUERY = "client-query"
    CLIENT_SUMMARY = "client-summary"
    ORGANIZATION_JOB = "organization-job"
    CLIENT_JOB = "client-job"


class Period(StrEnum):
    """The values of ``granularity``."""

    DAY = "Day"
    WEEK = "Week"
    MONTH = "Month"


class Column(StrEnum):
    """The values of ``groupBy``. They are stored: never rename."""

    OAUTH_CLIENT_ID = "OAuthClientId"
    ORGANIZATION_ID = "OrganizationId"
    USER_ID = "UserId"
    TEMPLATE_URI = "TemplateUri"
    HTTP_METHOD = "HttpMethod"


class UsageMetric(StrEnum):
    """The values of a query's ``metrics``. They are stored: never rename."""

    STATUS_200 = "Status200"
    STATUS_300 = "Status300"
    STATUS_400 = "Status400"
    STATUS_500 = "Status500"
    STATUS_429 = "Status429"
    REQUESTS = "Requests"


class SearchColumn(StrEnum):
    """Those values of a simplesearch's ``metrics`` that are no counts."""

    DATE = "Date"
    CLIENT_NAME = "ClientName"
    HTTP_METHOD = "HttpMethod"
    TEMPLATE_URI = "TemplateUri"


class JobColumn(StrEnum):
    """The values of a job's ``groupBy``; Genesys has ``Platform`` too, which no call tells."""

    OAUTH_CLIENT_NAME = "OauthClientName"
    OAUTH_CLIENT_ID = "OauthClientId"
    ORGANIZATION_ID = "OrganizationId"
    USER_ID = "UserId"
    HTTP_METHOD = "HttpMethod"
    TEMPLATE_URI = "TemplateUri"


ORGANIZATION_JOB_COLUMNS = tuple(column for column in JobColumn if column is not JobColumn.ORGANIZATION_ID)
CLIENT_JOB_COLUMNS = (JobColumn.ORGANIZATION_ID, JobColumn.HTTP_METHOD, JobColumn.TEMPLATE_URI)


class SortField(StrEnum):
    """The values of ``fieldName`` in a job's ``sortBy``."""

    DATE = "date"
    OAUTH_CLIENT_ID = "oauthClientId"
    USER_ID = "userId"
    HTTP_METHOD = "httpMethod"
    TEMPLATE_URI = "templateUri"
    REQUEST_COUNT = "requestCount"
    REQUESTS = "requests"
    STATUS_200 = "status200"
    STATUS_300 = "status300"
    STATUS_400 = "status400"
    STATUS_429 = "status429"
    STATUS_500 = "status500"


class SortOrder(StrEnum):
    ASCENDING = "Asc"
    DESCENDING = "Desc"


class HttpMethodName(StrEnum):
    """The values of ``httpMethods``."""

    GET = "GET"
    POST = "POST"
    DELETE = "DELETE"
    PATCH = "PATCH"
    PUT = "PUT"
    HEAD = "HEAD"
    CONNECT = "CONNECT"
    OPTIONS = "OPTIONS"
    TRACE = "TRACE"


class UsageExecutionResult(msgspec.Struct, frozen=True, rename="camel"):
    """Where the results of an execution will be."""

    execution_id: str
    results_uri: str


class ApiUsageRow(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Counts of one group. Columns that were not grouped by are empty texts, unasked counts are absent."""

    client_id: str = ""
    client_name: str = ""
    organization_id: str = ""
    user_id: str = ""
    template_uri: str = ""
    http_method: str = ""
    status200: int | UnsetType = UNSET
    status300: int | UnsetType = UNSET
    status400: int | UnsetType = UNSET
    status500: int | UnsetType = UNSET
    status429: int | UnsetType = UNSET
    requests: int | UnsetType = UNSET
    date: str | UnsetType = UNSET


class Cursors(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens for ``after``: for this page again, and for the next one; neither for the first and the last."""

    before: str | None = None
    after: str | None = None


class QueryStatus(StrEnum):
    COMPLETE = "Complete"
    FAILED = "Failed"
    RUNNING = "Running"


class ApiUsageQueryResult(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How far an execution is, and its rows once it is complete."""

    results: msgspec.Raw | UnsetType = UNSET
    query_status: QueryStatus
    cursors: Cursors | UnsetType = UNSET


class UsageQueryResponse(msgspec.Struct, frozen=True, rename="camel"):
    """A job, and where its results will be."""

    id: str
    results_uri: str
    self_uri: str


class DomainEntityRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """An OAuth client; the name is absent where it has none."""

    id: str
    name: str = ""


class UserReference(msgspec.Struct, frozen=True):
    id: str


class PublicApiUsage(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Counts of one group of a job. What was not grouped by, not asked for or is not known is absent."""

    date: str | UnsetType = UNSET
    http_method: str = ""
    template_uri: str = ""
    request_count: int | UnsetType = UNSET
    status200: int | UnsetType = UNSET
    status300: int | UnsetType = UNSET
    status400: int | UnsetType = UNSET
    status429: int | UnsetType = UNSET
    status500: int | UnsetType = UNSET
    organization_id: str = ""
    oauth_client: DomainEntityRef | UnsetType = UNSET
    user: UserReference | UnsetType = UNSET


class ErrorBody(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The body of every refusal; the parameters of the message apart where it has some."""

    message: str
    code: str
    status: int
    message_with_params: str | UnsetType = UNSET
    message_params: dict[str, str] | UnsetType = UNSET
    context_id: str
    details: tuple[()] = ()
    errors: tuple[()] = ()


class JobStatus(StrEnum):
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class PublicApiUsageResultsResponse(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """How far a job is, and a page of its rows once it has succeeded; the last page leads to no next one."""

    query_status: JobStatus
    error_body: ErrorBody | UnsetType = UNSET
    next_uri: str | UnsetType = UNSET
    entities: list[PublicApiUsage] | UnsetType = UNSET
    self_uri: str
