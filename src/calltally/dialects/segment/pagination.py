"""The pagination parameter, in every spelling that Segment's clients send."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from calltally.dialects.segment.contract import DEFAULT_COUNT, MAX_COUNT
from calltally.dialects.segment.parameters import Parameters

_NAME = "pagination"
_MEMBERS = {f"{_NAME}.{key}": key for key in ("count", "cursor")} | {
    f"{_NAME}[{key}]": key for key in ("count", "cursor")
}
_WHOLE_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pagination:
    """The page size, and the text of the cursor of its start; None is the first page."""

    count: int = DEFAULT_COUNT
    cursor: str | None = None


def from_segment_pagination(parameters: Parameters) -> Pagination:
    """Combines all spellings; absent or empty members have their defaults.

    The spellings are ``pagination={"count":10}``, ``pagination[count]=10`` and ``pagination.count=10``, and
    for the last also ``pagination=pagination.count=10``, as in an example of the documentation.
    """
    members = [(key, value) for key, value in _members(parameters) if value not in (None, "")]
    counts = [_count(parameters, value) for key, value in members if key == "count"]
    cursors = [_cursor(parameters, value) for key, value in members if key == "cursor"]
    count = parameters.one("pagination.count", (count for count in counts if count is not None))
    cursor = parameters.one("pagination.cursor", (cursor for cursor in cursors if cursor is not None))
    return Pagination(DEFAULT_COUNT if count is None else count, cursor)


def _members(parameters: Parameters) -> Iterator[tuple[str, Any]]:
    for name, value in parameters.pairs:
        if name in _MEMBERS:
            yield _MEMBERS[name], value
        elif name == _NAME:
            yield from _of_one_text(parameters, value)


def _of_one_text(parameters: Parameters, text: str) -> Iterator[tuple[str, Any]]:
    """The members of a single text: JSON, or a query string within the query string."""
    if not text.strip():
        return
    if text.startswith(f"{_NAME}."):
        pairs = parse_qsl(text, keep_blank_values=True)
        yield from ((_MEMBERS[name], value) for name, value in pairs if name in _MEMBERS)
        return
    try:
        value = json.loads(text, object_pairs_hook=tuple)  # pairs, so that a repeated key is detected
    except (ValueError, RecursionError):
        value = text
    if isinstance(value, tuple):
        yield from value
    elif value is not None:
        accepted = 'JSON such as {"count":200,"cursor":"…"}'
        parameters.refuse(_NAME, "must be a JSON object", received=text, accepted=accepted)


def _count(parameters: Parameters, value: Any) -> int | None:
    count = int(value) if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value) else value
    if type(count) is int and 1 <= count <= MAX_COUNT:  # True is an int, too
        return count
    problem = f"must be a whole number from 1 to {MAX_COUNT}"
    parameters.refuse("pagination.count", problem, received=_shown(value))
    return None


def _cursor(parameters: Parameters, value: Any) -> str | None:
    if isinstance(value, str):
        return value
    parameters.refuse("pagination.cursor", "must be a string", received=_shown(value))
    return None


def _shown(value: Any) -> object:
    return value if isinstance(value, (str, int, float)) else "a list or an object"
