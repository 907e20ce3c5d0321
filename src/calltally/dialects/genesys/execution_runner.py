"""Runs executions."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec

from calltally.clock import instant_of
from calltally.dialects.genesys.bad_request import bad_request_of
from calltally.dialects.genesys.contract import Column
from calltally.dialects.genesys.question import Question
from calltally.dialects.genesys.writing import to_genesys_pages, to_genesys_rows
from calltally.errors import BusyError, InvalidInputError, OutOfServiceError, PrunedError
from calltally.executions import Execution, ExecutionOutcome, ExecutionStore, TooManyExecutionsError
from calltally.query.fair_threads import FairThreads
from calltally.query.fair_turns import FairTurns
from calltally.query.query_engine import QueryEngine
from calltally.usage_query import Dimension, UsageQuery, UsageResult

T = TypeVar("T")

_log = logging.getLogger(__name__)

_REFUSED_SECONDS = 0.25
_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 5.0


class ClientNames(Protocol):
    """The part of the directory of names that Genesys's operations use."""

    async def names(self, organization: str, client_ids: Iterable[str]) -> Mapping[str, str]:
        """The names of the clients that have one."""
        ...

    async def ids(self, organization: str, names: Iterable[str]) -> frozenset[str]:
        """The clients with one of these names."""
        ...


class Failure(msgspec.Struct, frozen=True):
    """Why a query can never be answered, for its sender."""

    code: str
    message: str


class ExecutionRunner:
    """Runs executions, ``concurrency`` at a time, round robin over organizations, in order within each.

    An execution that takes longer than ``time_limit`` seconds, or has more than ``max_rows`` rows, fails. One
    that is interrupted by `stop` or the end of the process is unchanged, and runs after the next `start`.
    Belongs to one event loop.
    """

    def __init__(
        self,
        engine: QueryEngine,
        names: ClientNames,
        executions: ExecutionStore,
        threads: FairThreads,
        *,
        concurrency: int,
        time_limit: float,
        max_rows: int,
        cleaning_seconds: float,
    ) -> None:
        self._engine = engine
        self._names = names
        self._executions = executions
        self._threads = threads
        self._turns = FairTurns(concurrency)
        self._time_limit = time_limit
        self._max_rows = max_rows
        self._cleaning_seconds = cleaning_seconds
        self._accepting: set[asyncio.Task[bool]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._refused: dict[tuple[str, str], tuple[float, TooManyExecutionsError]] = {}
        self._stopped = False

    async def start(self) -> None:
        """Resume unfinished executions of an earlier process, and start removing expired ones."""
        self._stopped = False
        for execution in await asyncio.to_thread(self._executions.unfinished):
            answering = self._begin(self._outcome(execution, instant_of(execution.created_ms)))
            self._begin(self._finish(execution, answering))
        self._begin(self._clean())

    async def stop(self) -> None:
        """Interrupt all executions; later ones wait for the next `start`."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._accepting, *self._tasks, return_exceptions=True)

    async def take(self, execution: Execution, ready_within: float) -> bool:
        """Store and run a new execution; returns whether it has finished.

        It starts at once. If it finishes within ``ready_within`` seconds, it is stored together with its
        results in one transaction; else it is stored as running and continues in the background. Raises
        `TooManyExecutionsError` above the limit, and abandons its work.
        """
        self._check_recent_refusal(execution)
        # Shielded, so that nothing is stored and then not run.
        accepting = asyncio.create_task(self._take(execution, ready_within))
        self._accepting.add(accepting)
        accepting.add_done_callback(self._accepting.discard)
        return await asyncio.shield(accepting)

    def _check_recent_refusal(self, execution: Execution) -> None:
        """Refuse at once a caller that was just refused, so that a flood starts no useless work."""
        refused = self._refused.get((execution.organization, execution.asked_by))
        if refused is not None:
            until, error = refused
            if asyncio.get_running_loop().time() < until:
                raise TooManyExecutionsError(str(error), retry_after=error.retry_after)
            del self._refused[execution.organization, execution.asked_by]

    async def _take(self, execution: Execution, ready_within: float) -> bool:
        answering = self._begin(self._outcome(execution))
        try:
            await asyncio.wait({answering}, timeout=ready_within)
            outcome = _outcome_if_done(answering)
            await self._threads.run(
                execution.organization, partial(self._executions.keep, execution, outcome)
            )
        except BaseException as error:
            answering.cancel()
            if isinstance(error, TooManyExecutionsError):
                until = asyncio.get_running_loop().time() + _REFUSED_SECONDS
                self._refused[execution.organization, execution.asked_by] = until, error
            raise
        if outcome is None:
            self._begin(self._finish(execution, answering))
        return outcome is not None

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _finish(self, execution: Execution, answering: asyncio.Task[ExecutionOutcome | None]) -> None:
        outcome = await answering
        if outcome is None:
            return
        try:
            await self._threads.run(
                execution.organization, partial(self._executions.finish, execution.execution_id, outcome)
            )
            refused = [asker for asker in self._refused if asker[0] == execution.organization]
            for asker in refused:
                del self._refused[asker]
        except Exception:  # noqa: BLE001 - it runs again after the next start
            _log.exception("execution %s could not be ended", execution.execution_id)

    async def _outcome(self, execution: Execution, as_of: datetime | None = None) -> ExecutionOutcome | None:
        """The outcome of the execution; None if it is left to the next start.

        ``as_of`` is the time of the request, if that is not now.
        """
        if self._stopped:
            return None
        async with self._turns.turn(execution.organization):
            try:
                async with asyncio.timeout(self._time_limit):
                    return await self._answer(execution, as_of)
            except InvalidInputError as error:
                bad = bad_request_of(error)
                return ExecutionOutcome(failure=msgspec.json.encode(Failure(bad.code, bad.reason)).decode())
            except OutOfServiceError:
                _log.warning("execution %s must wait for the next start", execution.execution_id)
                return None
            except TimeoutError:
                _log.warning(
                    "execution %s did not finish in %g seconds", execution.execution_id, self._time_limit
                )
            except Exception:  # noqa: BLE001 - any error ends the execution
                _log.exception("execution %s failed", execution.execution_id)
        return ExecutionOutcome(failure="")

    async def _answer(self, execution: Execution, as_of: datetime | None) -> ExecutionOutcome:
        question, organization = Question.from_text(execution.question), execution.organization
        asked = None
        if question.client_names is not None:
            # No database of names stores a NUL, so no client has such a name.
            names = [name for name in question.client_names if "\0" not in name]
            asked = await self._names.ids(organization, names)
        query = question.usage_query(organization, asked, self._max_rows)
        try:
            result = await self._result(replace(query, as_of=as_of))
        except PrunedError:
            if as_of is None:
                raise
            result = await self._result(query)  # days without their calls get no new calls
        seen: Mapping[str, str] = {}
        if Column.OAUTH_CLIENT_ID in question.columns:
            column = result.columns.index(Dimension.CLIENT_ID)
            seen = await self._names.names(organization, {str(row[column]) for row in result.rows})

        def written() -> ExecutionOutcome:
            return ExecutionOutcome(*to_genesys_pages(to_genesys_rows(question, organization, result, seen)))

        return await self._threads.run(organization, written)

    async def _result(self, query: UsageQuery) -> UsageResult:
        while True:
            try:
                return (await self._engine.usage(query, patience=self._time_limit)).value
            except BusyError as busy:
                await asyncio.sleep(
                    min(max(busy.retry_after, _SHORTEST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
                )

    async def _clean(self) -> None:
        while True:
            try:
                await asyncio.to_thread(self._executions.remove_expired)
            except Exception:  # noqa: BLE001 - the next round retries
                _log.exception("expired executions could not be removed")
            await asyncio.sleep(self._cleaning_seconds)


def _outcome_if_done(answering: asyncio.Task[ExecutionOutcome | None]) -> ExecutionOutcome | None:
    """The outcome, if the work has finished and was not interrupted."""
    return answering.result() if answering.done() and not answering.cancelled() else None
