"""Questions on their way to their answers."""

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
    """Answers executions, ``concurrency`` at a time, organizations in turn and each one's in their order.

    One that takes longer than ``time_limit`` seconds, or has more than ``max_rows`` rows, fails. One that a
    stop or the end of the process interrupts is left as it was, and is answered after the next `start`.
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
        self._taking: set[asyncio.Task[bool]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._refused: dict[tuple[str, str], tuple[float, TooManyExecutionsError]] = {}
        self._stopped = False

    async def start(self) -> None:
        """Begins with what an earlier process left unfinished, and removes what expires from now on."""
        self._stopped = False
        for execution in await asyncio.to_thread(self._executions.unfinished):
            answering = self._begin(self._outcome(execution, instant_of(execution.created_ms)))
            self._begin(self._finish(execution, answering))
        self._begin(self._clean())

    async def stop(self) -> None:
        """Interrupts all answers, and what is taken from now on waits for the next `start`."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._taking, *self._tasks, return_exceptions=True)

    async def take(self, execution: Execution, ready_within: float) -> bool:
        """Keeps a new execution, and answers it; tells whether it has finished when this returns.

        The answer is begun at once. What is there after ``ready_within`` seconds is kept together with the
        execution, in one transaction; else the execution is kept as running and answered in the background.
        Raises `TooManyExecutionsError` for one too many; what was begun of it is given up.
        """
        self._refuse_again(execution)
        # Shielded, so that nothing is kept and then not answered.
        taking = asyncio.create_task(self._take(execution, ready_within))
        self._taking.add(taking)
        taking.add_done_callback(self._taking.discard)
        return await asyncio.shield(taking)

    def _refuse_again(self, execution: Execution) -> None:
        """Refuses at once whoever was refused a moment ago, so that a flood begins no answers in vain."""
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
            outcome = _known(answering)
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
        except Exception:  # noqa: BLE001 - it is answered again after the next start
            _log.exception("execution %s could not be ended", execution.execution_id)

    async def _outcome(self, execution: Execution, as_of: datetime | None = None) -> ExecutionOutcome | None:
        """How the execution ends; None when that is for the next start to find out.

        ``as_of`` is when it was asked, where that is not now.
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
                    "execution %s was not answered in %g seconds", execution.execution_id, self._time_limit
                )
            except Exception:  # noqa: BLE001 - whatever it is, nobody shall wait for this execution
                _log.exception("execution %s failed", execution.execution_id)
        return ExecutionOutcome(failure="")

    async def _answer(self, execution: Execution, as_of: datetime | None) -> ExecutionOutcome:
        question, organization = Question.from_text(execution.question), execution.organization
        asked = None
        if question.client_names is not None:
            # No database that keeps names takes a NUL, so nobody has such a name.
            names = [name for name in question.client_names if "\0" not in name]
            asked = await self._names.ids(organization, names)
        query = question.usage_query(organization, asked, self._max_rows)
        try:
            result = await self._result(replace(query, as_of=as_of))
        except PrunedError:
            if as_of is None:
                raise
            result = await self._result(query)  # no call can have come since for days without their calls
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
            except Exception:  # noqa: BLE001 - the next round may do better
                _log.exception("expired executions could not be removed")
            await asyncio.sleep(self._cleaning_seconds)


def _known(answering: asyncio.Task[ExecutionOutcome | None]) -> ExecutionOutcome | None:
    """The outcome, where the answer is there; a stop may have interrupted it."""
    return answering.result() if answering.done() and not answering.cancelled() else None
