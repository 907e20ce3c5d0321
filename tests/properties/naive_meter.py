"""What a meter must say of calls, told by keeping every call in a dictionary."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from calltally.usage_query import Dimension

CONTENT = ("client_id", "user_id", "source_id", "account_id", "method", "route", "path")
MEASURES = ("duration_ms", "request_bytes", "response_bytes")


class NaiveMeter:
    """Counts calls of one organization that come in order, at one instant."""

    def __init__(self, now: datetime) -> None:
        self._earliest, self._latest = now - timedelta(days=35), now + timedelta(minutes=5)
        self.counted: dict[Hashable, Mapping[str, Any]] = {}
        self.verdicts: Counter[str] = Counter()

    def take(self, call: Mapping[str, Any]) -> str:
        """The verdict."""
        verdict = self._judge(call)
        self.verdicts[verdict] += 1
        return verdict

    def table(self, *group_by: Dimension) -> list[tuple[Any, ...]]:
        """Calls, those of each class and of 429, and active days, by day's group, in the groups' order."""
        groups: defaultdict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
        for call in self.standing():
            groups[tuple(value_of(call, dimension) for dimension in group_by)].append(call)
        return [(*group, *_metrics(groups[group])) for group in sorted(groups)]

    def standing(self) -> Sequence[Mapping[str, Any]]:
        """The calls that count."""
        return list(self.counted.values())

    def _judge(self, call: Mapping[str, Any]) -> str:
        status = call.get("status", 0)
        if not (self._earliest <= time_of(call) <= self._latest) or not (status == 0 or 100 <= status <= 599):
            return "rejected"
        first = self.counted.setdefault(identity_of(call), call)
        if first is call:
            return "accepted"
        return "duplicate" if content_of(first) == content_of(call) else "conflict"


def identity_of(call: Mapping[str, Any]) -> tuple[str, str]:
    return call["id"], call.get("origin", "")


def time_of(call: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(call["time"]).astimezone(UTC)


def content_of(call: Mapping[str, Any]) -> Hashable:
    time = time_of(call)
    path = re.split("[?#]", call.get("path", ""))[0]
    texts = tuple(path if name == "path" else call.get(name, "") for name in CONTENT)
    at = time.replace(microsecond=time.microsecond // 1000 * 1000)
    return at, texts, call.get("status", 0), tuple(call.get(name) for name in MEASURES)


def value_of(call: Mapping[str, Any], dimension: Dimension) -> Any:
    match dimension:
        case Dimension.STATUS:
            return call.get("status", 0)
        case Dimension.STATUS_CLASS:
            hundreds = call.get("status", 0) // 100
            return f"{hundreds}xx" if hundreds >= 2 else "none"
        case Dimension.ROUTE:
            path = re.split("[?#]", call.get("path", ""))[0]
            return call.get("route") or re.sub("/[0-9]+(?=/|$)", "/{id}", path)
    return call.get(str(dimension), "")


def _metrics(calls: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    statuses = [call.get("status", 0) for call in calls]
    classes = [sum(status // 100 == hundreds for status in statuses) for hundreds in (2, 3, 4)]
    failed = sum(status // 100 == 5 for status in statuses)
    return len(calls), *classes, statuses.count(429), failed, len({time_of(call).date() for call in calls})
