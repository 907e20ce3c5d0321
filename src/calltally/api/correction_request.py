"""``POST /v1/corrections``: from a body to what is to be corrected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from calltally.api.json_fields import JsonFields
from calltally.api.usage_parameters import filter_reader
from calltally.api.usage_window import read_moment
from calltally.call import Call, CallName
from calltally.errors import InvalidInputError
from calltally.ingest.call_decoder import UNREADABLE
from calltally.ingest.json_calls import decode_lines
from calltally.usage_query import Dimension
from calltally.window import Window

MOST_CALLS = 100_000
"""Calls that one correction may name, or bring."""

_WHY = "a text that tells why, for the list of corrections"
_IDS = 'a list of ids, each a text, or {"origin": "…", "id": "…"} where the call has an origin'
_CALLS = "a list of calls, as they are sent to be counted"
_MOMENT = "a date such as 2026-03-01 or an RFC 3339 instant such as 2026-03-01T10:15:00Z"
_FILTER = "a value or a list of values; numbers for status, else texts"

_UTC = ZoneInfo("UTC")
_NOWHEN = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC))


class NamedCall(msgspec.Struct, forbid_unknown_fields=True):
    """A call by the id that its sender gave it, and its origin."""

    id: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Takes the named calls back."""

    ids: tuple[CallName, ...]
    why: str


@dataclass(frozen=True, slots=True)
class AmendRequest:
    """Says the calls anew, each known by its id."""

    calls: tuple[Call, ...]
    why: str


@dataclass(frozen=True, slots=True)
class ReplaceRequest:
    """Puts calls in the place of all that are counted in a window."""

    window: Window
    calls: tuple[Call, ...]
    why: str
    where: Mapping[Dimension, frozenset[str]] = field(default_factory=dict)


FIELDS: dict[str, tuple[str, ...]] = {
    "cancel": ("action", "why", "ids"),
    "amend": ("action", "why", "calls"),
    "replace": ("action", "why", "from", "to", *map(str, Dimension), "calls"),
}
"""The fields of a body, by its action."""

_MOST_VALUES = 1000
_LONGEST_ID = 16 * 1024
_some_ids = msgspec.json.Decoder(list[str | NamedCall])

_SOME = msgspec.Meta(min_length=1, max_length=_MOST_VALUES)
_TEXTS = str | Annotated[list[str], _SOME]
_NUMBERS = int | Annotated[list[int], _SOME]


def read_correction(body: bytes, *, max_call_bytes: int) -> CancelRequest | AmendRequest | ReplaceRequest:
    """What a body asks for; raises `InvalidInputError`, or all faults together in an `ExceptionGroup`."""
    fields = JsonFields(body)
    actions = ", ".join(FIELDS)
    action = fields.read("action", str, actions, "")
    if action not in FIELDS:
        if not fields.faults:
            fields.refuse("action", f"there is no action {action[:80]!r}", received=action, accepted=actions)
        fields.check()
    fields.forbid_others(FIELDS[action])
    why = fields.read("why", str, _WHY, "")
    if action == "cancel":
        ids = tuple(_ids(fields))
        fields.check()
        return CancelRequest(ids, why)
    calls = _calls(fields, max_call_bytes)
    if action == "amend":
        fields.check()
        return AmendRequest(calls, why)
    window, where = _window(fields), _where(fields)
    fields.check()
    return ReplaceRequest(window, calls, why, where)


def _name(one: str | NamedCall) -> CallName:
    return CallName("", one) if isinstance(one, str) else CallName(one.origin, one.id)


def _ids(fields: JsonFields) -> Iterator[CallName]:
    found = fields.array("ids", _IDS, most=MOST_CALLS, longest=_LONGEST_ID)
    first = 0
    if found is None:
        return
    for slice_ in found.slices:
        items = slice_.items(found.lines)
        for named in _decoded_ids(items) or _faulty_ids(fields, items, first):
            yield _name(named)
        if fields.has_enough_faults:
            break
        first += slice_.received


def _decoded_ids(items: list[bytes]) -> list[str | NamedCall]:
    """Some ids at once; none where any of them is wrong."""
    if max(map(len, items)) > _LONGEST_ID:
        return []
    try:
        ids = _some_ids.decode(b"[%b]" % b",".join(items))
    except UNREADABLE:
        return []
    return ids if len(ids) == len(items) else []


def _faulty_ids(fields: JsonFields, items: list[bytes], first: int) -> Iterator[str | NamedCall]:
    for place, item in enumerate(items, first):
        name = f"ids[{place}]"
        if len(item) > _LONGEST_ID:
            reason = f"{name} has {len(item)} bytes; accepted are at most {_LONGEST_ID}"
            fields.refuse(name, reason, received=None, accepted=_IDS)
        else:
            yield fields.decode(item, name, str | NamedCall, _IDS, "")


def _calls(fields: JsonFields, max_call_bytes: int) -> tuple[Call, ...]:
    """The calls as far as they can be read; what else must be true of them is for whoever counts them."""
    found = fields.array("calls", _CALLS, most=MOST_CALLS, longest=max_call_bytes)
    calls: list[Call] = []
    first = 0
    if found is None:
        return ()
    for slice_ in found.slices:
        part = decode_lines(found.lines, slice_, first, max_call_bytes=max_call_bytes)
        calls += part.calls
        for place, fault, _ in part.unreadable:
            name = f"calls[{place}].{fault.field}".removesuffix(".")
            fields.refuse(name, f"{name} {fault.reason}", received=None, accepted="")
        if fields.has_enough_faults:
            break
        first += slice_.received
    return tuple(calls)


def _window(fields: JsonFields) -> Window:
    """Both ends must be said: nobody replaces everything by forgetting a field."""
    start, end = _moment(fields, "from"), _moment(fields, "to")
    if start is None or end is None:
        return _NOWHEN
    if start > end:
        fields.refuse(
            "from",
            f"from is later than to, which is {end.isoformat()}",
            received=start.isoformat(),
            accepted=f"a date or instant up to {end.isoformat()}",
        )
        return _NOWHEN
    return Window(start, end)


def _moment(fields: JsonFields, name: str) -> datetime | None:
    text: str | None = fields.read(name, str, _MOMENT, None)
    if text is None:
        return None
    try:
        return read_moment(text, _UTC)
    except InvalidInputError as error:
        fields.add(error, name, text)
        return None


def _where(fields: JsonFields) -> dict[Dimension, frozenset[str]]:
    where: dict[Dimension, frozenset[str]] = {}
    for dimension in Dimension:
        if dimension in fields:
            where[dimension] = frozenset(_values(fields, dimension))
    return where


def _values(fields: JsonFields, dimension: Dimension) -> Iterator[str]:
    kind = _NUMBERS if dimension is Dimension.STATUS else _TEXTS
    given: Any = fields.read(dimension, kind, _FILTER, [])
    for value in given if isinstance(given, list) else [given]:
        try:
            yield filter_reader(dimension)(str(value))
        except InvalidInputError as error:
            fields.add(error, dimension, value)
