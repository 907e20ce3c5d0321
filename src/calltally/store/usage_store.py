"""The seam behind which calls and counts live."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from calltally.call_batch import CallBatch, Conflict, Int64s, UInt64s
from calltally.dictionary import Dictionary
from calltally.usage_query import Dimension, SourceActivity, UsageQuery, UsageResult
from calltally.window import Window

THINGS = (Dimension.CLIENT_ID, Dimension.USER_ID, Dimension.SOURCE_ID, Dimension.ACCOUNT_ID)
"""The dimensions that name somebody or something that can fall asleep."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Identities of stored calls as columns, with the digest of each call's content and its receipt."""

    high: UInt64s
    low: UInt64s
    digest: UInt64s
    positions: UInt64s
    received_ms: Int64s


class UsageStore(Protocol):
    """Keeps accepted calls and their exact counts, and answers the named questions from them.

    `apply` is called by one thread, in the order of positions, without gaps; questions may come from any
    thread meanwhile and each sees a whole number of batches. After a crash the store is as it was after the
    last `apply` that returned.
    """

    @property
    def dictionary(self) -> Dictionary:
        """The texts of all stored calls. Ingest adds to it; `apply` makes the additions durable."""
        ...

    @property
    def identity_seed(self) -> int:
        """The installation's secret that identities are hashed with, made once with the store."""
        ...

    @property
    def position(self) -> int:
        """The journal position of the last batch applied; 0 for a new store."""
        ...

    def apply(self, batch: CallBatch) -> None:
        """Takes calls, counts, identities, dictionary entries, outcomes and the position, all or nothing.

        Raises `ValueError` unless the batch begins right after `position`.
        """
        ...

    def usage(self, query: UsageQuery) -> UsageResult:
        """Answers a question; raises `InvalidInputError` for a time zone that does not exist."""
        ...

    def source_activity(
        self, organization: str, source_id: str, window: Window
    ) -> tuple[SourceActivity, ...]:
        """Per UTC month of a window of whole days, ascending, how active the source's accounts were.

        Months without a call of an account on that source are left out.
        """
        ...

    def source_has_accounts(self, organization: str, source_id: str) -> bool:
        """Whether any call ever touched this source with an account."""
        ...

    def last_days(self, organization: str, dimension: Dimension) -> dict[str, date]:
        """The last UTC day with a call, of every client, source, account or user that ever had one.

        The empty text is left out. Raises `ValueError` for another dimension.
        """
        ...

    def outcomes(self, organization: str) -> dict[int, tuple[int, int, int, int, int]]:
        """By receipt day: received, accepted, duplicate, conflict, rejected."""
        ...

    def conflicts(self, organization: str) -> tuple[Conflict, ...]:
        """The calls in conflict that were kept, in the order they came."""
        ...

    def identities(self, received_from_ms: int) -> Iterator[Identities]:
        """The identities of all calls received at or after an instant, in blocks, oldest first."""
        ...

    def last_position_before(self, received_ms: int) -> int:
        """The position of the last stored call received before an instant; 0 if there is none."""
        ...

    def find_identities(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        """Which of the asked identities are stored, and their digests.

        Looked at are calls received up to a position, and of them those received since an instant or whose
        own UTC day is the day asked with the identity. Returns indexes into the question and the digests.
        """
        ...

    def checkpoint(self) -> int:
        """Makes everything applied so far safe without the journal; returns the position it reaches."""
        ...

    def compact(self) -> bool:
        """Does one bounded step of merging in the background; False when nothing was worth doing."""
        ...

    def close(self) -> None: ...
