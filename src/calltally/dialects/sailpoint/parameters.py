"""The query string of SailPoint's operations."""

from urllib.parse import parse_qsl

from calltally.errors import InvalidInputError


class Parameters:
    """The parameters of a request by name.

    Raises `InvalidInputError` on creation for a query string that is not UTF-8, and when a parameter is read
    that was given more than once: choosing one silently could answer another query than the one that was
    meant.
    """

    def __init__(self, query_string: bytes) -> None:
        self._values: dict[str, list[str]] = {}
        try:
            pairs = parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise InvalidInputError(
                "it is not valid UTF-8",
                field="query string",
                received=query_string.decode("utf-8", "backslashreplace"),
                accepted="percent-encoded UTF-8",
            ) from None
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def get(self, name: str) -> str | None:
        """The value of a parameter as received; None if it is absent."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise InvalidInputError(
                f"it was given {len(values)} times",
                field=name,
                received=values,
                accepted="the parameter at most once",
            )
        return values[0] if values else None
