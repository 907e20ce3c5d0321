"""How many different texts an organization may bring, so that none takes memory without end."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from calltally.call import Call
from calltally.call_batch import Bools, Int64s, UInt64s
from calltally.dictionary import BYTES_PER_TEXT, Dictionary, Kind, memory_of
from calltally.ingest.call_rows import DIMENSIONS
from calltally.ingest.call_rules import Fault, too_many_fault
from calltally.ingest.call_slices import JudgeableCalls
from calltally.ingest.kernel import KernelCalls
from calltally.ingest.prepared_calls import PreparedCalls

BOUNDED = (*DIMENSIONS.values(), (Kind.ROUTE, "route"))
"""The kinds of texts that calls name, each with the call's field, in the order in which they get ids."""

_MOST_PER_BYTE, _MOST_PER_CHARACTER = 6, 12
"""What a byte of UTF-8 and a character of a text may take in memory at most; see `memory_of`."""

_AROUND_A_CALLS_TEXTS = len(BOUNDED) * BYTES_PER_TEXT
_METHOD = int(Kind.METHOD)

_NOBODY = -1


@dataclass(frozen=True, slots=True)
class TextLimits:
    """The most different texts of an organization, of each kind, and in bytes as `memory_of` reckons.

    With ``organizations`` a call may name no other new one; its sender's own always is let in.
    """

    of_kind: int = 1_000_000
    methods: int = 2000
    memory: int = 512 * 10**6
    organizations: int = 10_000

    def most(self, kind: Kind) -> int:
        return self.methods if kind == Kind.METHOD else self.of_kind


USUAL_LIMITS = TextLimits()
"""What holds unless something else is said."""


class TextBounds:
    """Finds the calls that would bring more texts than their organization may have.

    A call is beyond the bounds if one of its texts is new and there is no room for it behind those of the
    calls before it. A call whose identity is taken brings no texts, so it never is. ``refused`` counts the
    calls that were found, by the field. Belongs to the ordered step.
    """

    def __init__(self, dictionary: Dictionary, limits: TextLimits) -> None:
        self.refused: Counter[str] = Counter()
        self._dictionary = dictionary
        self._limits = limits

    def surely_hold(self, calls: JudgeableCalls) -> bool:
        """Whether there is room even if every text is new; costs next to nothing."""
        if isinstance(calls, KernelCalls):
            return self._have_room(calls.organization, len(calls), calls.size * _MOST_PER_BYTE)
        if not isinstance(calls, PreparedCalls):
            return False
        organizations = calls.texts["organization"].distinct
        if self._dictionary.count(Kind.ORGANIZATION) + len(organizations) > self._limits.organizations:
            return False
        size = sum(sum(map(len, calls.texts[name].distinct)) for _, name in BOUNDED) * _MOST_PER_CHARACTER
        return all(self._have_room(organization, len(calls), size) for organization in organizations)

    def excess(self, calls: PreparedCalls, sender: str, taken: Bools) -> list[tuple[int, Fault]]:
        """The rows of calls that are beyond the bounds, ascending, each with its fault.

        ``taken`` tells whose identities are taken.
        """
        texts = calls.texts["organization"]
        of_name: dict[str, _Room] = {}
        for name in texts.distinct:  # one name may stand there twice, once since it was left out
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

    def _have_room(self, organization: str, calls: int, size: int) -> bool:
        limits, use = self._limits, self._dictionary.use_of(organization)
        return (
            use.most + calls <= limits.of_kind
            and use.counts[_METHOD] + calls <= limits.methods
            and use.memory + size + calls * _AROUND_A_CALLS_TEXTS <= limits.memory
        )

    def _rows_to_look_at(self, calls: PreparedCalls, rooms: list["_Room"], new: Bools) -> Int64s:
        """The rows of new calls with a text that may be new, and those whose identity stands there twice."""
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
    """What an organization may still bring, while the calls of one slice take of it."""

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
        """Makes the texts of a call known, all of them, or says for which there is no room."""
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
    """Which numbers are there more than once."""
    _, code, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    twice: Bools = counts[code] > 1
    return twice
