"""The query string as Genesys's operations see it."""

from urllib.parse import parse_qsl

from calltally.dialects.genesys.bad_request import invalid_parameter, malformed


class Parameters:
    """The parameters of a request by name, read like a form: a plus is a blank.

    Raises `BadRequestError` for what is not UTF-8 when made, and for a parameter given twice when that one is
    asked for: to choose silently could answer another question than the one that was meant.
    """

    def __init__(self, query_string: bytes) -> None:
        self._values: dict[str, list[str]] = {}
        try:
            pairs = parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict")
        except UnicodeDecodeError:
            raise malformed() from None
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def get(self, name: str) -> str | None:
        """The value of a parameter as it came, None when it did not come."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise invalid_parameter(values, name, "one value")
        return values[0] if values else None
