"""Pages of what is kept for inspection: corrections, conflicts and rejected calls, the newest first."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from calltally.api.parameters import Parameters, whole_number
from calltally.api.usage_cursor import UsageCursor
from calltally.api.usage_window import read_date
from calltally.api.usage_writing import written_instant
from calltally.clock import instant_ms
from calltally.store.kept import KeptPage

T = TypeVar("T")

DEFAULT_ROWS = 100
MOST_ROWS = 1000

_MOST_BYTES = 4 * 2**20
_EPOCH = date(1970, 1, 1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class InspectionRequest:
    """Which entries of a list are asked for: those received on some UTC days, and of them one page.

    Entries are numbered as they come, so a page is told by the number that it lies below, and what comes in
    between two pages moves nothing.
    """

    organization: str
    bound: tuple[tuple[str, str], ...]
    days: tuple[int, int]
    code: str | None
    limit: int
    below: int | None
    asked_at_ms: int

    @property
    def wanted(self) -> KeptPage:
        """The rows of the page, and one more where there are more."""
        page = KeptPage(self.days, limit=self.limit + 1, code=self.code)
        return page if self.below is None else replace(page, below=self.below)

    def page(
        self,
        complete_up_to: datetime,
        found: Sequence[tuple[int, T]],
        written: Callable[[T], dict[str, Any]],
        **more: int,
    ) -> bytes:
        """The answer as JSON. A page ends early, behind its first row, when its rows grow very large.

        ``found`` is what was wanted, each entry with its number.
        """
        rows: list[msgspec.Raw] = []
        size = 0
        for _, one in found[: self.limit]:
            if size >= _MOST_BYTES:
                break
            row = msgspec.json.encode(written(one))
            size += len(row)
            rows.append(msgspec.Raw(row))
        following = None
        if len(rows) < len(found):
            cursor = UsageCursor(self.asked_at_ms, found[len(rows) - 1][0])
            following = cursor.sealed(self.organization, self.bound)
        return msgspec.json.encode(
            {"complete_up_to": written_instant(complete_up_to), "rows": rows, "next": following, **more}
        )


def read_book_question(
    query_string: bytes, organization: str, listed: str, now: datetime, *, by_code: bool = False
) -> InspectionRequest:
    """The question of an organization's caller; raises all faults together as `Parameters.check` does.

    ``listed`` names what is listed, so that a cursor of one list opens no other.
    """
    parameters = Parameters(query_string, ("from", "to", "limit", "cursor", *(["code"] if by_code else [])))
    pairs = [pair for pair in parameters.pairs if pair[0] not in ("cursor", "limit")]
    bound = (("listed", listed), *pairs)
    now_ms = instant_ms(now)

    def open_cursor(text: str) -> UsageCursor:
        return UsageCursor.opened(text, organization, bound, now_ms)

    cursor = parameters.one("cursor", open_cursor, None)
    start = parameters.one("from", read_date, _EPOCH)
    end = parameters.one("to", read_date, date.max)
    if start > end and parameters.are_sound("from", "to"):
        parameters.refuse(
            "from",
            f"from is later than to, which is {end}",
            received=start.isoformat(),
            accepted=f"a date up to {end}",
        )
    limit = parameters.one("limit", whole_number(1, MOST_ROWS), DEFAULT_ROWS)
    code = parameters.one("code", str, None)
    parameters.check()
    return InspectionRequest(
        organization,
        bound,
        ((start - _EPOCH) // _DAY, (end - _EPOCH) // _DAY),
        code,
        limit,
        None if cursor is None else cursor.offset,
        now_ms if cursor is None else cursor.asked_at_ms,
    )
