"""Dormant clients, sources and accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Dormant:
    """A client, source or account without recent calls; ``last_day`` is None if it never had one."""

    id: str
    name: str
    last_day: date | None


def dormant(last_days: Mapping[str, date], names: Mapping[str, str], since: date) -> list[Dormant]:
    """Everything that has a call or a name, and no call on a UTC day from ``since`` on.

    Those that never called come first, then those with the oldest last call; ties by id.
    """
    asleep = [
        Dormant(id_, names.get(id_, ""), last_days.get(id_))
        for id_ in {*last_days, *names}
        if last_days.get(id_, date.min) < since
    ]
    return sorted(asleep, key=lambda thing: (thing.last_day or date.min, thing.id))
