"""Waiting for the results of an execution."""

from dataclasses import dataclass

from calltally.clients.conversation import Conversation, Pause
from calltally.clients.genesys.usage_result import UsageResult
from calltally.clients.question import Asker, Question
from calltally.clients.vendor_error import (
    ExecutionFailedError,
    ExecutionTimeoutError,
    NoAnswerError,
    TryLaterError,
)
from calltally.dialects.genesys.contract import QueryStatus

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 15.0
_GROWTH = 1.5


@dataclass(frozen=True, slots=True)
class ExecutionWait:
    """Polls for the results with increasing pauses until they are complete.

    For ``timeout`` seconds at most, and one second more for the last response; a ``timeout`` of 0 polls once.
    Responses that the vendor is busy are waited for, too.
    """

    question: Question[UsageResult]
    execution_id: str
    timeout: float

    def put(self, asker: Asker) -> Conversation[UsageResult]:
        """Raises `ExecutionTimeoutError`, `ExecutionFailedError`, and the errors of any request."""
        until = asker.now() + self.timeout
        pause = _FIRST_PAUSE
        while True:
            trouble: TryLaterError | NoAnswerError | None = None
            wanted = pause
            try:
                result = yield from asker.answer(self.question, until)
            except TryLaterError as error:
                trouble, wanted = error, max(pause, error.retry_after or 0)
            except NoAnswerError as error:
                if asker.now() + pause < until:
                    raise
                trouble = error
            else:
                if result.query_status is QueryStatus.COMPLETE:
                    return result
                if result.query_status is QueryStatus.FAILED:
                    raise ExecutionFailedError(
                        f"{asker.vendor_name} gave up the execution {self.execution_id}",
                        execution_id=self.execution_id,
                        vendor=asker.vendor_name,
                        body=result,
                    )
            left = until - asker.now()
            if left <= 0 or (trouble and wanted > left):
                raise ExecutionTimeoutError(
                    f"{asker.vendor_name} did not complete the execution {self.execution_id} "
                    f"in {self.timeout:g} seconds",
                    execution_id=self.execution_id,
                    vendor=asker.vendor_name,
                ) from trouble
            yield Pause(min(wanted, left))
            pause = min(pause * _GROWTH, _LONGEST_PAUSE)
