"""The results of executions."""

from collections.abc import Collection

import msgspec

from calltally.dialects.genesys.bad_request import BadRequestError, page_too_large
from calltally.dialects.genesys.contract import (
    MAX_JOB_PAGE_BYTES,
    ApiUsageQueryResult,
    JobStatus,
    Kind,
    PublicApiUsageResultsResponse,
    QueryStatus,
)
from calltally.dialects.genesys.execution_runner import Failure
from calltally.dialects.genesys.paging import Page, to_genesys_cursors, to_genesys_next_uri
from calltally.dialects.genesys.refusals import to_genesys_refusal
from calltally.dialects.genesys.writing import (
    ROWS_OF_A_PAGE,
    to_genesys_entities,
    to_genesys_part,
    to_genesys_results,
)
from calltally.errors import NotFoundError
from calltally.executions import Execution, ExecutionState, ExecutionStore
from calltally.query.fair_threads import FairThreads


class ExecutionResults:
    """The results of executions, whole or in pages.

    Methods raise `NotFoundError` for an execution that does not exist, has expired, or has another
    organization, kind or target. A query that turned out to be impossible raises `BadRequestError`; for a job
    this is its result.
    """

    def __init__(self, executions: ExecutionStore, threads: FairThreads) -> None:
        self._executions = executions
        self._threads = threads

    async def all(
        self, organization: str, execution_id: str, kinds: Collection[Kind], target: str
    ) -> ApiUsageQueryResult:
        """All rows."""

        def read() -> ApiUsageQueryResult:
            execution = self._find(organization, execution_id, kinds, target)
            if execution.state is not ExecutionState.COMPLETE:
                return _incomplete(execution)
            pages = self._pages(execution, 0, execution.rows)
            return ApiUsageQueryResult(results=to_genesys_results(pages), query_status=QueryStatus.COMPLETE)

        return await self._threads.run(organization, read)

    async def page(self, organization: str, execution_id: str, page: Page) -> ApiUsageQueryResult:
        """One page of a simplesearch, with the cursors around it."""

        def read() -> ApiUsageQueryResult:
            execution = self._find(organization, execution_id, (Kind.SIMPLESEARCH,), "")
            if execution.state is not ExecutionState.COMPLETE:
                return _incomplete(execution)
            return ApiUsageQueryResult(
                results=self._part(execution, page),
                query_status=QueryStatus.COMPLETE,
                cursors=to_genesys_cursors(page, execution.rows, execution_id),
            )

        return await self._threads.run(organization, read)

    async def job(
        self, organization: str, job_id: str, kind: Kind, target: str, page: Page, uri: str
    ) -> PublicApiUsageResultsResponse:
        """One page of a job whose results are at ``uri``.

        Raises `BadRequestError` for a page that is too large.
        """

        def read() -> PublicApiUsageResultsResponse:
            execution = self._find(organization, job_id, (kind,), target)
            if execution.state is not ExecutionState.COMPLETE:
                return _incomplete_job(execution, uri)
            rows = self._part(execution, page)
            if (size := memoryview(rows).nbytes) > MAX_JOB_PAGE_BYTES:
                raise page_too_large(size, MAX_JOB_PAGE_BYTES)
            return PublicApiUsageResultsResponse(
                query_status=JobStatus.SUCCEEDED,
                next_uri=to_genesys_next_uri(uri, page, execution.rows, job_id),
                entities=to_genesys_entities(rows),
                self_uri=uri,
            )

        return await self._threads.run(organization, read)

    def _find(self, organization: str, execution_id: str, kinds: Collection[Kind], target: str) -> Execution:
        execution = self._executions.find(organization, execution_id)
        if execution is None or execution.kind not in kinds or execution.target != target:
            raise NotFoundError
        return execution

    def _part(self, execution: Execution, page: Page) -> msgspec.Raw:
        pages = self._pages(execution, page.offset, min(page.end, execution.rows))
        return to_genesys_part(pages, page.offset % ROWS_OF_A_PAGE, page.size)

    def _pages(self, execution: Execution, first_row: int, end: int) -> list[bytes]:
        """The stored pages with the rows from ``first_row`` to ``end`` (exclusive)."""
        if first_row >= end:
            return []
        first, last = first_row // ROWS_OF_A_PAGE, (end - 1) // ROWS_OF_A_PAGE
        pages = self._executions.pages(execution.execution_id, first, last)
        if len(pages) != last - first + 1:
            raise NotFoundError  # it was removed meanwhile
        return pages


def _incomplete(execution: Execution) -> ApiUsageQueryResult:
    if execution.failure:
        raise _impossible(execution)
    running = execution.state is ExecutionState.RUNNING
    return ApiUsageQueryResult(query_status=QueryStatus.RUNNING if running else QueryStatus.FAILED)


def _incomplete_job(execution: Execution, uri: str) -> PublicApiUsageResultsResponse:
    if execution.failure:
        error = to_genesys_refusal(_impossible(execution), execution.execution_id).body
        return PublicApiUsageResultsResponse(query_status=JobStatus.FAILED, error_body=error, self_uri=uri)
    running = execution.state is ExecutionState.RUNNING
    return PublicApiUsageResultsResponse(
        query_status=JobStatus.RUNNING if running else JobStatus.FAILED, self_uri=uri
    )


def _impossible(execution: Execution) -> BadRequestError:
    failure = msgspec.json.decode(execution.failure, type=Failure)
    return BadRequestError(failure.code, "{reason}", reason=failure.message)
