"""Requests for Genesys's seven operations."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from calltally.clients.genesys.bodies import QueryBody, SearchBody, texts
from calltally.clients.genesys.execution_wait import ExecutionWait
from calltally.clients.genesys.usage_result import UsageResult, read_usage_result
from calltally.clients.pages import Pages
from calltally.clients.question import Question, Workflow, reads
from calltally.clients.vendor_request import VendorRequest, path_part, query_of
from calltally.dialects.genesys.contract import (
    GET_CLIENT_USAGE_RESULTS,
    GET_CLIENT_USAGE_SUMMARY,
    GET_USAGE_QUERY_RESULTS,
    GET_USAGE_SIMPLESEARCH_RESULTS,
    MAX_PAGE_SIZE,
    POST_CLIENT_USAGE_QUERY,
    POST_USAGE_QUERY,
    POST_USAGE_SIMPLESEARCH,
    ApiUsageRow,
    Operation,
    UsageExecutionResult,
)

WAIT: Final = 300.0
"""The default seconds to wait for an execution."""

_read_execution = reads(UsageExecutionResult, nulls=False)


@dataclass(frozen=True, slots=True)
class GenesysQuestions:
    """Builds requests. An execution is given as the response that started it, or by its id.

    An ``interval`` is a text such as ``2026-03-01/2026-03-31``, of dates, months or instants. Every method
    raises `ValueError` for an empty id.
    """

    def post_usage_query(
        self,
        interval: str,
        *,
        granularity: str | None = None,
        metrics: Iterable[str] = (),
        group_by: Iterable[str] = (),
    ) -> Question[UsageExecutionResult]:
        """Start counting the organization's calls, by OAuth client unless ``group_by`` is given.

        The values are those of `Period`, `UsageMetric` and `Column`.
        """
        body = QueryBody(interval, granularity, texts("metrics", metrics), texts("group_by", group_by))
        return Question(_post(POST_USAGE_QUERY, body), _read_execution)

    def get_usage_query_execution_id_results(
        self, execution: str | UsageExecutionResult
    ) -> Question[UsageResult]:
        """The status of an execution of `post_usage_query`, and its rows."""
        return Question(_get(GET_USAGE_QUERY_RESULTS, executionId=_id(execution)), read_usage_result)

    def wait_for_usage_query(
        self, execution: str | UsageExecutionResult, *, timeout: float = WAIT
    ) -> Workflow[UsageResult]:
        """The rows of an execution of `post_usage_query`, within ``timeout`` seconds.

        Raises `ExecutionTimeoutError` after ``timeout``, and `ExecutionFailedError` if the execution failed.
        """
        question = self.get_usage_query_execution_id_results(execution)
        return ExecutionWait(question, _id(execution), timeout)

    def post_usage_simplesearch(
        self,
        interval: str,
        *,
        metrics: Iterable[str] = (),
        oauth_client_names: Iterable[str] = (),
        http_methods: Iterable[str] = (),
        template_uris: Iterable[str] = (),
    ) -> Question[UsageExecutionResult]:
        """Start searching the calls with any of these client names, methods and routes.

        Returns the first 20,000 rows. The values of ``metrics`` are those of `SearchColumn` and
        `UsageMetric`, without ``Requests``.
        """
        body = SearchBody(
            interval,
            texts("metrics", metrics),
            texts("oauth_client_names", oauth_client_names),
            texts("http_methods", http_methods),
            texts("template_uris", template_uris),
        )
        return Question(_post(POST_USAGE_SIMPLESEARCH, body), _read_execution)

    def get_usage_simplesearch_execution_id_results(
        self,
        execution: str | UsageExecutionResult,
        *,
        after: str | None = None,
        page_size: int | None = None,
    ) -> Question[UsageResult]:
        """The status of an execution of `post_usage_simplesearch`, and a page of its rows.

        ``after`` comes from the cursors of the previous page; a page has at most 1000 rows.
        """
        query = query_of(after=after, pageSize=page_size)
        request = _get(GET_USAGE_SIMPLESEARCH_RESULTS, query, executionId=_id(execution))
        return Question(request, read_usage_result)

    def wait_for_usage_simplesearch(
        self,
        execution: str | UsageExecutionResult,
        *,
        timeout: float = WAIT,
        page_size: int | None = None,
    ) -> Workflow[UsageResult]:
        """The first page of an execution of `post_usage_simplesearch`; otherwise as
        `wait_for_usage_query`."""
        question = self.get_usage_simplesearch_execution_id_results(execution, page_size=page_size)
        return ExecutionWait(question, _id(execution), timeout)

    def iterate_usage_simplesearch_results(
        self,
        execution: str | UsageExecutionResult,
        *,
        timeout: float = WAIT,
        page_size: int = MAX_PAGE_SIZE,
    ) -> Pages[UsageResult, str, ApiUsageRow]:
        """All rows of `wait_for_usage_simplesearch`, read in pages of 1 to 1000 rows."""

        def page_at(cursor: str) -> ExecutionWait:
            question = self.get_usage_simplesearch_execution_id_results(
                execution, after=cursor, page_size=page_size
            )
            return ExecutionWait(question, _id(execution), timeout)

        first = self.wait_for_usage_simplesearch(execution, timeout=timeout, page_size=page_size)
        return Pages(first, _rows, _cursor_after, page_at)

    def post_oauth_client_usage_query(
        self,
        client_id: str,
        interval: str,
        *,
        granularity: str | None = None,
        metrics: Iterable[str] = (),
        group_by: Iterable[str] = (),
    ) -> Question[UsageExecutionResult]:
        """Start counting the calls of one OAuth client; as `post_usage_query`, without ``UserId``."""
        body = QueryBody(interval, granularity, texts("metrics", metrics), texts("group_by", group_by))
        return Question(_post(POST_CLIENT_USAGE_QUERY, body, clientId=client_id), _read_execution)

    def get_oauth_client_usage_query_result(
        self, client_id: str, execution: str | UsageExecutionResult
    ) -> Question[UsageResult]:
        """The status of an execution for an OAuth client, of a query or a summary, and its rows."""
        request = _get(GET_CLIENT_USAGE_RESULTS, clientId=client_id, executionId=_id(execution))
        return Question(request, read_usage_result)

    def wait_for_oauth_client_usage_query(
        self, client_id: str, execution: str | UsageExecutionResult, *, timeout: float = WAIT
    ) -> Workflow[UsageResult]:
        """The rows of an execution for an OAuth client; otherwise as `wait_for_usage_query`.

        Also works for `get_oauth_client_usage_summary`.
        """
        question = self.get_oauth_client_usage_query_result(client_id, execution)
        return ExecutionWait(question, _id(execution), timeout)

    def get_oauth_client_usage_summary(
        self, client_id: str, *, days: int | None = None
    ) -> Question[UsageExecutionResult]:
        """Start counting an OAuth client's calls of the last days, by default 7, by route and method."""
        request = _get(GET_CLIENT_USAGE_SUMMARY, query_of(days=days), clientId=client_id)
        return Question(request, _read_execution)


def _get(operation: Operation, query: tuple[tuple[str, str], ...] = (), **parts: str) -> VendorRequest:
    return VendorRequest(operation.method, _path(operation, parts), query, {"Accept": "application/json"})


def _post(operation: Operation, body: msgspec.Struct, **parts: str) -> VendorRequest:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    return VendorRequest(
        operation.method, _path(operation, parts), headers=headers, body=msgspec.json.encode(body)
    )


def _path(operation: Operation, parts: dict[str, str]) -> str:
    return operation.path.format(**{name: path_part(name, text) for name, text in parts.items()})


def _id(execution: str | UsageExecutionResult) -> str:
    return execution if isinstance(execution, str) else execution.execution_id


def _rows(page: UsageResult) -> Sequence[ApiUsageRow]:
    return page.results


def _cursor_after(page: UsageResult) -> str | None:
    return page.cursors.after or None
