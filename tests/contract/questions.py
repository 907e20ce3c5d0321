"""Short ways to give a store calls and to ask it, for the contract's tests."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from calltally.call import Call
from calltally.store.usage_store import UsageStore
from calltally.usage_query import Dimension, Metric, Ordering, UsageQuery, UsageResult, Value
from calltally.window import Granularity, Window
from tests.call_batches import batch_of

Store = UsageStore

MARCH = ("2026-03-01", "2026-04-01")


def instant(text: str) -> datetime:
    """A date or an instant in UTC."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def window(start: str, end: str) -> Window:
    return Window(instant(start), instant(end))


def months(first: str, last: str) -> Window:
    """From the first of one month (``2026-03``) through the last day of another."""
    year, month = map(int, last.split("-"))
    return Window(instant(f"{first}-01"), datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC))


def apply(store: UsageStore, *calls: Call) -> None:
    """Gives a store calls in one batch."""
    store.apply(batch_of(store, *calls))


def answer(
    store: UsageStore,
    span: tuple[str, str] = MARCH,
    *,
    organization: str = "acme",
    per: str = "total",
    zone: str = "UTC",
    by: Iterable[str] = (),
    where: Mapping[str, Iterable[str]] | None = None,
    metrics: Iterable[str] = ("calls",),
    order: Iterable[str] = (),
    limit: int | None = None,
    offset: int = 0,
) -> UsageResult:
    """What a store answers; a column of ``order`` is written ``-calls`` when it descends."""
    return store.usage(
        UsageQuery(
            organization=organization,
            window=window(*span),
            granularity=Granularity(per),
            time_zone=zone,
            group_by=tuple(map(Dimension, by)),
            where={Dimension(name): frozenset(texts) for name, texts in (where or {}).items()},
            metrics=tuple(map(Metric, metrics)),
            order_by=tuple(Ordering(name.removeprefix("-"), name.startswith("-")) for name in order),
            limit=limit,
            offset=offset,
        )
    )


def rows(store: UsageStore, span: tuple[str, str] = MARCH, **asked: object) -> list[tuple[Value, ...]]:
    """The rows of an `answer`, with instants as texts such as ``2026-03-01T00:00Z``."""
    found = answer(store, span, **asked).rows  # type: ignore[arg-type]
    return [tuple(_text(value) if isinstance(value, datetime) else value for value in row) for row in found]


def count(store: UsageStore, span: tuple[str, str] = MARCH, **asked: object) -> Value:
    """The one number of an ungrouped total."""
    ((number,),) = rows(store, span, **asked)
    return number


def day_number(text: str) -> int:
    """Days since 1970-01-01."""
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def _text(at: datetime) -> str:
    assert at.tzinfo is UTC
    return at.isoformat(timespec="minutes" if at.second == 0 else "seconds").replace("+00:00", "Z")
