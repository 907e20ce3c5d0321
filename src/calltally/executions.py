"""Executions: asynchronous queries, stored with their results until they expire."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from calltally.errors import BusyError


class ExecutionState(StrEnum):
    """The state of an execution; ``RUNNING`` changes once to one of the others."""

    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


class TooManyExecutionsError(BusyError):
    """The client, or its organization, has reached its limit; some executions must finish or expire first."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One query of a client, and its state.

    ``kind`` defines how to read the question, a text written by the API that received it; ``target`` is its
    subject. ``rows`` is the number of rows of a complete result; ``failure`` is what a failed one reports to
    its client, if anything.
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


@dataclass(frozen=True, slots=True)
class ExecutionOutcome:
    """How an execution ended: complete, with a number of rows on pages, or failed, with a reason."""

    pages: Sequence[bytes] = ()
    rows: int = 0
    failure: str | None = None

    @property
    def state(self) -> ExecutionState:
        return ExecutionState.COMPLETE if self.failure is None else ExecutionState.FAILED


class ExecutionStore(Protocol):
    """Stores executions. Methods block and are thread-safe; their changes are durable when they return."""

    def new(self, organization: str, asked_by: str, kind: str, target: str, question: str) -> Execution:
        """A running execution that is not stored yet."""
        ...

    def keep(self, execution: Execution, outcome: ExecutionOutcome | None = None) -> None:
        """Store a new execution, with its outcome if it has one.

        Raises `TooManyExecutionsError`, and stores nothing, above the limit, whatever its outcome.
        """
        ...

    def finish(self, execution_id: str, outcome: ExecutionOutcome) -> None:
        """Store the outcome of a running execution; a finished or removed one is unchanged."""
        ...

    def find(self, organization: str, execution_id: str) -> Execution | None:
        """The organization's execution with an id, unless it has expired."""
        ...

    def pages(self, execution_id: str, first: int, last: int) -> list[bytes]:
        """The pages of a result from ``first`` through ``last``, in order; none after the end, nor once the
        execution was removed.
        """
        ...

    def unfinished(self) -> tuple[Execution, ...]:
        """The running executions of all organizations, oldest first."""
        ...

    def remove_expired(self) -> int:
        """Remove expired executions with their results; returns their number."""
        ...
