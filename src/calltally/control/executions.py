"""Questions that are answered later, kept with their answers until they expire."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import zstandard
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from calltally.clock import Clock
from calltally.control.clients import can_be_an_id
from calltally.control.control_database import ControlDatabase
from calltally.control.tables import execution_pages, executions
from calltally.errors import BusyError

_LONGEST_WAIT_SECONDS = 60
_WAIT_FOR_UNFINISHED_SECONDS = 5


class ExecutionState(StrEnum):
    """Where an execution stands; from ``RUNNING`` it goes to one of the others, and stays there."""

    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


class TooManyExecutionsError(BusyError):
    """The client has as many executions as one may; it must wait until some finish or expire."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One question of a client, and how far its answer is.

    ``kind`` tells how to read the question, which is whatever text the asking door made of it, and
    ``target`` what it is about. ``rows`` counts the rows of a complete answer; ``failure`` says what a failed
    one tells its asker, if anything.
    """

    execution_id: str
    organization: str
    asked_by: str
    kind: str
    target: str
    question: str
    state: ExecutionState
    failure: str
    rows: int
    created_ms: int
    finished_ms: int | None
    expires_ms: int


class Executions:
    """The executions of all organizations. Each is kept for ``kept`` after it was asked, and again after it
    has finished; one that has expired is found no more.

    Each client has at most ``max_unfinished`` that run or wait, and ``max_kept`` altogether. Methods block
    and may be called from any thread; what a method changed is on disk when it returns.
    """

    def __init__(
        self,
        database: ControlDatabase,
        clock: Clock,
        *,
        kept: timedelta = timedelta(hours=24),
        max_unfinished: int = 100,
        max_kept: int = 10_000,
    ) -> None:
        self._database = database
        self._clock = clock
        self._kept_ms = int(kept.total_seconds() * 1000)
        self._max_unfinished = max_unfinished
        self._max_kept = max_kept

    def create(self, organization: str, asked_by: str, kind: str, target: str, question: str) -> Execution:
        """Takes a question; raises `TooManyExecutionsError`, and takes nothing, when it is one too many."""
        now_ms = self._clock.now_ms()
        execution = Execution(
            execution_id=str(uuid.uuid4()),
            organization=organization,
            asked_by=asked_by,
            kind=kind,
            target=target,
            question=question,
            state=ExecutionState.RUNNING,
            failure="",
            rows=0,
            created_ms=now_ms,
            finished_ms=None,
            expires_ms=now_ms + self._kept_ms,
        )
        with self._database.writing() as connection:
            self._check_number(connection, organization, asked_by, now_ms)
            connection.execute(insert(executions).values(_values(execution)))
        return execution

    def find(self, organization: str, execution_id: str) -> Execution | None:
        """The organization's execution of that id, unless it has expired."""
        if not can_be_an_id(execution_id):
            return None
        query = select(executions).where(
            executions.c.execution_id == execution_id,
            executions.c.organization == organization,
            executions.c.expires_ms > self._clock.now_ms(),
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _execution(row)

    def pages(self, execution_id: str, first: int, last: int) -> list[bytes]:
        """The pages of an answer from the first up to and including the last one asked for, in order.

        Past the end there are none, nor once the execution was removed.
        """
        query = (
            select(execution_pages.c.content)
            .where(execution_pages.c.execution_id == execution_id)
            .where(execution_pages.c.page.between(first, last))
            .order_by(execution_pages.c.page)
        )
        with self._database.reading() as connection:
            packed = list(connection.execute(query).scalars())
        return [zstandard.decompress(content) for content in packed]

    def unfinished(self) -> tuple[Execution, ...]:
        """Those of all organizations that run or wait, oldest first."""
        query = (
            select(executions)
            .where(executions.c.state == ExecutionState.RUNNING)
            .where(executions.c.expires_ms > self._clock.now_ms())
            .order_by(executions.c.created_ms, executions.c.execution_id)
        )
        with self._database.reading() as connection:
            return tuple(_execution(row) for row in connection.execute(query))

    def complete(self, execution_id: str, pages: Sequence[bytes], rows: int) -> None:
        """Keeps the answer of a running execution; one that has finished or was removed stays as it is."""
        packed = [
            {"execution_id": execution_id, "page": number, "content": zstandard.compress(page)}
            for number, page in enumerate(pages)
        ]
        with self._database.writing() as connection:
            if self._finish(connection, execution_id, ExecutionState.COMPLETE, rows=rows) and packed:
                connection.execute(insert(execution_pages), packed)

    def fail(self, execution_id: str, failure: str = "") -> None:
        """Ends a running execution without an answer; one that has finished or was removed stays as it is."""
        with self._database.writing() as connection:
            self._finish(connection, execution_id, ExecutionState.FAILED, failure=failure)

    def remove_expired(self) -> int:
        """Removes the executions that have expired, with their answers; returns how many there were."""
        expired = executions.c.expires_ms <= self._clock.now_ms()
        with self._database.writing() as connection:
            ids = select(executions.c.execution_id).where(expired)
            connection.execute(delete(execution_pages).where(execution_pages.c.execution_id.in_(ids)))
            return connection.execute(delete(executions).where(expired)).rowcount

    def _check_number(self, connection: Connection, organization: str, asked_by: str, now_ms: int) -> None:
        query = (
            select(executions.c.state, func.count().label("number"), func.min(executions.c.expires_ms))
            .where(executions.c.organization == organization)
            .where(executions.c.asked_by == asked_by)
            .where(executions.c.expires_ms > now_ms)
            .group_by(executions.c.state)
        )
        found = {state: (number, first_ms) for state, number, first_ms in connection.execute(query)}
        if found.get(ExecutionState.RUNNING, (0, 0))[0] >= self._max_unfinished:
            raise TooManyExecutionsError(
                f"{self._max_unfinished} executions of this client are not finished",
                retry_after=_WAIT_FOR_UNFINISHED_SECONDS,
            )
        if sum(number for number, _ in found.values()) >= self._max_kept:
            seconds = -(-(min(first_ms for _, first_ms in found.values()) - now_ms) // 1000)
            raise TooManyExecutionsError(
                f"{self._max_kept} executions of this client are kept",
                retry_after=min(seconds, _LONGEST_WAIT_SECONDS),
            )

    def _finish(
        self, connection: Connection, execution_id: str, state: ExecutionState, **values: object
    ) -> bool:
        now_ms = self._clock.now_ms()
        running = executions.c.execution_id == execution_id, executions.c.state == ExecutionState.RUNNING
        changed = connection.execute(
            update(executions)
            .where(*running)
            .values(state=state, finished_ms=now_ms, expires_ms=now_ms + self._kept_ms, **values)
        )
        return changed.rowcount == 1


def _values(execution: Execution) -> dict[str, object]:
    return {column.name: getattr(execution, column.name) for column in executions.columns}


def _execution(row: Row[tuple[object, ...]]) -> Execution:
    values = row._asdict()
    return Execution(**(values | {"state": ExecutionState(values["state"])}))
