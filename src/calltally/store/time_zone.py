"""Time zones by the names that people ask for."""

from zoneinfo import ZoneInfo

from calltally.errors import InvalidInputError

_LONGEST = 64
"""Characters of a name: twice the longest there is. Each slash costs the look-up a step of recursion."""


def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone of a name; raises `InvalidInputError` where there is none."""
    try:
        if len(name) > _LONGEST:
            raise ValueError("no name is so long")
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        shown = name[:_LONGEST]
        raise InvalidInputError(
            f"there is no time zone {shown!r}",
            field="time_zone",
            received=shown,
            accepted="a name of the IANA time zone database such as Europe/Berlin, or UTC",
        ) from error
