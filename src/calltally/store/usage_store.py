"""The seam behind which calls and counts live."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Protocol

import numpy as np

from calltally.call_batch import (
    Bools,
    CallBatch,
    CallColumns,
    Conflict,
    Correction,
    Erasure,
    Int64s,
    RejectedSample,
    UInt64s,
)
from calltally.dictionary import Dictionary, TextNumbers
from calltally.identity_key import IdentityKey
from calltally.packed_texts import PackedTexts
from calltally.store.audit import AuditStep
from calltally.store.doubled_calls import DoubledCalls
from calltally.store.export import Form, What
from calltally.store.kept import EVERYTHING_KEPT, KeptPage
from calltally.unstored_calls import NONE_UNSTORED, UnstoredCalls
from calltally.usage_query import Dimension, SourceActivity, UsageQuery, UsageResult
from calltally.window import Window

DORMANCY_DIMENSIONS = (Dimension.CLIENT_ID, Dimension.USER_ID, Dimension.SOURCE_ID, Dimension.ACCOUNT_ID)
"""The dimensions that name somebody or something that can fall asleep."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Identities of stored calls as columns, with each call's digest, receipt and time."""

    high: UInt64s
    low: UInt64s
    digest: UInt64s
    received_ms: Int64s
    time_ms: Int64s

    def of(self, rows: Bools) -> "Identities":
        """Only some rows."""
        return Identities(
            self.high[rows], self.low[rows], self.digest[rows], self.received_ms[rows], self.time_ms[rows]
        )


@dataclass(frozen=True, slots=True)
class IdentityTally:
    """How many identities there are, and the exclusive or of their low halves.

    Two sets of identities with equal tallies are the same set, except by a chance of 2^-64.
    """

    count: int = 0
    low_xor: int = 0

    @staticmethod
    def of(low: UInt64s) -> "IdentityTally":
        """The tally of identities with these low halves."""
        return IdentityTally(len(low), int(np.bitwise_xor.reduce(low)))

    def __add__(self, other: "IdentityTally") -> "IdentityTally":
        return IdentityTally(self.count + other.count, self.low_xor ^ other.low_xor)


@dataclass(frozen=True, slots=True)
class StoredCalls:
    """Calls as columns with what each says now.

    ``columns["path"]`` is an index into ``paths``, of which the first is empty, and ``columns["entry"]`` the
    last `Entry` of the call. Where ``active`` is False the call was cancelled, and the columns are those that
    were withdrawn last.
    """

    columns: CallColumns
    paths: PackedTexts
    active: Bools


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a store was from one opening on: a number made by chance, and the position that it found."""

    id: int
    after: int


class Work(IntEnum):
    """What a step in the background did."""

    NONE = 0  # nothing was worth doing
    SOME = 1
    PRESSING = 2  # more lies about than should: the next step had better not wait


class UsageStore(Protocol):
    """Keeps the ledger of calls and their exact counts, and answers the named questions from them.

    A row of the ledger counts 1, or -1 where it withdraws another; every number is the sum of rows, and a day
    or a group is there while its calls add up to more than none.

    `apply` is called by one thread, in the order of positions, without gaps; questions may come from any
    thread meanwhile and each sees a whole number of batches. After a crash the store is as it was after the
    last `apply` that returned. Pruning, exports, backups and audits may run in any other thread; they hold up
    no question, and `apply` no longer than for a day's calls.

    Where a question takes ``unstored`` calls it counts those too, each once, whether they are applied by then
    or not: all that lie between a position that the store held before and another.
    """

    @property
    def dictionary(self) -> Dictionary:
        """The texts of all stored calls. Ingest adds to it; `apply` makes the additions durable."""
        ...

    @property
    def identity_key(self) -> IdentityKey:
        """The installation's secret that identities are hashed with, made once with the store."""
        ...

    @property
    def position(self) -> int:
        """The journal position of the last batch applied; 0 for a new store."""
        ...

    @property
    def timelines(self) -> Sequence[Timeline]:
        """The lives of this store, the present one last.

        A copy shares the lives up to the moment when it was made, and none that began later: what was said
        in one of them of positions up to where the next began is true of both.
        """
        ...

    def apply(self, batch: CallBatch) -> None:
        """Takes calls, counts, identities, dictionary entries, books and the position, all or nothing.

        An erasure puts its replacement for its text: in the dictionary, in whole parts of paths and routes,
        and in what is kept for inspection, of everything that the organization sent up to here. The text
        itself is stored nowhere any more. Raises `ValueError` unless the batch begins right after `position`,
        and like `checkpoint` and `compact` `StoreFailedError` once the store can do nothing more.
        """
        ...

    def usage(self, query: UsageQuery, unstored: UnstoredCalls = NONE_UNSTORED) -> UsageResult:
        """Answers a question.

        Raises `InvalidInputError` for a time zone that does not exist, `PrunedError` where days that were
        pruned would be needed and `ValueError` for unstored calls beside ``as_of``, which goes by receipts.
        Of days before `calls_from` whole UTC days can be asked, by the dimensions of `retained.COUNTED_BY`.
        """
        ...

    def interrupt(self, thread: int) -> None:
        """Lets a question that runs on that thread fail soon, if there is one. Safe on every thread."""
        ...

    def current_calls(self, organization: str, high: UInt64s, low: UInt64s) -> StoredCalls:
        """What the calls of some identities say now, in the order asked.

        Identities that were never counted, or whose days were pruned, are left out. An identity that was let
        in twice, long after its first call, answers with the later call while that is active.
        """
        ...

    def calls_within(
        self, organization: str, window: Window, where: Mapping[Dimension, frozenset[str]], limit: int
    ) -> StoredCalls:
        """The active calls of a window in the order of time, at most ``limit``; ``where`` as in a query.

        Raises `PrunedError` when the window begins before `calls_from`.
        """
        ...

    def doubled_calls(self, since: date, limit: int) -> DoubledCalls | None:
        """The rows of up to ``limit`` doubled calls on days since one, by day; None when there are none.

        Only days whose calls are kept are looked at.
        """
        ...

    def source_activity(
        self, organization: str, source_id: str, window: Window, unstored: UnstoredCalls = NONE_UNSTORED
    ) -> tuple[SourceActivity, ...]:
        """Per UTC month of a window of whole days, ascending, how active the source's accounts were.

        Months without a call of an account on that source are left out. Raises `PrunedError` when the window
        begins before `counts_from`.
        """
        ...

    def source_has_accounts(
        self, organization: str, source_id: str, unstored: UnstoredCalls = NONE_UNSTORED
    ) -> bool:
        """Whether any call that is still counted touched this source with an account."""
        ...

    def last_days(self, organization: str, dimension: Dimension) -> dict[str, date]:
        """The last UTC day with a call, of every client, source, account or user that has one.

        Days whose counts were pruned are not looked at. The empty text is left out. Raises `ValueError` for
        another dimension.
        """
        ...

    def outcomes(self, organization: str) -> dict[int, tuple[int, int, int, int, int]]:
        """By receipt day: received, accepted, duplicate, conflict, rejected."""
        ...

    def conflicts(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, Conflict], ...]:
        """Calls in conflict that are kept, with their numbers, the newest first.

        Kept are the first `CONFLICTS_KEPT` of a day of receipt, and of the days the newest with at most
        `KEPT_AT_MOST`. They go when the calls of the day that they came on are pruned, and so do samples.
        """
        ...

    def conflicts_booked(self, organization: str, first_day: int, end_day: int) -> tuple[int, int]:
        """How many conflicts came on some days of receipt, and how many of them are kept."""
        ...

    def rejections(self, organization: str) -> dict[int, dict[str, int]]:
        """By receipt day and code: how many calls were rejected; ``unknown`` where no reason was noted."""
        ...

    def samples(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, RejectedSample], ...]:
        """Rejected calls that are kept, with their numbers, the newest first.

        Kept are the first `SAMPLES_KEPT` of each code and day of receipt, and of the days as of conflicts.
        """
        ...

    def refusals(self, organization: str) -> dict[int, dict[str, int]]:
        """By receipt day and reason: how many requests with calls were refused as a whole."""
        ...

    def corrections(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, Correction], ...]:
        """Corrections with their positions, which are their numbers, the newest first."""
        ...

    def erasures(self, organization: str) -> tuple[Erasure, ...]:
        """Every erasure in the order they came, with an empty ``text``."""
        ...

    def identities(
        self, received_from_ms: int, first_position: int = 0, last_position: int | None = None
    ) -> Iterator[Identities]:
        """The identities that were taken at or after an instant, in blocks, in no particular order.

        An identity is taken by the row that received or added its call; later rows of it are left out.
        """
        ...

    def tally(self, received_from_ms: int, first_position: int, last_position: int) -> IdentityTally:
        """The tally of what `identities` gives for the same span, which may be empty."""
        ...

    def last_before(self, received_ms: int) -> tuple[int, int, int]:
        """The greatest position, receipt and time of the calls received before an instant; 0 without any."""
        ...

    def find_identities(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        """Which of the asked identities are stored, and their digests.

        Looked at are the rows that took an identity up to a position, and of them those received since an
        instant or whose own UTC day is the day asked with the identity. Returns indexes into the question and
        the digests.
        """
        ...

    @property
    def calls_from(self) -> date:
        """All calls since this UTC day are kept; `retained.NEVER_PRUNED` while none were pruned."""
        ...

    @property
    def counts_from(self) -> date:
        """The counts of all UTC days since this one are kept; `retained.NEVER_PRUNED` at first."""
        ...

    def prune_calls(self, before: date) -> int:
        """Deletes the calls of the days before one, and what was kept for inspection of those days' receipts.

        Their counts stay, with each day's totals frozen beside them to be audited against. Works day by day,
        each in one transaction that moves `calls_from` too. Returns how many rows of the ledger went. No call
        of such a day may be applied from then on.
        """
        ...

    def prune_counts(self, before: date) -> int:
        """Deletes the counts of the days before one, as `prune_calls` does; returns how many calls they told.

        Raises `ValueError` for days whose calls are still kept.
        """
        ...

    def unused_texts(self) -> TextNumbers:
        """The texts in the store that no call and no count has, as of one moment. Organizations always have
        a use."""
        ...

    def remove_texts(self, texts: TextNumbers) -> None:
        """Deletes texts from the store for good, all or nothing; their ids are never given again.

        No row that is stored, or comes in a later batch, may have any of them, and `dictionary` must have
        forgotten them. Texts that are not there are passed over.
        """
        ...

    def audit(self) -> Iterator[AuditStep]:
        """Recounts everything from the calls, step by step, and tells where what is stored differs.

        Each step looks at one instant of the store by itself, so calls may be applied between steps. Breaking
        off is harmless.
        """
        ...

    def backup(self, path: Path) -> int:
        """Writes a new file that is a store by itself, as of one instant; returns its position.

        The file is there as a whole or not at all. Raises `CalltallyError` where that is not possible.
        """
        ...

    def export(
        self,
        organization: str,
        window: Window,
        what: What,
        form: Form,
        path: Path,
        *,
        every_entry: bool = False,
    ) -> int:
        """Writes a file with the fields of `export.fields_of`, as of one instant; returns how many rows.

        Calls are the active ones, with ``every_entry`` all rows of the ledger, in no particular order; counts
        are ordered by their first columns, those before the counts, and need whole UTC days, else
        `InvalidInputError`. Raises `PrunedError` where pruned days would be needed. The file is there as a
        whole or not at all.
        """
        ...

    def checkpoint(self) -> int:
        """Makes everything applied so far safe without the journal; returns the position it reaches."""
        ...

    def compact(self) -> Work:
        """Does one bounded step of merging in the background."""
        ...

    def close(self) -> None: ...
