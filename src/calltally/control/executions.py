"""Executions in the control database."""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import zstandard
from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from calltally.clock import Clock
from calltally.control.clients import can_be_an_id
from calltally.control.control_database import ControlDatabase
from calltally.control.tables import execution_pages, executions
from calltally.executions import Execution, ExecutionOutcome, ExecutionState, TooManyExecutionsError

_log = logging.getLogger(__name__)

_LONGEST_WAIT_SECONDS = 60
_WAIT_FOR_UNFINISHED_SECONDS = 5
_LEVEL = 1  # of zstd; for rows as similar as these a higher one takes longer and saves nothing


# Built once: building a statement takes SQLAlchemy longer than SQLite needs to run it.
_INSERT = insert(executions)
_INSERT_PAGE = insert(execution_pages)
_FINISH = (
    update(executions)
    .where(executions.c.execution_id == bindparam("running_id"))
    .where(executions.c.state == ExecutionState.RUNNING)
    .returning(executions.c.organization)
)
_FAIL = (
    update(executions)
    .where(executions.c.execution_id == bindparam("failed_id"))
    .values(state=ExecutionState.FAILED, rows=0, failure="")
)
_FIND = (
    select(executions)
    .where(executions.c.execution_id == bindparam("execution_id"))
    .where(executions.c.organization == bindparam("organization"))
    .where(executions.c.expires_ms > bindparam("now_ms"))
)
_PAGES = (
    select(execution_pages.c.content)
    .where(execution_pages.c.execution_id == bindparam("execution_id"))
    .where(execution_pages.c.page.between(bindparam("first"), bindparam("last")))
    .order_by(execution_pages.c.page)
)
_NUMBERS = (
    select(
        executions.c.asked_by,
        executions.c.state,
        func.count().label("number"),
        func.min(executions.c.expires_ms).label("first_ms"),
    )
    .where(executions.c.organization == bindparam("organization"))
    .where(executions.c.expires_ms > bindparam("now_ms"))
    .group_by(executions.c.asked_by, executions.c.state)
)
_RESULT_BYTES = (
    select(func.coalesce(func.sum(func.length(execution_pages.c.content)), 0))
    .join(executions, executions.c.execution_id == execution_pages.c.execution_id)
    .where(executions.c.organization == bindparam("organization"))
)


class Executions:
    """An `ExecutionStore` for all organizations.

    Each execution is kept for ``kept`` after it was asked, and again after it has finished; one that has
    expired is not found any more.

    Each client has at most ``max_unfinished`` that run or wait, and each organization twice as many. An
    organization has at most ``max_kept`` altogether, and takes no new ones once their results, as they are
    stored, have ``max_bytes``; what finishes then has failed. Methods block and may be called from any
    thread; what a method changed is on disk when it returns.
    """

    def __init__(
        self,
        database: ControlDatabase,
        clock: Clock,
        *,
        kept: timedelta = timedelta(hours=24),
        max_unfinished: int = 100,
        max_kept: int = 10_000,
        max_bytes: int = 2**28,
    ) -> None:
        self._database = database
        self._clock = clock
        self._kept_ms = int(kept.total_seconds() * 1000)
        self._max_unfinished = max_unfinished
        self._max_kept = max_kept
        self._max_bytes = max_bytes
        self._result_bytes: dict[str, int] = {}  # by organization; changed within writing transactions only

    def new(
        self,
        organization: str,
        asked_by: str,
        kind: str,
        target: str,
        question: str,
    ) -> Execution:
        """A running execution that nothing knows of until it is kept."""
        now_ms = self._clock.now_ms()
        return Execution(
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

    def keep(self, execution: Execution, outcome: ExecutionOutcome | None = None) -> None:
        """Takes a new execution, with its outcome where that is known already.

        Raises `TooManyExecutionsError`, and takes nothing, when it is one too many, whatever its outcome.
        """
        packed = [] if outcome is None else _packed(execution.execution_id, outcome.pages)
        now_ms = self._clock.now_ms()
        if outcome is not None:
            execution = replace(
                execution,
                state=outcome.state,
                rows=outcome.rows,
                failure=outcome.failure or "",
                finished_ms=now_ms,
                expires_ms=now_ms + self._kept_ms,
            )
        with self._database.writing() as connection:
            self._check_number(connection, execution.organization, execution.asked_by, now_ms)
            connection.execute(_INSERT, _values(execution))
            if packed:
                connection.execute(_INSERT_PAGE, packed)
                self._result_bytes[execution.organization] += _size(packed)

    def finish(self, execution_id: str, outcome: ExecutionOutcome) -> None:
        """Keeps how a running execution ended; one that has finished or was removed stays as it is.

        Has it fail instead where its organization has too many results.
        """
        packed = _packed(execution_id, outcome.pages)
        now_ms = self._clock.now_ms()
        ended = {
            "running_id": execution_id,
            "state": outcome.state,
            "rows": outcome.rows,
            "failure": outcome.failure or "",
            "finished_ms": now_ms,
            "expires_ms": now_ms + self._kept_ms,
        }
        with self._database.writing() as connection:
            organization = connection.execute(_FINISH, ended).scalar_one_or_none()
            if organization is None or not packed:
                return
            if self._bytes_of(connection, organization) < self._max_bytes:
                connection.execute(_INSERT_PAGE, packed)
                self._result_bytes[organization] += _size(packed)
            else:
                _log.warning("execution %s failed: its organization has too many results", execution_id)
                connection.execute(_FAIL, {"failed_id": execution_id})

    def find(self, organization: str, execution_id: str) -> Execution | None:
        """The organization's execution of that id, unless it has expired."""
        if not can_be_an_id(execution_id):
            return None
        asked = {
            "execution_id": execution_id,
            "organization": organization,
            "now_ms": self._clock.now_ms(),
        }
        with self._database.reading() as connection:
            row = connection.execute(_FIND, asked).one_or_none()
        return None if row is None else _execution(row)

    def pages(self, execution_id: str, first: int, last: int) -> list[bytes]:
        """The pages of an answer from the first up to and including the last one asked for, in order.

        Past the end there are none, nor once the execution was removed.
        """
        asked = {"execution_id": execution_id, "first": first, "last": last}
        with self._database.reading() as connection:
            packed = list(connection.execute(_PAGES, asked).scalars())
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

    def remove_expired(self) -> int:
        """Removes the executions that have expired, with their answers; returns how many there were."""
        expired = executions.c.expires_ms <= self._clock.now_ms()
        with self._database.writing() as connection:
            ids = select(executions.c.execution_id).where(expired)
            connection.execute(delete(execution_pages).where(execution_pages.c.execution_id.in_(ids)))
            self._result_bytes.clear()
            return connection.execute(delete(executions).where(expired)).rowcount

    def _bytes_of(self, connection: Connection, organization: str) -> int:
        """How much the results of an organization have; counted once after each removal."""
        if organization not in self._result_bytes:
            found = connection.execute(_RESULT_BYTES, {"organization": organization}).scalar_one()
            self._result_bytes[organization] = found
        return self._result_bytes[organization]

    def _check_number(self, connection: Connection, organization: str, asked_by: str, now_ms: int) -> None:
        asked = {"organization": organization, "now_ms": now_ms}
        found = connection.execute(_NUMBERS, asked).all()
        running = [row for row in found if row.state == ExecutionState.RUNNING]
        own = sum(row.number for row in running if row.asked_by == asked_by)
        if own >= self._max_unfinished:
            raise _too_many(f"{self._max_unfinished} executions of this client are not finished")
        if sum(row.number for row in running) >= 2 * self._max_unfinished:
            raise _too_many(f"{2 * self._max_unfinished} executions of this organization are not finished")
        full = self._bytes_of(connection, organization) >= self._max_bytes
        if full or sum(row.number for row in found) >= self._max_kept:
            text = f"{self._max_kept} executions" if not full else f"{self._max_bytes} bytes of results"
            seconds = -(-(min(row.first_ms for row in found) - now_ms) // 1000) if found else 0
            raise _too_many(f"{text} of this organization are kept", max(1, seconds))


def _too_many(text: str, seconds: int = _WAIT_FOR_UNFINISHED_SECONDS) -> TooManyExecutionsError:
    return TooManyExecutionsError(text, retry_after=min(seconds, _LONGEST_WAIT_SECONDS))


def _size(packed: Sequence[dict[str, object]]) -> int:
    return sum(len(content) for page in packed if isinstance(content := page["content"], bytes))


def _packed(execution_id: str, pages: Sequence[bytes]) -> list[dict[str, object]]:
    return [
        {"execution_id": execution_id, "page": number, "content": zstandard.compress(page, _LEVEL)}
        for number, page in enumerate(pages)
    ]


def _values(execution: Execution) -> dict[str, object]:
    return {column.name: getattr(execution, column.name) for column in executions.columns}


def _execution(row: Row[tuple[object, ...]]) -> Execution:
    values = row._asdict()
    return Execution(**(values | {"state": ExecutionState(values["state"])}))
