"""Executions: questions that are answered later, kept with their answers until they expire."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from calltally.errors import BusyError


class ExecutionState(StrEnum):
    """Where an execution stands; from ``RUNNING`` it goes to one of the others, and stays there."""

    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


class TooManyExecutionsError(BusyError):
    """The client, or its organization, has as many executions as it may; some must finish or expire first."""


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


@dataclass(frozen=True, slots=True)
class ExecutionOutcome:
    """How an execution ended: complete with so many rows on pages, or failed, and why."""

    pages: Sequence[bytes] = ()
    rows: int = 0
    failure: str | None = None

    @property
    def state(self) -> ExecutionState:
        return ExecutionState.COMPLETE if self.failure is None else ExecutionState.FAILED


class ExecutionStore(Protocol):
    """Keeps executions. Methods block and may be called from any thread; what a method changed is durable
    when it returns.
    """

    def new(self, organization: str, asked_by: str, kind: str, target: str, question: str) -> Execution:
        """A running execution that is not kept yet."""
        ...

    def keep(self, execution: Execution, outcome: ExecutionOutcome | None = None) -> None:
        """Takes a new execution, with its outcome where that is known already.

        Raises `TooManyExecutionsError`, and takes nothing, when it is one too many, whatever its outcome.
        """
        ...

    def finish(self, execution_id: str, outcome: ExecutionOutcome) -> None:
        """Keeps how a running execution ended; one that has finished or was removed stays as it is."""
        ...

    def find(self, organization: str, execution_id: str) -> Execution | None:
        """The organization's execution of that id, unless it has expired."""
        ...

    def pages(self, execution_id: str, first: int, last: int) -> list[bytes]:
        """The pages of an answer from the first up to and including the last one, in order; none past the
        end, nor once the execution was removed.
        """
        ...

    def unfinished(self) -> tuple[Execution, ...]:
        """Those of all organizations that run or wait, oldest first."""
        ...

    def remove_expired(self) -> int:
        """Removes the executions that have expired, with their answers; returns how many there were."""
        ...
