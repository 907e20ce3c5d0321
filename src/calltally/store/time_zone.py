"""Time zones by name."""

from zoneinfo import ZoneInfo

from calltally.errors import InvalidInputError

_LONGEST = 64
"""Most characters of a name: twice the longest existing one. Each slash costs the lookup one recursion."""


def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone with a name; raises `InvalidInputError` if there is none."""
    try:
        if len(name) > _LONGEST:
            raise ValueError("the name is too long")
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        shown = name[:_LONGEST]
        raise InvalidInputError(
            f"unknown time zone {shown!r}",
            field="time_zone",
            received=shown,
            accepted="a name of the IANA time zone database such as Europe/Berlin, or UTC",
        ) from error
