"""Limits on an organization's distinct texts, which bound memory."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from calltally.call import Call
from calltally.call_batch import Bools, Int64s, UInt64s
from calltally.dictionary import BYTES_PER_TEXT, Dictionary, Kind, memory_of
from calltally.ingest.call_rows import DIMENSIONS
from calltally.ingest.call_rules import Fault, too_many_fault
from calltally.ingest.call_slices import JudgeableCalls
from calltally.ingest.native_calls import NativeCalls
from calltally.ingest.prepared_calls import PreparedCalls

BOUNDED = (*DIMENSIONS.values(), (Kind.ROUTE, "route"))
"""The kinds of texts in calls, each with the call's field, in the order in which they get ids."""

_MOST_PER_BYTE, _MOST_PER_CHARACTER = 6, 12
"""The most memory of a byte of UTF-8 and of a character of a text; see `memory_of`."""

_AROUND_A_CALLS_TEXTS = len(BOUNDED) * BYTES_PER_TEXT
_METHOD = int(Kind.METHOD)

_NOBODY = -1


@dataclass(frozen=True, slots=True)
class TextLimits:
    """The most distinct texts of an organization per kind, and their memory in bytes by `memory_of`.

    With ``organizations`` a call may name no other new organization; the sender's own is always accepted.
    """

    of_kind: int = 1_000_000
    methods: int = 2000
    memory: int = 512 * 10**6
    organizations: int = 10_000

    def most(self, kind: Kind) -> int:
        return self.methods if kind == Kind.METHOD else self.of_kind


USUAL_LIMITS = TextLimits()
"""The default limits."""


class TextBounds:
    """Finds the calls whose texts exceed their organization's limits.

    A call exceeds them if one of its texts is new and does not fit after those of the earlier calls. A call
    whose identity is used adds no texts, so it never does. ``refused`` counts the calls found, by field.
    Belongs to the ordered step.
    """

    def __init__(self, dictionary: Dictionary, limits: TextLimits) -> None:
        self.refused: Counter[str] = Counter()
        self._dictionary = dictionary
        self._limits = limits

    def surely_hold(self, calls: JudgeableCalls) -> bool:
        """Whether there is room even if every text is new; costs next to nothing."""
        if isinstance(calls, NativeCalls):
            return self._fit(calls.organization, len(calls), calls.size * _MOST_PER_BYTE)
        if not isinstance(calls, PreparedCalls):
            return False
        organizations = calls.texts["organization"].distinct
        if self._dictionary.count(Kind.ORGANIZATION) + len(organizations) > self._limits.organizations:
            return False
        size = sum(sum(map(len, calls.texts[name].distinct)) for _, name in BOUNDED) * _MOST_PER_CHARACTER
        return all(self._fit(organization, len(calls), size) for organization in organizations)

    def excess(self, calls: PreparedCalls, sender: str, taken: Bools) -> list[tuple[int, Fault]]:
        """The rows of calls that exceed the limits, ascending, each with its fault.

        ``taken`` marks the used identities.
        """
        texts = calls.texts["organization"]
        of_name: dict[str, _Room] = {}
        for name in texts.distinct:  # a name may appear twice, once as the default
            of_name.setdefault(name, _Room(self._dictionary, self._limits, name, name == sender))
        rooms = [of_name[name] for name in texts.distinct]
        owners = texts.codes.tolist()
        organizations = self._dictionary.count(Kind.ORGANIZATION)
        identities: set[tuple[int, int]] = set()
        found: list[tuple[int, Fault]] = []
        for row in self._rows_to_look_at(calls, rooms, ~taken).tolist():
            identity = int(calls.identity_high[row]), int(calls.identity_low[row])
            if identity in identities:
                continue
            room = rooms[owners[row]]
            if room.is_new and not room.is_senders and organizations >= self._limits.organizations:
                fault: Fault | None = too_many_fault(
                    "organization", room.name, f"{organizations} organizations"
                )
            else:
                fault = room.take(calls.calls[row])
            if fault is not None:
                found.append((row, fault))
            else:
                identities.add(identity)
                organizations += room.is_new
                room.is_new = False
        self.refused.update(fault.field for _, fault in found)
        return found

    def _fit(self, organization: str, calls: int, size: int) -> bool:
        limits, use = self._limits, self._dictionary.use_of(organization)
        return (
            use.most + calls <= limits.of_kind
            and use.counts[_METHOD] + calls <= limits.methods
            and use.memory + size + calls * _AROUND_A_CALLS_TEXTS <= limits.memory
        )

    def _rows_to_look_at(self, calls: PreparedCalls, rooms: list["_Room"], new: Bools) -> Int64s:
        """The rows of new calls with a possibly new text, and those whose identity appears twice."""
        owners = calls.texts["organization"].codes
        unknown = np.zeros(len(calls), np.bool_)
        for code, room in enumerate(rooms):
            its = np.flatnonzero((owners == code) & new)
            unknown[its] |= room.is_new
            for kind, name in BOUNDED:
                column = calls.texts[name]
                known = self._dictionary.find_all(kind, room.number, column.distinct)
                if None in known:
                    unknown[its] |= np.array([one is None for one in known])[column.codes[its]]
        if unknown.any():
            unknown |= _standing_twice(calls.identity_low) & new
        return np.flatnonzero(unknown)


@dataclass(slots=True)
class _Room:
    """The remaining limits of an organization during one slice."""

    dictionary: Dictionary
    limits: TextLimits
    name: str
    is_senders: bool
    number: int = field(init=False)
    is_new: bool = field(init=False)
    counts: list[int] = field(init=False)
    memory: int = field(init=False)
    taken: set[tuple[Kind, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        number = self.dictionary.find(Kind.ORGANIZATION, 0, self.name)
        self.number = _NOBODY if number is None else number
        self.is_new = number is None
        use = self.dictionary.use(self.number)
        self.counts, self.memory = list(use.counts), use.memory

    def take(self, call: Call) -> Fault | None:
        """Reserve all texts of a call, or return the fault of the one that does not fit."""
        new: list[tuple[Kind, str]] = []
        memory = self.memory
        for kind, name in BOUNDED:
            text = getattr(call, name)
            if (kind, text) in self.taken or self.dictionary.find(kind, self.number, text) is not None:
                continue
            if self.counts[kind] >= (most := self.limits.most(kind)):
                return too_many_fault(name, text, f"{most} of them")
            memory += memory_of(text)
            if memory > self.limits.memory:
                return too_many_fault(name, text, f"{self.limits.memory} bytes of texts")
            new.append((kind, text))
        self.taken.update(new)
        for kind, _ in new:
            self.counts[kind] += 1
        self.memory = memory
        return None


def _standing_twice(numbers: UInt64s) -> Bools:
    """Which numbers appear more than once."""
    _, code, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    twice: Bools = counts[code] > 1
    return twice
