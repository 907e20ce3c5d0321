"""The interface of corrections to ingest: identities, rules for calls, and the ordered step."""

from collections.abc import Callable, Sequence

from calltally.call import Call, CallName
from calltally.call_batch import Correction, UInt64s
from calltally.clock import Clock
from calltally.ingest.call_rules import Admission, Fault
from calltally.ingest.corrected_calls import CorrectedCalls, CorrectionNote
from calltally.ingest.ordered_step import OrderedStep
from calltally.ingest.prepared_calls import PreparedCalls, TextColumn, identities_of, prepare


class FaultyCallError(Exception):
    """A call of a correction violates a rule; ``index`` counts the calls from 0."""

    def __init__(self, index: int, fault: Fault) -> None:
        super().__init__(f"{fault.field} of call {index} {fault.reason}")
        self.index = index
        self.fault = fault


class Corrector:
    """Appends corrections to the journal, in one order with all received calls."""

    def __init__(self, step: OrderedStep, clock: Clock, *, future_ms: int) -> None:
        """A call may be up to ``future_ms`` later than its receipt, and of any age."""
        self._step = step
        self._clock = clock
        self._future_ms = future_ms

    @property
    def derive_route(self) -> Callable[[str], str]:
        """The function from a path to the derived route of a call without one."""
        return self._step.derive_route

    def identities(self, organization: str, names: Sequence[CallName]) -> tuple[UInt64s, UInt64s]:
        """The halves of the identity of each named call."""
        organizations = TextColumn([organization] * len(names))
        origins = TextColumn([name.origin for name in names])
        return identities_of(organizations, origins, [name.id for name in names], self._step.identity_key)

    def prepared(self, organization: str, calls: Sequence[Call]) -> PreparedCalls:
        """Calls as columns, at least one; blocks. Raises `FaultyCallError` for the first fault."""
        latest_ms = self._clock.now_ms() + self._future_ms
        admission = Admission(organization, False, 0, latest_ms, backfill=True)
        prepared, faults = prepare(list(calls), list(range(len(calls))), admission, self._step.identity_key)
        if faults or prepared is None:
            raise FaultyCallError(*faults[0])
        return prepared

    def correct(
        self, corrected: CorrectedCalls, organization: str, note: CorrectionNote
    ) -> tuple[int, Correction] | None:
        """Append a correction; returns its position and what was recorded.

        None, changing nothing, if a sender sent one of the added calls meanwhile: then the store must be read
        again. Raises `FaultyCallError` for a call with more texts than its organization may have.
        """
        if corrected.stated is not None and (excess := self._step.excess(corrected.stated, organization)):
            raise FaultyCallError(*excess[0])
        return self._step.correct(corrected, organization, note, self._clock.now_ms())
