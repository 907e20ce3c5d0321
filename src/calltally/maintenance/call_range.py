"""The calls of a window that have certain values."""

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
    """A window, and the texts of which a call must have one; several dimensions must all hold."""

    window: Window
    where: Mapping[Dimension, frozenset[str]]
    derive_route: Callable[[str], str]

    def check(self, calls: Sequence[Call]) -> None:
        """Raises `InvalidInputError` for a call that does not lie here.

        A time that cannot be read is let pass: whoever counts the call says what is wrong with it.
        """
        for index, call in enumerate(calls):
            for field, value, accepted in self._contradictions(call):
                raise InvalidInputError(
                    f"call {index} is not among the calls to be replaced, by its {field}",
                    field=f"calls[{index}].{field}",
                    received=value,
                    accepted=accepted,
                )

    def subject(self, calls: int) -> dict[str, object]:
        """What is to be replaced, by how many calls, in the words of the calls' fields."""
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
