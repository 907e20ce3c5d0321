"""The background in which questions are answered."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from calltally.control.executions import Execution, Executions
from calltally.dialects.genesys.bad_request import bad_request_of
from calltally.dialects.genesys.contract import Column
from calltally.dialects.genesys.question import Question
from calltally.dialects.genesys.writing import to_genesys_pages, to_genesys_rows
from calltally.errors import BusyError, InvalidInputError, OutOfServiceError
from calltally.query.query_engine import QueryEngine
from calltally.usage_query import Dimension, UsageQuery, UsageResult

_log = logging.getLogger(__name__)

_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 5.0


class ClientNames(Protocol):
    """The directory of names, as far as Genesys's operations look into it."""

    async def names(self, organization: str, client_ids: Iterable[str]) -> Mapping[str, str]:
        """The names of those clients that have one."""
        ...

    async def ids(self, organization: str, names: Iterable[str]) -> frozenset[str]:
        """The clients that go by one of these names."""
        ...


class Failure(msgspec.Struct, frozen=True):
    """Why a question can never be answered, for the one who asked it."""

    code: str
    message: str


class ExecutionRunner:
    """Answers executions in the background, ``concurrency`` at a time, in the order they begin.

    One that takes longer than ``time_limit`` seconds, or has more than ``max_rows`` rows, fails. One that a
    stop or the end of the process interrupts is left as it was, and is answered after the next `start`.
    Belongs to one event loop.
    """

    def __init__(
        self,
        engine: QueryEngine,
        names: ClientNames,
        executions: Executions,
        *,
        concurrency: int,
        time_limit: float,
        max_rows: int,
        cleaning_seconds: float,
    ) -> None:
        self._engine = engine
        self._names = names
        self._executions = executions
        self._turns = asyncio.Semaphore(concurrency)
        self._time_limit = time_limit
        self._max_rows = max_rows
        self._cleaning_seconds = cleaning_seconds
        self._running: dict[str, asyncio.Task[None]] = {}
        self._cleaning: asyncio.Task[None] | None = None
        self._stopped = False

    async def start(self) -> None:
        """Begins with what an earlier process left unfinished, and removes what expires from now on."""
        self._stopped = False
        for execution in await asyncio.to_thread(self._executions.unfinished):
            self.begin(execution)
        self._cleaning = asyncio.create_task(self._clean())

    async def stop(self) -> None:
        """Interrupts everything, and what begins from now on waits for the next `start`."""
        self._stopped = True
        tasks = [*self._running.values(), *([self._cleaning] if self._cleaning else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def begin(self, execution: Execution) -> asyncio.Task[None]:
        """Puts a running execution in line; the task ends when the execution has finished."""
        known = self._running.get(execution.execution_id)
        if known is not None:
            return known
        task = asyncio.create_task(self._run(execution))
        self._running[execution.execution_id] = task
        task.add_done_callback(lambda _: self._running.pop(execution.execution_id))
        return task

    async def _run(self, execution: Execution) -> None:
        if self._stopped:
            return
        async with self._turns:
            try:
                async with asyncio.timeout(self._time_limit):
                    pages, rows = await self._answer(execution)
                await asyncio.to_thread(self._executions.complete, execution.execution_id, pages, rows)
            except InvalidInputError as error:
                bad = bad_request_of(error)
                failure = msgspec.json.encode(Failure(bad.code, bad.reason))
                await self._fail(execution, failure.decode())
            except OutOfServiceError:
                _log.warning("execution %s must wait for the next start", execution.execution_id)
            except TimeoutError:
                _log.warning(
                    "execution %s was not answered in %g seconds", execution.execution_id, self._time_limit
                )
                await self._fail(execution)
            except Exception:  # noqa: BLE001 - whatever it is, nobody shall wait for this execution
                _log.exception("execution %s failed", execution.execution_id)
                await self._fail(execution)

    async def _answer(self, execution: Execution) -> tuple[list[bytes], int]:
        question, organization = Question.from_text(execution.question), execution.organization
        asked = None
        if question.client_names is not None:
            # No database that keeps names takes a NUL, so nobody has such a name.
            names = [name for name in question.client_names if "\0" not in name]
            asked = await self._names.ids(organization, names)
        result = await self._result(question.usage_query(organization, asked, self._max_rows))
        seen: Mapping[str, str] = {}
        if Column.OAUTH_CLIENT_ID in question.columns:
            column = result.columns.index(Dimension.CLIENT_ID)
            seen = await self._names.names(organization, {str(row[column]) for row in result.rows})

        def written() -> tuple[list[bytes], int]:
            rows = to_genesys_rows(question, organization, result, seen)
            return to_genesys_pages(rows), len(rows)

        return await asyncio.to_thread(written)

    async def _result(self, query: UsageQuery) -> UsageResult:
        while True:
            try:
                return (await self._engine.usage(query)).value
            except BusyError as busy:
                await asyncio.sleep(
                    min(max(busy.retry_after, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
                )

    async def _fail(self, execution: Execution, failure: str = "") -> None:
        try:
            await asyncio.to_thread(self._executions.fail, execution.execution_id, failure)
        except Exception:  # noqa: BLE001 - it is begun again after the next start
            _log.exception("execution %s could not be ended", execution.execution_id)

    async def _clean(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._executions.remove_expired)
            except Exception:  # noqa: BLE001 - the next round may do better
                _log.exception("expired executions could not be removed")
            await asyncio.sleep(self._cleaning_seconds)
