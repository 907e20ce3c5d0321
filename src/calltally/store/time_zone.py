"""Time zones by the names that people ask for."""

from zoneinfo import ZoneInfo

from calltally.errors import InvalidInputError


def time_zone(name: str) -> ZoneInfo:
    """The IANA time zone of a name; raises `InvalidInputError` where there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInputError(
            f"there is no time zone {name!r}",
            field="time_zone",
            received=name,
            accepted="a name of the IANA time zone database such as Europe/Berlin, or UTC",
        ) from error
