"""The head of an answer, and how its body is framed."""

from collections.abc import Iterable
from http import HTTPStatus

from calltally.server.request_head import RequestHead

Headers = Iterable[tuple[bytes, bytes]]

_NO_BODY = frozenset((204, 304))
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}


class ResponseHead:
    """Frames an answer by its request: a HEAD, 204 or 304 has no body whatever the application gives.

    ``length`` is what the application announced, or None; then an answer in HTTP/1.1 goes in chunks and one
    in HTTP/1.0 ends with the connection.
    """

    def __init__(
        self, status: int, headers: Headers, common: Headers, request: RequestHead, *, keep_alive: bool
    ) -> None:
        """``common`` are headers of every answer. Raises `ValueError` for headers that cannot be sent."""
        self.has_body = request.method != "HEAD" and status not in _NO_BODY
        self.length: int | None = None
        self.keep_alive = keep_alive
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status]
        lines += [b"%b: %b" % header for header in common]
        for as_given, value in headers:
            name = as_given.lower()
            if name == b"content-length":
                self.length = int(value)
                if status == HTTPStatus.NO_CONTENT:
                    continue
            elif name == b"connection":
                self.keep_alive = self.keep_alive and b"close" not in value.lower()
                continue
            elif name == b"transfer-encoding":
                continue
            lines.append(b"%b: %b" % (name, value))
        self.is_chunked = self.has_body and self.length is None and request.version == "1.1"
        if self.is_chunked:
            lines.append(b"transfer-encoding: chunked")
        elif self.has_body and self.length is None:
            self.keep_alive = False
        if not self.keep_alive:
            lines.append(b"connection: close")
        self.bytes = b"\r\n".join((*lines, b"", b""))
        if not self.bytes.count(b"\n") == self.bytes.count(b"\r") == len(lines) + 1:
            raise ValueError("a header of the answer has a line end in it")
