"""The interface of every store of calls and counts."""

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
"""The dimensions whose members can be dormant."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Identities of stored calls as columns, with each call's digest, receipt and time."""

    high: UInt64s
    low: UInt64s
    digest: UInt64s
    received_ms: Int64s
    time_ms: Int64s

    def of(self, rows: Bools) -> "Identities":
        """The selected rows."""
        return Identities(
            self.high[rows], self.low[rows], self.digest[rows], self.received_ms[rows], self.time_ms[rows]
        )


@dataclass(frozen=True, slots=True)
class IdentityTally:
    """The number of identities, and the exclusive or of their low halves.

    Two sets of identities with equal tallies are equal, except with probability 2^-64.
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
    """Calls as columns, each in its current version.

    ``columns["path"]`` is an index into ``paths``, whose first entry is empty, and ``columns["entry"]`` is
    the last `Entry` of the call. Where ``active`` is False the call was cancelled, and the columns are those
    that were withdrawn last.
    """

    columns: CallColumns
    paths: PackedTexts
    active: Bools


@dataclass(frozen=True, slots=True)
class Timeline:
    """One opening of a store: a random id, and the position that the store had then."""

    id: int
    after: int


class Work(IntEnum):
    """The result of one step of background work."""

    NONE = 0  # there was nothing to do
    SOME = 1
    PRESSING = 2  # more remains than should: take the next step at once


class UsageStore(Protocol):
    """Keeps the ledger of calls and their exact counts, and answers the named queries from them.

    A row of the ledger counts 1, or -1 if it withdraws another; every count is the sum of its rows, and a day
    or a group exists while its rows sum to more than 0.

    `apply` is called by one thread, in the order of positions, without gaps. Queries may come from any thread
    at the same time, and each sees a whole number of batches. After a crash the store is in the state after
    the last `apply` that returned. Pruning, exports, backups and audits may run in any other thread; they
    never block queries, and block `apply` at most for the time that one day's calls take.

    A query with ``unstored`` calls counts each of them once, whether or not it has been applied by then: they
    are all calls after some position that the store has already passed, up to another position.
    """

    @property
    def dictionary(self) -> Dictionary:
        """The texts of all stored calls. Ingest adds texts; `apply` makes them durable."""
        ...

    @property
    def identity_key(self) -> IdentityKey:
        """The installation's secret for hashing identities, created with the store."""
        ...

    @property
    def position(self) -> int:
        """The journal position of the last batch applied; 0 for a new store."""
        ...

    @property
    def timelines(self) -> Sequence[Timeline]:
        """The timelines of this store, the current one last.

        A copy shares all timelines up to the moment of copying and none that began later: an observation
        about positions, made in a shared timeline before the next one began, holds for both stores.
        """
        ...

    def apply(self, batch: CallBatch) -> None:
        """Store calls, counts, identities, dictionary entries, outcomes and the position, all or nothing.

        An erasure replaces its text in the dictionary, in whole segments of paths and routes, and in what is
        kept for inspection, in everything that the organization sent up to here. The text itself is stored
        nowhere any more. Raises `ValueError` unless the batch begins right after `position`, and, like
        `checkpoint` and `compact`, `StoreFailedError` once the store can no longer work.
        """
        ...

    def usage(self, query: UsageQuery, unstored: UnstoredCalls = NONE_UNSTORED) -> UsageResult:
        """Answer a query.

        Raises `InvalidInputError` for a time zone that does not exist, `PrunedError` if pruned days would be
        needed, and `ValueError` for unstored calls together with ``as_of``, which depends on receipt times.
        Before `calls_from`, whole UTC days can be queried by the dimensions of `retained.COUNTED_BY`.
        """
        ...

    def interrupt(self, thread: int) -> None:
        """Abort the query that runs on that thread, if any. Thread-safe."""
        ...

    def current_calls(self, organization: str, high: UInt64s, low: UInt64s) -> StoredCalls:
        """The current versions of the calls with some identities, in the order given.

        Identities that were never counted, or whose days were pruned, are left out. For an identity that was
        accepted twice, long after its first call, the later call is returned while it is active.
        """
        ...

    def calls_within(
        self, organization: str, window: Window, where: Mapping[Dimension, frozenset[str]], limit: int
    ) -> StoredCalls:
        """The active calls of a window ordered by time, at most ``limit``; ``where`` as in a query.

        Raises `PrunedError` if the window begins before `calls_from`.
        """
        ...

    def doubled_calls(self, since: date, limit: int) -> DoubledCalls | None:
        """The rows of up to ``limit`` doubled calls since a day, ordered by day; None if there are none.

        Only days whose calls are retained are searched.
        """
        ...

    def source_activity(
        self, organization: str, source_id: str, window: Window, unstored: UnstoredCalls = NONE_UNSTORED
    ) -> tuple[SourceActivity, ...]:
        """The activity of a source's accounts per UTC month of a window of whole days, ascending.

        Months in which no account on that source has a call are left out. Raises `PrunedError` if the window
        begins before `counts_from`.
        """
        ...

    def source_has_accounts(
        self, organization: str, source_id: str, unstored: UnstoredCalls = NONE_UNSTORED
    ) -> bool:
        """Whether any counted call has this source and an account."""
        ...

    def last_days(self, organization: str, dimension: Dimension) -> dict[str, date]:
        """The last UTC day with a call, per client, source, account or user that has one.

        Days whose counts were pruned are left out, and so is the empty text. Raises `ValueError` for another
        dimension.
        """
        ...

    def outcomes(self, organization: str) -> dict[int, tuple[int, int, int, int, int]]:
        """By receipt day: received, accepted, duplicate, conflict, rejected."""
        ...

    def conflicts(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, Conflict], ...]:
        """The kept calls in conflict with their numbers, newest first.

        The first `CONFLICTS_KEPT` per day of receipt are kept, of the newest days with at most `KEPT_AT_MOST`
        in total. They are dropped when the calls of their day of receipt are pruned; samples likewise.
        """
        ...

    def conflict_counts(self, organization: str, first_day: int, end_day: int) -> tuple[int, int]:
        """How many conflicts were received on some days, and how many of them are kept."""
        ...

    def rejections(self, organization: str) -> dict[int, dict[str, int]]:
        """By receipt day and code: how many calls were rejected; ``unknown`` if no reason was recorded."""
        ...

    def samples(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, RejectedSample], ...]:
        """The kept rejected calls with their numbers, newest first.

        The first `SAMPLES_KEPT` per code and day of receipt are kept, of the newest days as for conflicts.
        """
        ...

    def refusals(self, organization: str) -> dict[int, dict[str, int]]:
        """By receipt day and reason: how many requests with calls were refused entirely."""
        ...

    def corrections(
        self, organization: str, page: KeptPage = EVERYTHING_KEPT
    ) -> tuple[tuple[int, Correction], ...]:
        """Corrections with their positions, which are their numbers, newest first."""
        ...

    def erasures(self, organization: str) -> tuple[Erasure, ...]:
        """Every erasure in order, with an empty ``text``."""
        ...

    def identities(
        self, received_from_ms: int, first_position: int = 0, last_position: int | None = None
    ) -> Iterator[Identities]:
        """The identities accepted at or after an instant, in blocks, in no particular order.

        An identity belongs to the row that received or added its call; its later rows are left out.
        """
        ...

    def tally(self, received_from_ms: int, first_position: int, last_position: int) -> IdentityTally:
        """The tally of what `identities` returns for the same span, which may be empty."""
        ...

    def last_before(self, received_ms: int) -> tuple[int, int, int]:
        """The greatest position, receipt time and time of the calls received before an instant; 0 if none."""
        ...

    def find_identities(
        self, high: UInt64s, low: UInt64s, days: Int64s, up_to_position: int, received_from_ms: int
    ) -> tuple[Int64s, UInt64s]:
        """Which of the given identities are stored, and their digests.

        Searches the rows that accepted an identity up to a position: those received since an instant, and
        those on the UTC day given with the identity. Returns indexes into the given arrays, and the digests.
        """
        ...

    @property
    def calls_from(self) -> date:
        """All calls since this UTC day are retained; `retained.NEVER_PRUNED` before the first pruning."""
        ...

    @property
    def counts_from(self) -> date:
        """The counts since this UTC day are retained; `retained.NEVER_PRUNED` before the first pruning."""
        ...

    def prune_calls(self, before: date) -> int:
        """Delete the calls before a day, and what was kept for inspection of receipts before it.

        Their counts stay, and each day's totals are frozen so that the counts can be audited. Works day by
        day, each in one transaction that also moves `calls_from`. Returns the number of ledger rows deleted.
        No call of such a day may be applied from then on.
        """
        ...

    def prune_counts(self, before: date) -> int:
        """Delete the counts before a day, as `prune_calls` does; returns how many calls they counted.

        Raises `ValueError` for days whose calls are still retained.
        """
        ...

    def unused_texts(self) -> TextNumbers:
        """The stored texts that no call and no count uses, as of one instant. Organizations always count as
        used."""
        ...

    def remove_texts(self, texts: TextNumbers) -> None:
        """Delete texts from the store permanently, all or nothing; their ids are never reused.

        No stored row and no row of a later batch may use any of them, and `dictionary` must have dropped
        them. Missing texts are ignored.
        """
        ...

    def audit(self) -> Iterator[AuditStep]:
        """Recount everything from the calls, step by step, and report the differences.

        Each step sees one instant of the store, so calls may be applied between steps. Stopping early is
        harmless.
        """
        ...

    def backup(self, path: Path) -> int:
        """Write a new file that is a complete store as of one instant; returns its position.

        The file appears complete or not at all. Raises `CalltallyError` if that is not possible.
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
        """Write a file with the fields of `export.fields_of`, as of one instant; returns the number of rows.

        Calls are the active ones, or with ``every_entry`` all ledger rows, in no particular order. Counts are
        ordered by the columns before the counts, and need whole UTC days, else `InvalidInputError`. Raises
        `PrunedError` if pruned days would be needed. The file appears complete or not at all.
        """
        ...

    def checkpoint(self) -> int:
        """Make everything applied so far durable without the journal; returns the position it covers."""
        ...

    def compact(self) -> Work:
        """Do one bounded step of compaction."""
        ...

    def close(self) -> None: ...
