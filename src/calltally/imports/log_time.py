"""Times in access logs."""

from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS, 1)}
_LENGTH = len("10/Oct/2000:13:55:36 -0700")
_SECONDS = frozenset(f"{second:02}" for second in range(60))


@lru_cache(maxsize=4096)
def utc_text(logged: str) -> str | None:
    """Convert ``10/Oct/2000:13:55:36 -0700`` to ``2000-10-10T20:55:36Z``; None for any other text.

    Also None for dates and times that do not exist in the years 1 to 9999. A leap second is kept where
    `instants.parse_instant` accepts one: at 23:59:60 in UTC.
    """
    if len(logged) != _LENGTH:
        return None
    minute = _utc_minute(logged[:18], logged[20:])
    seconds = logged[18:20]
    if minute is None or (seconds not in _SECONDS and not (seconds == "60" and minute.endswith("T23:59"))):
        return None
    return f"{minute}:{seconds}Z"


@lru_cache(maxsize=1024)
def _utc_minute(logged: str, zone: str) -> str | None:
    """The minute of ``10/Oct/2000:13:55:`` and `` -0700``; offsets are whole minutes and keep the seconds."""
    digits = logged[:2] + logged[7:11] + logged[12:14] + logged[15:17] + zone[2:]
    separators = logged[2] + logged[6] + logged[11] + logged[14] + logged[17] + zone[0]
    if not (digits.isascii() and digits.isdigit()) or separators != "//::: ":
        return None
    if zone[1] not in "+-" or zone[4:] > "59" or logged[3:6] not in _MONTH_NUMBERS:
        return None
    offset = timedelta(hours=int(zone[2:4]), minutes=int(zone[4:]))
    try:
        local = datetime(
            int(logged[7:11]),
            _MONTH_NUMBERS[logged[3:6]],
            int(logged[:2]),
            int(logged[12:14]),
            int(logged[15:17]),
            tzinfo=timezone(-offset if zone[1] == "-" else offset),
        )
        return local.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="minutes")
    except (ValueError, OverflowError):
        return None
