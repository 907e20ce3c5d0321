"""A selection of calls by time and values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from calltally.call import Call
from calltally.clock import instant_of
from calltally.errors import InvalidInputError
from calltally.ingest.instants import parse_instant
from calltally.ingest.routes import without_query
from calltally.usage_query import Dimension, StatusClass
from calltally.window import Window


@dataclass(frozen=True, slots=True)
class CallRange:
    """A window, and the accepted texts per dimension; a call must match all dimensions."""

    window: Window
    where: Mapping[Dimension, frozenset[str]]
    derive_route: Callable[[str], str]

    def check(self, calls: Sequence[Call]) -> None:
        """Raise `InvalidInputError` for a call outside the range.

        A time that cannot be read is passed: the check of the call itself reports it.
        """
        for index, call in enumerate(calls):
            for field, value, accepted in self._contradictions(call):
                raise InvalidInputError(
                    f"call {index} is outside the range to be replaced, by its {field}",
                    field=f"calls[{index}].{field}",
                    received=value,
                    accepted=accepted,
                )

    def subject(self, calls: int) -> dict[str, object]:
        """The range to be replaced and the number of new calls, as fields of calls."""
        return {
            "from": self.window.start.isoformat(),
            "to": self.window.end.isoformat(),
            **{str(dimension): sorted(texts) for dimension, texts in self.where.items()},
            "calls": calls,
        }

    def _contradictions(self, call: Call) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        try:
            time = instant_of(parse_instant(call.time))
        except ValueError:
            return []
        if not self.window.start <= time < self.window.end:
            start, end = self.window.start.isoformat(), self.window.end.isoformat()
            found.append(("time", call.time, f"from {start} until before {end}"))
        for dimension, texts in self.where.items():
            value = self._value(call, dimension)
            if value not in texts:
                found.append((str(dimension), value, " or ".join(sorted(texts))))
        return found

    def _value(self, call: Call, dimension: Dimension) -> str:
        match dimension:
            case Dimension.STATUS_CLASS:
                answered = 200 <= call.status <= 599
                return str(StatusClass(f"{call.status // 100}xx") if answered else StatusClass.NONE)
            case Dimension.ROUTE:
                return call.route or self.derive_route(without_query(call.path))
            case _:
                return str(getattr(call, dimension))
