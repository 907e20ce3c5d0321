"""Heads of requests, parsed as RFC 9112 writes them."""

import re
from http import HTTPStatus

import httptools
from litestar.exceptions import HTTPException

from calltally.errors import InvalidInputError
from calltally.server.connection_limits import HEADERS, TARGET_BYTES
from calltally.server.head_buffer import NOT_A_REQUEST, head_is_too_long, target_is_too_long
from calltally.server.request_head import RequestHead

_FIRST_LINE = re.compile(rb"([A-Z-]+) ([!-~]+) HTTP/(1\.[01])\r\n")
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
_ABSOLUTE = re.compile(rb"(?i:https?)://[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]+(/[^?#]*)?(?:\?([^#]*))?")
_LONGEST_LENGTH = 19

_DECIDING = frozenset((b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"))
"""Headers that decide whether this is a request, where it ends and what follows it."""

_Deciding = dict[bytes, list[bytes]]


class HeadParser:
    """Parses whole heads with httptools and decides by itself where their requests end.

    httptools sees heads only, one at a time, so it has no say in where a body ends, whether it is there or
    what ``Upgrade`` makes of it. ``Upgrade`` is ignored, as RFC 9110 (7.8) allows.
    """

    def __init__(self) -> None:
        self._parser: httptools.HttpRequestParser | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._deciding: _Deciding = {}
        self._is_whole = False
        self._has_too_many = False

    def parse(self, head: bytes) -> RequestHead:
        """Raises `InvalidInputError`, or `HTTPException` for what has a status of its own."""
        line = _FIRST_LINE.match(head)
        if line is None or not head.count(b"\n") == head.count(b"\r\n") == head.count(b"\r"):
            raise InvalidInputError(NOT_A_REQUEST)
        method, target, version = line[1].decode(), line[2], line[3].decode()
        if len(target) > TARGET_BYTES:
            raise target_is_too_long()
        self._feed(head)
        path, query = _path_and_query(method, target)
        deciding = self._deciding
        _require_one_host(deciding.get(b"host", []), version)
        length = _length(deciding, version)
        if length != 0:
            self._parser = None  # it would take what comes next for the body
        return RequestHead(
            method,
            path,
            query,
            version,
            self._headers,
            length,
            keep_alive=version == "1.1" and b"close" not in _tokens(deciding.get(b"connection", [])),
            expects_continue=version == "1.1" and _expects_continue(deciding) and length != 0,
        )

    def close(self) -> None:
        """Lets go of the parser, which refers back to this object."""
        self._parser = None

    # called by httptools

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self._headers) == HEADERS:
            self._has_too_many = True
            raise ValueError
        name, value = name.lower(), value.strip(b" \t")
        self._headers.append((name, value))
        if name in _DECIDING:
            self._deciding.setdefault(name, []).append(value)

    def on_headers_complete(self) -> None:
        self._is_whole = True

    def _feed(self, head: bytes) -> None:
        parser = self._parser or httptools.HttpRequestParser(self)
        self._parser = None
        self._headers, self._deciding = [], {}
        self._is_whole = self._has_too_many = False
        try:
            parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            if self._has_too_many:
                raise head_is_too_long() from None
            raise InvalidInputError(NOT_A_REQUEST) from None
        else:
            self._parser = parser
        if not self._is_whole:
            raise InvalidInputError(NOT_A_REQUEST)


def _path_and_query(method: str, target: bytes) -> tuple[bytes, bytes]:
    if target.startswith(b"/") and b"#" not in target and method != "CONNECT":
        path, _, query = target.partition(b"?")
        return path, query
    if target == b"*" and method == "OPTIONS":
        return target, b""
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None or method == "CONNECT":
        accepted = "a path that begins with /, or a URL with http:// or https://"
        raise _wrong("request target", target, accepted)
    return absolute[1] or b"/", absolute[2] or b""


def _require_one_host(hosts: list[bytes], version: str) -> None:
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        reason = f"there are {len(hosts)} Host headers"
        raise InvalidInputError(reason, field="Host", received=len(hosts), accepted="exactly one Host header")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise _wrong("Host", hosts[0], "a host with or without a port")


def _length(deciding: _Deciding, version: str) -> int | None:
    """The length of the body, None if it comes in chunks."""
    codings = deciding.get(b"transfer-encoding")
    lengths = deciding.get(b"content-length")
    if codings is not None:
        if lengths is not None:
            reason = "Transfer-Encoding and Content-Length exclude each other"
            raise InvalidInputError(reason, field="Transfer-Encoding", accepted="one of the two")
        if version != "1.1" or len(codings) > 1 or codings[0].lower() != b"chunked":
            raise _wrong("Transfer-Encoding", b", ".join(codings), "chunked, in HTTP/1.1")
        return None
    if lengths is None:
        return 0
    if len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > _LONGEST_LENGTH:
        raise _wrong("Content-Length", b", ".join(lengths), "one number of bytes")
    return int(lengths[0])


def _expects_continue(deciding: _Deciding) -> bool:
    expected = deciding.get(b"expect")
    if expected is None:
        return False
    if [value.lower() for value in expected] != [b"100-continue"]:
        text = "Expect takes 100-continue and nothing else"
        raise HTTPException(text, status_code=HTTPStatus.EXPECTATION_FAILED)
    return True


def _tokens(values: list[bytes]) -> list[bytes]:
    return [token.strip(b" \t").lower() for value in values for token in value.split(b",")]


def _wrong(field: str, received: bytes, accepted: str) -> InvalidInputError:
    text = received.decode("latin-1")
    return InvalidInputError(f"this {field} is not served", field=field, received=text, accepted=accepted)
