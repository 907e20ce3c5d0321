"""Genesys's wire contract: the paths of its operations, the values of its queries, and its bodies."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec
from msgspec import UNSET, UnsetType

CONTENT_TYPE = "application/json"
CORRELATION_ID = "ININ-Correlation-Id"

PREFIX = "/api/v2"

MAX_PAGE_SIZE = 1000
SEARCH_CAP = 20_000
"""The most records of a simplesearch; only the first are returned."""

JOB_PAGE_SIZE = 100
"""The default number of records of a job's page."""

MAX_JOB_AGE_DAYS = 366
"""The most days before today on which a job's interval may start."""

MAX_JOB_DAYS = 91
"""A job's end is at most 90 days after its start, both included."""

MAX_FILTER_VALUES = 1000
"""The most values of all filters of a job."""

MAX_JOB_PAGE_BYTES = 5 * 1024 * 1024
"""The largest size of the rows of a job's page, as JSON."""

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
    """The values of a simplesearch's ``metrics`` that are not counts."""

    DATE = "Date"
    CLIENT_NAME = "ClientName"
    HTTP_METHOD = "HttpMethod"
    TEMPLATE_URI = "TemplateUri"


class JobColumn(StrEnum):
    """The values of a job's ``groupBy``; Genesys also has ``Platform``, which calls lack."""

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
    """The location of the results of an execution."""

    execution_id: str
    results_uri: str


class ApiUsageRow(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Counts of one group. Columns not grouped by are empty texts; counts not requested are absent."""

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
    """Tokens for ``after``: of this page and of the next one; absent for the first and the last page."""

    before: str | None = None
    after: str | None = None


class QueryStatus(StrEnum):
    COMPLETE = "Complete"
    FAILED = "Failed"
    RUNNING = "Running"


class ApiUsageQueryResult(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The status of an execution, and its rows once it is complete."""

    results: msgspec.Raw | UnsetType = UNSET
    query_status: QueryStatus
    cursors: Cursors | UnsetType = UNSET


class UsageQueryResponse(msgspec.Struct, frozen=True, rename="camel"):
    """A job, and the location of its results."""

    id: str
    results_uri: str
    self_uri: str


class DomainEntityRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """An OAuth client; the name is absent if it has none."""

    id: str
    name: str = ""


class UserReference(msgspec.Struct, frozen=True):
    id: str


class PublicApiUsage(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, kw_only=True):
    """Counts of one group of a job. Fields not grouped by, not requested or unknown are absent."""

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
    """The body of every error; the parameters of the message are separate, if it has any."""

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
    """The status of a job, and a page of its rows once it has succeeded; the last page has no next one."""

    query_status: JobStatus
    error_body: ErrorBody | UnsetType = UNSET
    next_uri: str | UnsetType = UNSET
    entities: list[PublicApiUsage] | UnsetType = UNSET
    self_uri: str
