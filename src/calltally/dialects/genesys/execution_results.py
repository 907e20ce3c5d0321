"""What an execution has to show, to those who may see it."""

import asyncio
from collections.abc import Callable, Collection
from typing import TypeVar

import msgspec

from calltally.control.executions import Execution, Executions, ExecutionState
from calltally.dialects.genesys.bad_request import BadRequestError
from calltally.dialects.genesys.contract import ApiUsageQueryResult, Kind, QueryStatus
from calltally.dialects.genesys.execution_runner import Failure
from calltally.dialects.genesys.paging import Page, to_genesys_cursors
from calltally.dialects.genesys.writing import ROWS_OF_A_PAGE, to_genesys_part, to_genesys_results
from calltally.errors import NotFoundError

T = TypeVar("T")


class ExecutionResults:
    """The results of executions, whole or in pages.

    Methods raise `NotFoundError` for an execution that does not exist, has expired, is another
    organization's, of another kind or about something else, and `BadRequestError` for one whose question
    turned out to be impossible.
    """

    def __init__(self, executions: Executions) -> None:
        self._executions = executions

    async def all(
        self, organization: str, execution_id: str, kinds: Collection[Kind], target: str
    ) -> ApiUsageQueryResult:
        """Every row at once."""

        def read() -> ApiUsageQueryResult:
            execution = self._find(organization, execution_id, kinds, target)
            if execution.state is not ExecutionState.COMPLETE:
                return _incomplete(execution)
            pages = self._pages(execution, 0, execution.rows)
            return ApiUsageQueryResult(results=to_genesys_results(pages), query_status=QueryStatus.COMPLETE)

        return await _in_a_thread(read)

    async def page(self, organization: str, execution_id: str, page: Page) -> ApiUsageQueryResult:
        """One page of a simplesearch, with the cursors around it."""

        def read() -> ApiUsageQueryResult:
            execution = self._find(organization, execution_id, (Kind.SIMPLESEARCH,), "")
            if execution.state is not ExecutionState.COMPLETE:
                return _incomplete(execution)
            pages = self._pages(execution, page.offset, min(page.end, execution.rows))
            return ApiUsageQueryResult(
                results=to_genesys_part(pages, page.offset % ROWS_OF_A_PAGE, page.size),
                query_status=QueryStatus.COMPLETE,
                cursors=to_genesys_cursors(page, execution.rows, execution_id),
            )

        return await _in_a_thread(read)

    def _find(self, organization: str, execution_id: str, kinds: Collection[Kind], target: str) -> Execution:
        execution = self._executions.find(organization, execution_id)
        if execution is None or execution.kind not in kinds or execution.target != target:
            raise NotFoundError
        return execution

    def _pages(self, execution: Execution, first_row: int, end: int) -> list[bytes]:
        """The stored pages with the rows from one up to and without another."""
        if first_row >= end:
            return []
        first, last = first_row // ROWS_OF_A_PAGE, (end - 1) // ROWS_OF_A_PAGE
        pages = self._executions.pages(execution.execution_id, first, last)
        if len(pages) != last - first + 1:
            raise NotFoundError  # it was removed this very moment
        return pages


def _incomplete(execution: Execution) -> ApiUsageQueryResult:
    if execution.failure:
        failure = msgspec.json.decode(execution.failure, type=Failure)
        raise BadRequestError(failure.code, "{reason}", reason=failure.message)
    running = execution.state is ExecutionState.RUNNING
    return ApiUsageQueryResult(query_status=QueryStatus.RUNNING if running else QueryStatus.FAILED)


async def _in_a_thread(read: Callable[[], T]) -> T:
    return await asyncio.to_thread(read)
