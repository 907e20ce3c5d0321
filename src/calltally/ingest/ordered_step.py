"""The one ordered step: verdicts, dictionary ids and the journal's frame, all in one order."""

from dataclasses import dataclass

import msgspec
import numpy as np

from calltally.call_batch import CALL_COLUMNS, CallColumns, Conflict, Int64s, Outcome, UInt64s
from calltally.dictionary import Dictionary, Kind
from calltally.ingest.call_rules import MEASURES
from calltally.ingest.identity_table import Bools
from calltally.ingest.interning import Interning, distinct, used_texts
from calltally.ingest.name_news import NameNews
from calltally.ingest.prepared_calls import Int32s, PreparedCalls, TextColumn
from calltally.ingest.receipt import CallVerdict, Verdict
from calltally.ingest.routes import RouteNaming
from calltally.ingest.seen_ids import Seen, SeenIds, Verdicts
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal
from calltally.packed_texts import PackedTexts

_DIMENSIONS = {
    "origin": (Kind.ORIGIN, "origin"),
    "client": (Kind.CLIENT, "client_id"),
    "user": (Kind.USER, "user_id"),
    "source": (Kind.SOURCE, "source_id"),
    "account": (Kind.ACCOUNT, "account_id"),
    "method": (Kind.METHOD, "method"),
}
"""The journal's column, its dictionary and the call's field."""

_MILLISECONDS_PER_DAY = 86_400_000

_VERDICT_OF = {Seen.SAME: Verdict.DUPLICATE, Seen.OTHER: Verdict.CONFLICT}
_REASON_OF = {
    Seen.SAME: "a call with this id and the same content was counted before",
    Seen.OTHER: "a call with this id and other content was counted before; that one stays",
}


@dataclass(frozen=True, slots=True)
class StepResult:
    """What one step decided, and the journal position that must be durable before anyone is told."""

    position: int
    accepted: int
    verdicts: list[CallVerdict]


class OrderedStep:
    """Judges calls and puts what is new into the journal, as one step that nothing interleaves.

    The order of steps is the order of journal positions, so that what a step knows of the calls before it is
    durable when its own frame is. Only one thread may call `take`, and nothing in it waits.
    """

    def __init__(
        self,
        journal: Journal,
        dictionary: Dictionary,
        seen_ids: SeenIds,
        routes: RouteNaming,
        identity_seed: int,
    ) -> None:
        self.identity_seed = identity_seed
        self._journal = journal
        self._dictionary = dictionary
        self._seen_ids = seen_ids
        self._routes = routes
        self._names = NameNews()

    @property
    def forgotten_position(self) -> int:
        """Identities received up to here must be looked up in the store before they are judged."""
        return self._seen_ids.forgotten_position

    def take(
        self,
        calls: PreparedCalls | None,
        stored: tuple[Bools, UInt64s] | None,
        received: int,
        rejected: int,
        sender: str,
        now_ms: int,
    ) -> StepResult:
        """Judges calls, and books them with those that were ``rejected`` before.

        Rejected calls are booked to the ``sender``'s own organization. Raises `ValueError`, changing nothing,
        when ``received`` is not the sum of both.
        """
        if received != rejected + (len(calls) if calls else 0):
            raise ValueError(f"{received} calls were received, but not as many judged")
        interning = Interning(self._dictionary, self._routes)
        books: dict[int, list[int]] = {}
        if rejected:
            books[interning.id_of(Kind.ORGANIZATION, 0, sender)] = [rejected, 0, 0, 0, rejected]
        if calls is None:
            frame = Frame(now_ms, values=interning.values, outcomes=_outcomes(books, now_ms))
            return StepResult(self._journal.append(frame), 0, [])
        verdicts = self._seen_ids.judge(
            calls.identity_high,
            calls.identity_low,
            calls.digest,
            position=self._journal.appended + 1,
            received_ms=now_ms,
            stored=stored,
        )
        organizations = interning.organizations(calls.texts["organization"])
        _book(books, organizations, verdicts)
        new = np.flatnonzero(verdicts == Seen.NEW)
        path_indexes, paths = _paths(calls.texts["path"], new)
        columns = _columns(calls, new, organizations[new], interning)
        columns["path"] = path_indexes
        frame = Frame(
            received_ms=now_ms,
            calls=columns,
            paths=PackedTexts.of(paths),
            values=interning.values,
            outcomes=_outcomes(books, now_ms),
            conflicts=_conflicts(calls, verdicts, organizations, now_ms),
            names=self._names.of(calls, new),
        )
        return StepResult(self._journal.append(frame), len(new), _told(calls, verdicts))


def _columns(calls: PreparedCalls, new: Int64s, organizations: Int32s, interning: Interning) -> CallColumns:
    """The new calls as the journal's columns, but for their paths."""
    columns = np.zeros(len(new), CALL_COLUMNS)
    if not len(new):
        return columns
    for name in ("identity_high", "identity_low", "digest", "time_ms", "status"):
        columns[name] = getattr(calls, name)[new]
    for name in MEASURES:
        columns[name] = calls.measures[name][new]
    columns["organization"] = organizations
    for name, (kind, field) in _DIMENSIONS.items():
        columns[name] = interning.ids(kind, organizations, calls.texts[field], new)
    columns["route"] = interning.route_ids(organizations, calls.texts["route"], calls.texts["path"], new)
    return columns


def _paths(paths: TextColumn, new: Int64s) -> tuple[Int32s, list[str]]:
    """Each new call's index among their paths, of which the first is the empty one, and the paths."""
    if not len(new) or paths.distinct == [""]:
        return np.zeros(len(new), np.int32), [""]
    codes = paths.codes[new]
    used, texts = used_texts(paths, codes)
    of_code = np.zeros(len(paths.distinct), np.int32)
    of_code[used] = np.arange(1, len(used) + 1)
    if "" in texts:
        of_code[used[texts.index("")]] = 0
    return of_code[codes], ["", *texts]


def _book(books: dict[int, list[int]], organizations: Int32s, verdicts: Verdicts) -> None:
    """Adds judged calls to the books: received, accepted, duplicate, conflict, rejected."""
    for organization in distinct(organizations).tolist():
        rows = organizations == organization
        book = books.setdefault(organization, [0, 0, 0, 0, 0])
        book[0] += int(np.count_nonzero(rows))
        for seen in Seen:
            book[1 + seen] += int(np.count_nonzero(verdicts[rows] == seen))


def _outcomes(books: dict[int, list[int]], now_ms: int) -> list[Outcome]:
    day = now_ms // _MILLISECONDS_PER_DAY
    return [Outcome(organization, day, *book) for organization, book in sorted(books.items())]


def _conflicts(
    calls: PreparedCalls, verdicts: Verdicts, organizations: Int32s, now_ms: int
) -> list[Conflict]:
    return [
        Conflict(
            int(organizations[row]),
            now_ms,
            int(calls.identity_high[row]),
            int(calls.identity_low[row]),
            msgspec.json.encode(calls.calls[row]),
        )
        for row in np.flatnonzero(verdicts == Seen.OTHER).tolist()
    ]


def _told(calls: PreparedCalls, verdicts: Verdicts) -> list[CallVerdict]:
    seen = verdicts.tolist()
    return [
        CallVerdict(calls.indexes[row], _VERDICT_OF[seen[row]], "id", _REASON_OF[seen[row]])
        for row in np.flatnonzero(verdicts != Seen.NEW).tolist()
    ]
