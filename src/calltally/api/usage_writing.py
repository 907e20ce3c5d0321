"""Answers of ``GET /v1/usage`` and ``GET /v1/outcomes`` as JSON and CSV."""

import csv
import io
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from calltally.harmless_text import for_spreadsheet
from calltally.query.outcome_report import OutcomeReport
from calltally.query.query_engine import Answer
from calltally.usage_query import UsageResult, Value

_VERDICTS = ("received", "accepted", "duplicate", "conflict", "rejected")
_NOTHING = (0, 0, 0, 0, 0)
_EPOCH = date(1970, 1, 1)


def usage_json(answer: Answer[UsageResult], zone: ZoneInfo, next_cursor: str | None) -> bytes:
    """``next`` is null on the last page; ``start`` carries the offset that the zone has at that instant."""
    columns = answer.value.columns
    rows = [
        dict(zip(columns, [_in_zone(value, zone) for value in row], strict=True)) for row in answer.value.rows
    ]
    return msgspec.json.encode(
        {"complete_up_to": written_instant(answer.complete_up_to), "rows": rows, "next": next_cursor}
    )


def usage_csv(result: UsageResult, zone: ZoneInfo) -> bytes:
    """RFC 4180 in UTF-8, with a header row.

    Texts are written `for_spreadsheet`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(result.columns)
    writer.writerows([_cell(value, zone) for value in row] for row in result.rows)
    return text.getvalue().encode()


def outcomes_json(answer: Answer[OutcomeReport], start: date, end: date) -> bytes:
    """The days from ``start`` to before ``end`` on which something was received or refused, ascending."""
    first, last = (start - _EPOCH).days, (end - _EPOCH).days
    books = answer.value
    days = [
        {
            "day": (_EPOCH + timedelta(days=day)).isoformat(),
            **dict(zip(_VERDICTS, books.verdicts.get(day, _NOTHING), strict=True)),
            "rejected_by": dict(sorted(books.rejections.get(day, {}).items())),
            "refused": dict(sorted(books.refusals.get(day, {}).items())),
        }
        for day in sorted({*books.verdicts, *books.refusals})
        if first <= day < last
    ]
    return msgspec.json.encode({"complete_up_to": written_instant(answer.complete_up_to), "days": days})


def written_instant(instant: datetime) -> str:
    """In RFC 3339, to the millisecond."""
    return _rfc_3339(instant, "milliseconds")


def _cell(value: Value, zone: ZoneInfo) -> str | int:
    return for_spreadsheet(value) if isinstance(value, str) else _in_zone(value, zone)


def _in_zone(value: Value, zone: ZoneInfo) -> str | int:
    """Instants as texts; in UTC where the zone's offset has seconds, which RFC 3339 cannot say."""
    if not isinstance(value, datetime):
        return value
    local = value.astimezone(zone)
    has_seconds = (local.utcoffset() or timedelta()) % timedelta(minutes=1)
    return _rfc_3339(value if has_seconds else local, "seconds")


def _rfc_3339(instant: datetime, precision: str) -> str:
    return instant.isoformat(timespec=precision).replace("+00:00", "Z")
