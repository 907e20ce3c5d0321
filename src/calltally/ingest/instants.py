"""Parses RFC 3339 instants to whole milliseconds, singly or as columns."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import numpy.typing as npt

from calltally.call_batch import Int64s
from calltally.clock import DAY_MS

_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_SHAPE = b"0000-00-00T00:00:00"
_SEPARATORS = {index: byte for index, byte in enumerate(_SHAPE) if byte != ord("0")}

FIRST_DAY = date(1970, 1, 1)
ACCEPTED = "an RFC 3339 instant such as 2026-03-01T10:15:00.250Z"


def parse_instant(text: str) -> int:
    """Milliseconds since 1970; finer digits are truncated. Raises `ValueError` with the reason.

    Seconds may be omitted. A leap second, which is always 23:59:60 in UTC, is the last millisecond before its
    end; whether that day had one is not checked.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 instant")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction, zulu, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset = timedelta()
    if not zulu:
        if int(offset_hours) > 23 or int(offset_minutes) > 59:
            raise ValueError("the offset from UTC is impossible")
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
        offset = -offset if sign == "-" else offset
    leap = second == 60
    try:
        local = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=timezone(offset))
    except ValueError as error:
        raise ValueError(f"an impossible date or time of day: {error}") from None
    whole = local - _EPOCH
    milliseconds = (whole.days * 86_400 + whole.seconds) * 1000
    if not leap:
        return milliseconds + int(f"{fraction or '0':0<3}"[:3])
    if (milliseconds + 1000) % DAY_MS:
        raise ValueError("an impossible time of day: a second of 60 only ever is 23:59:60 in UTC")
    return milliseconds + 999


def parse_instants(texts: Sequence[str]) -> Int64s | None:
    """A column of instants in UTC (``…Z``), or None if any of them is not clearly one.

    None is not a verdict: `parse_instant` then checks each text by itself.
    """
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    first = int(lengths[0])
    if (lengths == first).all():
        return _parse_alike(texts, first)
    result = np.empty(len(texts), np.int64)
    for length in np.unique(lengths).tolist():
        which = np.flatnonzero(lengths == length)
        parsed = _parse_alike([texts[index] for index in which.tolist()], length)
        if parsed is None:
            return None
        result[which] = parsed
    return result


def _parse_alike(texts: Sequence[str], length: int) -> Int64s | None:
    """Texts of one length."""
    joined = "".join(texts)
    fraction_digits = length - len(_SHAPE) - 2
    if not joined.isascii() or not (length == len(_SHAPE) + 1 or fraction_digits >= 1):
        return None
    grid = np.frombuffer(joined.encode("ascii"), np.uint8).reshape(-1, length)
    digits = grid - np.uint8(ord("0"))
    where = [index for index in range(len(_SHAPE)) if index not in _SEPARATORS]
    where += range(len(_SHAPE) + 1, length - 1)
    plain = (digits[:, where] <= 9).all() and (grid[:, -1] == ord("Z")).all()
    separators = _SEPARATORS if fraction_digits < 1 else {**_SEPARATORS, len(_SHAPE): ord(".")}
    if not plain or not all((grid[:, index] == byte).all() for index, byte in separators.items()):
        return None
    return _milliseconds(digits.astype(np.int64), fraction_digits)


def _milliseconds(d: npt.NDArray[np.int64], fraction_digits: int) -> Int64s | None:
    year = d[:, 0] * 1000 + d[:, 1] * 100 + d[:, 2] * 10 + d[:, 3]
    month = d[:, 5] * 10 + d[:, 6]
    day = d[:, 8] * 10 + d[:, 9]
    hour, minute, second = (d[:, i] * 10 + d[:, i + 1] for i in (11, 14, 17))
    if ((month < 1) | (month > 12) | (year < 1)).any():
        return None
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    last_day = _DAYS_IN_MONTH[month] + ((month == 2) & leap)
    if ((day < 1) | (day > last_day) | (hour > 23) | (minute > 59) | (second > 59)).any():
        return None
    # Days since 1970, counting years from March so that the leap day comes last.
    shifted = year - (month <= 2)
    era_days = shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400
    days = era_days + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719_468
    fraction = sum(d[:, 20 + i] * 10 ** (2 - i) for i in range(min(fraction_digits, 3)))
    result: Int64s = ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction
    return result
