"""Genesys's pages: a size, and a cursor for the position."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b

from msgspec import UNSET, UnsetType

from calltally.dialects.genesys.bad_request import invalid_parameter
from calltally.dialects.genesys.contract import MAX_PAGE_SIZE, Cursors
from calltally.dialects.genesys.parameters import Parameters

_NO_SIZE = (None, "", "0")
"""Values that mean the default size: empty, JavaScript's null, and 0, which the Go SDK sends for none."""

_OFFSET_BYTES = 4
_CHECK_BYTES = 8
_CURSOR = re.compile("[A-Za-z0-9_-]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """At most ``size`` records after the first ``offset`` ones."""

    size: int = MAX_PAGE_SIZE
    offset: int = 0

    @property
    def end(self) -> int:
        return self.offset + self.size


def from_genesys_page(parameters: Parameters, execution_id: str, default_size: int = MAX_PAGE_SIZE) -> Page:
    """Read a page; raises `BadRequestError` for a size outside 1 to 1000 and a cursor of another
    execution."""
    size = _size(parameters.get("pageSize"), default_size)
    return Page(size, _offset(parameters.get("after"), execution_id))


def to_genesys_cursors(page: Page, records: int, execution_id: str) -> Cursors | UnsetType:
    """The cursors of a page of ``records`` records; unset if all records are on one page."""
    before = _cursor(page.offset, execution_id) if page.offset else None
    after = _cursor(page.end, execution_id) if page.end < records else None
    return Cursors(before, after) if before or after else UNSET


def to_genesys_next_uri(uri: str, page: Page, records: int, execution_id: str) -> str | UnsetType:
    """The URI of the next page; unset on the last page."""
    if page.end >= records:
        return UNSET
    return f"{uri}?pageSize={page.size}&after={_cursor(page.end, execution_id)}"


def _size(text: str | None, default: int) -> int:
    if text in _NO_SIZE:
        return default
    if text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= MAX_PAGE_SIZE:
        return int(text)
    raise invalid_parameter(text, "pageSize", f"a whole number from 1 to {MAX_PAGE_SIZE}")


def _offset(cursor: str | None, execution_id: str) -> int:
    if not cursor:
        return 0
    if _CURSOR.fullmatch(cursor):
        offset = int.from_bytes(urlsafe_b64decode(cursor)[:_OFFSET_BYTES], "big")
        if _cursor(offset, execution_id) == cursor:
            return offset
    raise invalid_parameter(cursor, "after", "the cursors of an earlier page of this execution")


def _cursor(offset: int, execution_id: str) -> str:
    """A token that is valid for one execution only. It is not secret: its bearer may read all records."""
    place = offset.to_bytes(_OFFSET_BYTES, "big")
    check = blake2b(place + execution_id.encode(), digest_size=_CHECK_BYTES).digest()
    return urlsafe_b64encode(place + check).decode()
