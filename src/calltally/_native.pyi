"""The hot ingest path, compiled. The program uses it through the modules beside it.

Columns come as arrays and go as bytes of numbers, in the machine's order. Texts that are no valid Unicode
are declined like everything else that is not plainly right.
"""

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import numpy.typing as npt

_Numbers = npt.NDArray[np.uint64]

_Fault = tuple[str, int, int]
"""A name, the index of an element, and a place; see `calltally.ingest.structure`."""

def past_blanks(body: bytes, start: int) -> int:
    """As the function of `structure` with this name, as the next four."""

def bounds(body: bytes, *, most: int, lines: int, longest: int, size: int) -> list[tuple[int, int, int]]: ...
def end_of_list(body: bytes, start: int) -> int | None: ...
def array_lines(body: bytes, start: int, most: int) -> tuple[bytes, int] | _Fault: ...
def elements(body: bytes, start: int, most: int) -> tuple[list[tuple[int, int]], int] | _Fault: ...
def decode(
    body: bytes,
    start: int,
    end: int,
    *,
    organization: str,
    earliest_ms: int,
    latest_ms: int,
    max_call_bytes: int,
    scheme: str,
    key: bytes,
    derive_routes: bool,
) -> Decoded | None:
    """The calls on the lines from ``start`` to ``end``; None unless each is plainly one that may be counted.

    With ``derive_routes`` false a call with a path but no route is declined.
    """

@final
class Decoded:
    """The calls of a slice. Never changes, and may be read from any thread."""

    def __len__(self) -> int: ...
    @property
    def identity_high(self) -> bytes:
        """Unsigned 64-bit numbers, as the other columns of identities."""
    @property
    def identity_low(self) -> bytes: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def time_ms(self) -> bytes:
        """Signed 64-bit numbers."""
    @property
    def earliest_ms(self) -> int:
        """The earliest of ``time_ms``; the largest number without calls."""
    @property
    def latest_ms(self) -> int:
        """The latest of ``time_ms``; the smallest number without calls."""
    @property
    def has_names(self) -> bool:
        """Whether any call names its client, source or account."""
    def line(self, row: int) -> bytes:
        """One call as it came. Raises `IndexError`."""

@final
class IdentityTable:
    """See `IdentityTable` of ``ingest/identities``. Not thread-safe: use by two at once raises."""

    def __init__(self, slots: int) -> None: ...
    @property
    def slots(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    @property
    def count(self) -> int: ...
    @property
    def room(self) -> int: ...
    def find(self, high: _Numbers, low: _Numbers) -> tuple[bytes, bytes]:
        """For each identity whether it is held (a byte), and its digest."""
    def insert(self, high: _Numbers, low: _Numbers, digest: _Numbers) -> None: ...
    def judge(
        self,
        others: Sequence[tuple[IdentityTable, IdentityRun | None]],
        high: _Numbers,
        low: _Numbers,
        digest: _Numbers,
        stored: tuple[npt.NDArray[np.uint8], _Numbers] | None = None,
    ) -> bytes:
        """For each identity in order whether it is new (0), held with its digest (1) or with another (2).

        New ones are in the table afterwards. ``others`` are tables that may hold further identities, each
        with the run that has the same, if there is one, whose filter is asked first; ``stored`` says what is
        held elsewhere as `find` would. Raises `ValueError`, changing nothing, unless there is room for all.
        """
    def prefault(self, buckets: int) -> None: ...
    def span(self, first_bucket: int, buckets: int) -> tuple[bytes, bytes, bytes]: ...

@final
class SortedIdentities:
    """See `SortedIdentities` of ``ingest/identities``. Lets other threads run meanwhile."""

    def __init__(self, high: _Numbers, low: _Numbers, digest: _Numbers) -> None: ...
    @staticmethod
    def of_table(table: IdentityTable) -> SortedIdentities:
        """Everything in a table that nobody adds to meanwhile."""
    def __len__(self) -> int: ...
    def blocks(self, first: int, count: int) -> bytes: ...
    def fences(self) -> bytes: ...
    def filter(self, first: int, lines: int, total: int) -> bytes: ...

def columns_of_blocks(blocks: bytes) -> tuple[bytes, bytes, bytes] | None:
    """The high halves, low halves and digests in blocks; None when any is not as it was written."""

@final
class IdentityRun:
    """A run's file, to be looked into. Never changes, and may be used from any thread."""

    def __init__(self, path: str, blocks_start: int, fences: _Numbers, filter: bytes | None = None) -> None:  # noqa: A002
        """Raises `OSError` for a file that cannot be opened, `ValueError` for what cannot be a filter."""
    def without_filter(self) -> IdentityRun:
        """The same run without a filter, looked into through the file that is open."""

def find_in_runs(
    runs: Sequence[IdentityRun], high: _Numbers, low: _Numbers
) -> tuple[bytes, bytes] | int | None:
    """For each identity whether a run holds it (a byte), and the digest that the first that does tells.

    None when none holds any; the index of a run whose file is not as it was written, or cannot be read.
    """

@final
class Interner:
    """Turns decoded slices into records of the journal. Not thread-safe: use by two at once raises.

    What it knows of ids and names is a cache: it asks for what is missing, and may forget at any time.
    """

    def __init__(self, columns: Mapping[str, tuple[int, int]], record_bytes: int) -> None:
        """Takes each column's offset and size in a record; columns that it does not know stay zero."""
    def learn(self, kind: int, organization: int, texts: list[str], ids: list[int]) -> None: ...
    def forget(self) -> None:
        """Forgets all ids and names. Must follow whenever a text got another id, or an id another text."""
    def forget_names(self) -> None:
        """Forgets names. Must follow whenever a name was told that this did not tell."""
    def knows(self, decoded: Decoded, organization: int) -> bool:
        """Whether the ids of all texts that calls name were learned; routes made from paths aside."""
    def take(
        self,
        records: Records,
        decoded: Decoded,
        verdicts: bytes,
        organization: int,
        other_route: int | None = None,
    ) -> list[tuple[int, str, bool]] | tuple[int, list[tuple[int, str, str]]]:
        """Adds the calls whose verdict is 0 to the records; tells how many they are, and the names that are
        news (kind, id of the thing, name).

        Or, changing nothing, a list of the texts whose ids must be learned first, in the order in which the
        reference would give them: kind, text, whether it is a route made from a path. Such a route that gets
        no id goes by ``other_route``.
        """

@final
class Records:
    """Records of the journal, slice after slice. Not thread-safe: use by two at once raises."""

    def __init__(self) -> None: ...
    def taken(self) -> tuple[bytes, bytes, bytes]:
        """The records, and of their paths the offsets (signed 64-bit) and the data."""

@final
class AccessLogReader:
    """Turns the lines of one log into calls as `access_log.AccessLog` does. Not thread-safe: use by two at
    once raises. Lets other threads run meanwhile.
    """

    def __init__(self, origin: bytes, client_id: str | bytes, user_id: str | bytes) -> None:
        """Takes texts for all calls as JSON in bytes; "address" and "user" are fields of a line."""
    def take(self, lines: bytes) -> tuple[bytes, int, list[tuple[int, int, int, int]]]:
        """The log's next lines, each with its end: the plain ones' calls as lines of JSON, each with its end,
        how many lines there are, and the others.

        Of each of these how many lines stand before it, where it begins and ends without its line ending, and
        its ordinal among the lines of the log that are identical to it. Raises `ValueError` for an unfinished
        line.
        """

def pieces(lines: bytes, size: int, longest: int) -> list[tuple[int, int, int]] | None:
    """Where pieces of at most ``size`` whole lines begin and end, and how many lines each holds.

    None unless every line has something in it and at most ``longest`` bytes.
    """
