"""The one ordered step: verdicts, dictionary ids and the journal's frame, all in one order."""

from dataclasses import dataclass

import msgspec
import numpy as np

from calltally.call_batch import CALL_COLUMNS, CallColumns, Conflict, Int64s, NameUpdate, Outcome, UInt64s
from calltally.dictionary import Dictionary, DictionaryValue, Kind
from calltally.ingest.call_rules import MEASURES
from calltally.ingest.identity_table import Bools
from calltally.ingest.prepared_calls import Int32s, PreparedCalls, TextColumn
from calltally.ingest.receipt import CallVerdict, Verdict
from calltally.ingest.routes import OTHER_ROUTE, RouteNaming
from calltally.ingest.seen_ids import Seen, SeenIds, Verdicts
from calltally.journal.frame import Frame
from calltally.journal.journal import Journal

_DIMENSIONS = {
    "origin": (Kind.ORIGIN, "origin"),
    "client": (Kind.CLIENT, "client_id"),
    "user": (Kind.USER, "user_id"),
    "source": (Kind.SOURCE, "source_id"),
    "account": (Kind.ACCOUNT, "account_id"),
    "method": (Kind.METHOD, "method"),
}
"""The journal's column, its dictionary and the call's field."""

_NAMES = (
    (Kind.CLIENT, "client_id", "client_name"),
    (Kind.SOURCE, "source_id", "source_name"),
    (Kind.ACCOUNT, "account_id", "account_name"),
)
_MAX_KNOWN_NAMES = 1_000_000
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
        self._known_names: dict[tuple[Kind, str, str], str] = {}

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
        values: list[DictionaryValue] = []
        if calls is None:
            outcomes = self._outcomes(None, None, rejected, sender, now_ms, values)
            return StepResult(self._journal.append(Frame(now_ms, values=values, outcomes=outcomes)), 0, [])
        verdicts = self._seen_ids.judge(
            calls.identity_high,
            calls.identity_low,
            calls.digest,
            position=self._journal.appended + 1,
            received_ms=now_ms,
            stored=stored,
        )
        new = np.flatnonzero(verdicts == Seen.NEW)
        outcomes = self._outcomes(calls, verdicts, rejected, sender, now_ms, values)
        columns, paths = self._columns(calls, new, values)
        frame = Frame(
            received_ms=now_ms,
            calls=columns,
            paths=paths,
            values=values,
            outcomes=outcomes,
            conflicts=self._conflicts(calls, verdicts, now_ms),
            names=self._names(calls, new) if calls.has_names else [],
        )
        return StepResult(self._journal.append(frame), len(new), _told(calls, verdicts))

    def _columns(
        self, calls: PreparedCalls, new: np.ndarray, values: list[DictionaryValue]
    ) -> tuple[CallColumns, list[str]]:
        """The new calls as the journal's columns, with their paths."""
        columns = np.empty(len(new), CALL_COLUMNS)
        if not len(new):
            return columns, [""]
        for name in ("identity_high", "identity_low", "digest", "time_ms", "status"):
            columns[name] = getattr(calls, name)[new]
        for name in MEASURES:
            columns[name] = calls.measures[name][new]
        organizations = self._organization_ids(calls.texts["organization"], values)[new]
        columns["organization"] = organizations
        for name, (kind, field) in _DIMENSIONS.items():
            columns[name] = self._ids(kind, organizations, calls.texts[field], new, values)
        columns["route"] = self._route_ids(organizations, calls, new, values)
        columns["path"], paths = _paths(calls.texts["path"], new)
        return columns, paths

    def _organization_ids(self, organizations: TextColumn, values: list[DictionaryValue]) -> Int32s:
        each = [self._id(Kind.ORGANIZATION, 0, text, values) for text in organizations.distinct]
        return np.array(each, np.int32)[organizations.codes]

    def _ids(
        self,
        kind: Kind,
        organizations: Int32s,
        texts: TextColumn,
        new: np.ndarray,
        values: list[DictionaryValue],
    ) -> Int32s:
        """The ids of a column's texts, row by row of the new calls."""
        if texts.distinct == [""]:
            return np.zeros(len(new), np.int32)
        codes = texts.codes[new]
        owners = _distinct(organizations).tolist()
        if len(owners) == 1:
            return self._ids_of_one(kind, owners[0], texts, codes, values)
        ids = np.zeros(len(new), np.int32)
        for organization in owners:
            rows = organizations == organization
            ids[rows] = self._ids_of_one(kind, organization, texts, codes[rows], values)
        return ids

    def _ids_of_one(
        self, kind: Kind, organization: int, texts: TextColumn, codes: Int32s, values: list[DictionaryValue]
    ) -> Int32s:
        """The ids of one organization's texts; those without a row get none."""
        used, wanted = _used(texts, codes)
        ids = self._dictionary.find_all(kind, organization, wanted)
        if None in ids:
            ids = [self._id(kind, organization, text, values) for text in wanted]
        of_code = np.zeros(len(texts.distinct), np.int32)
        of_code[used] = np.array(ids, np.int32)
        return of_code[codes]

    def _route_ids(
        self, organizations: Int32s, calls: PreparedCalls, new: np.ndarray, values: list[DictionaryValue]
    ) -> Int32s:
        """Named routes as they are; of calls with a path only, the route that the path gives."""
        routes = calls.texts["route"]
        ids = self._ids(Kind.ROUTE, organizations, routes, new, values)
        if "" not in routes.distinct:
            return ids
        paths, path_codes = calls.texts["path"].distinct, calls.texts["path"].codes[new]
        for row in np.flatnonzero(ids == 0).tolist():
            if path := paths[path_codes[row]]:
                ids[row] = self._derived_route_id(int(organizations[row]), self._routes.derive(path), values)
        return ids

    def _derived_route_id(self, organization: int, route: str, values: list[DictionaryValue]) -> int:
        known = self._dictionary.find(Kind.ROUTE, organization, route)
        if known is not None:
            return known
        if self._dictionary.derived_routes(organization) >= self._routes.max_derived:
            return self._id(Kind.ROUTE, organization, OTHER_ROUTE, values)
        return self._id(Kind.ROUTE, organization, route, values, derived=True)

    def _id(
        self,
        kind: Kind,
        organization: int,
        text: str,
        values: list[DictionaryValue],
        *,
        derived: bool = False,
    ) -> int:
        known = self._dictionary.find(kind, organization, text)
        if known is not None:
            return known
        value = self._dictionary.intern(kind, organization, text, derived=derived)
        if value is None:
            raise AssertionError("a text that was not found is new")
        values.append(value)
        return value.id

    def _outcomes(
        self,
        calls: PreparedCalls | None,
        verdicts: Verdicts | None,
        rejected: int,
        sender: str,
        now_ms: int,
        values: list[DictionaryValue],
    ) -> list[Outcome]:
        """The books of this step, by organization: received, accepted, duplicate, conflict, rejected."""
        books: dict[int, list[int]] = {}
        if rejected:
            books[self._id(Kind.ORGANIZATION, 0, sender, values)] = [rejected, 0, 0, 0, rejected]
        if calls is not None and verdicts is not None:
            organizations = self._organization_ids(calls.texts["organization"], values)
            for organization in _distinct(organizations).tolist():
                rows = organizations == organization
                book = books.setdefault(organization, [0, 0, 0, 0, 0])
                book[0] += int(np.count_nonzero(rows))
                for seen in Seen:
                    book[1 + seen] += int(np.count_nonzero(verdicts[rows] == seen))
        day = now_ms // _MILLISECONDS_PER_DAY
        return [Outcome(organization, day, *book) for organization, book in sorted(books.items())]

    def _conflicts(self, calls: PreparedCalls, verdicts: Verdicts, now_ms: int) -> list[Conflict]:
        organizations = calls.texts["organization"]
        return [
            Conflict(
                self._dictionary.find(Kind.ORGANIZATION, 0, organizations.distinct[organizations.codes[row]])
                or 0,
                now_ms,
                int(calls.identity_high[row]),
                int(calls.identity_low[row]),
                msgspec.json.encode(calls.calls[row]),
            )
            for row in np.flatnonzero(verdicts == Seen.OTHER).tolist()
        ]

    def _names(self, calls: PreparedCalls, new: np.ndarray) -> list[NameUpdate]:
        """The names that accepted calls bring and that are not known to be the latest."""
        if len(self._known_names) > _MAX_KNOWN_NAMES:
            self._known_names.clear()
        organizations = calls.texts["organization"]
        updates: dict[tuple[Kind, str, str], str] = {}
        for row in new.tolist():
            call = calls.calls[row]
            for kind, id_field, name_field in _NAMES:
                name, id_ = getattr(call, name_field), getattr(call, id_field)
                if name and id_:
                    updates[kind, organizations.distinct[organizations.codes[row]], id_] = name
        changed = {key: name for key, name in updates.items() if self._known_names.get(key) != name}
        self._known_names.update(changed)
        return [NameUpdate(*key, name) for key, name in changed.items()]


def _distinct(numbers: Int32s) -> Int64s:
    """The different small numbers in a column, ascending."""
    return np.flatnonzero(np.bincount(numbers))


def _used(texts: TextColumn, codes: Int32s) -> tuple[Int64s, list[str]]:
    """Which of a column's texts some rows use: their codes and the texts."""
    used = _distinct(codes)
    if len(used) == len(texts.distinct):
        return used, texts.distinct
    return used, [texts.distinct[code] for code in used.tolist()]


def _paths(paths: TextColumn, new: np.ndarray) -> tuple[Int32s, list[str]]:
    """The paths of the new calls behind the empty one, and each call's index among them."""
    if paths.distinct == [""]:
        return np.zeros(len(new), np.int32), [""]
    codes = paths.codes[new]
    used, texts = _used(paths, codes)
    of_code = np.zeros(len(paths.distinct), np.int32)
    of_code[used] = np.arange(1, len(used) + 1)
    if "" in texts:
        of_code[used[texts.index("")]] = 0
    return of_code[codes], ["", *texts]


def _told(calls: PreparedCalls, verdicts: Verdicts) -> list[CallVerdict]:
    seen = verdicts.tolist()
    return [
        CallVerdict(calls.indexes[row], _VERDICT_OF[seen[row]], "id", _REASON_OF[seen[row]])
        for row in np.flatnonzero(verdicts != Seen.NEW).tolist()
    ]
