"""Answers as RFC 9112 delimits them, read by nothing but their own framing."""

from collections.abc import Iterable
from typing import NamedTuple

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class RawAnswer(NamedTuple):
    """One answer, and how often the client was told to go on before it."""

    status: int
    headers: dict[str, str]
    body: bytes
    continues: int


def raw_answers(stream: bytes, methods: Iterable[str]) -> list[RawAnswer]:
    """Takes a whole stream of answers apart; ``methods`` are those of the requests, in order.

    Raises `ValueError` for anything that is not an answer, and for an answer to nothing.
    """
    answers: list[RawAnswer] = []
    asked = iter(methods)
    while stream:
        continues = 0
        while stream.startswith(CONTINUE):
            stream = stream.removeprefix(CONTINUE)
            continues += 1
        answer, stream = _first(stream, next(asked, ""), continues)
        answers.append(answer)
    return answers


def _first(stream: bytes, method: str, continues: int) -> tuple[RawAnswer, bytes]:
    head, found, rest = stream.partition(b"\r\n\r\n")
    version, _, words = head.partition(b" ")
    if not found or version != b"HTTP/1.1" or not words[:3].isdigit() or not method:
        raise ValueError(f"not an answer: {stream[:300]!r}")
    status = int(words[:3])
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() in headers:
            raise ValueError(f"{name} comes twice in {head!r}")
        headers[name.lower()] = value.strip()
    if method == "HEAD" or status in (204, 304):
        return RawAnswer(status, headers, b"", continues), rest
    if headers.get("transfer-encoding") == "chunked":
        body, rest = _unchunked(rest)
        return RawAnswer(status, headers, body, continues), rest
    length = int(headers["content-length"])
    if len(rest) < length:
        raise ValueError(f"an answer was cut off: {stream[:300]!r}")
    return RawAnswer(status, headers, rest[:length], continues), rest[length:]


def _unchunked(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        if rest[length : length + 2] != b"\r\n":
            raise ValueError(f"a chunk does not end: {rest[:300]!r}")
        body, rest = body + rest[:length], rest[length + 2 :]
        if not length:
            return body, rest
