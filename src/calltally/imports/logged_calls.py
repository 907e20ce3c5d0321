"""Builds calls from lines of an access log."""

from enum import Enum

from calltally.call import Call
from calltally.imports.log_line import LoggedRequest


class LogField(Enum):
    """The fields of a line that identify the caller."""

    ADDRESS = "address"
    USER = "user"

    @classmethod
    def of(cls, text: str) -> "LogField | str":
        """The field with a name, or the text itself."""
        return cls(text) if text in {field.value for field in cls} else text

    def read(self, request: LoggedRequest) -> str:
        """The value of this field in a line."""
        return request.address if self is LogField.ADDRESS else request.user


class LoggedCalls:
    """Builds the calls of one log. ``client_id`` and ``user_id`` are a field or a text for all calls."""

    def __init__(self, origin: str, client_id: LogField | str, user_id: LogField | str) -> None:
        self.origin = origin
        self.client_id = client_id
        self.user_id = user_id

    def call(self, request: LoggedRequest, digest: str, ordinal: int) -> Call:
        """The call of a line, given the hexadecimal digits of its digest and its ordinal."""
        client, user = self.client_id, self.user_id
        return Call(
            id=f"{digest}-{ordinal}",
            time=request.time,
            origin=self.origin,
            client_id=client.read(request) if isinstance(client, LogField) else client,
            user_id=user.read(request) if isinstance(user, LogField) else user,
            method=request.method,
            path=request.path,
            status=request.status,
            response_bytes=request.response_bytes,
        )
