"""The query string of Genesys's operations."""

from urllib.parse import parse_qsl

from calltally.dialects.genesys.bad_request import invalid_parameter, malformed


class Parameters:
    """The parameters of a request by name, decoded like a form: a plus is a blank.

    Raises `BadRequestError` on creation for a query string that is not UTF-8, and when a parameter is read
    that was given more than once: choosing one silently could answer another query than the one that was
    meant.
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
        """The value of a parameter as received; None if it is absent."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise invalid_parameter(values, name, "one value")
        return values[0] if values else None
