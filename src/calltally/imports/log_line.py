"""One line of an access log in the common or the combined format.

nginx and Apache escape each value that they write, quoted or not: nginx writes ``\\xHH`` for a quote, a
backslash and whatever is not printable ASCII; Apache writes ``\\"``, ``\\\\``, a letter for some control
characters, and ``\\xhh`` for the rest. These are decoded in every value, including the address and the user.
Neither server writes a backslash before anything else; such a backslash, as in a log with escaping turned
off, is kept.
"""

import re

import msgspec

from calltally.call import MAX_ID_BYTES, MAX_METHOD_BYTES, MAX_PATH_BYTES, MAX_WHOLE_NUMBER
from calltally.imports.log_file import MAX_LINE_BYTES
from calltally.imports.log_time import utc_text


class LoggedRequest(msgspec.Struct, frozen=True, gc=False):
    """The content of a line; absent text is empty; a request that is not HTTP has neither method nor path."""

    address: str
    user: str
    time: str
    method: str
    path: str
    status: int
    response_bytes: int | None


class UnreadableLineError(ValueError):
    """A line that is not a call; the message has the reason."""


# Most lines: no escapes, no user with spaces, a plain request. Matches nothing that the slow path reads
# differently. The quantifiers are possessive: backtracking is never needed.
_PLAIN = re.compile(
    rf"([!#-\[\]-~]{{1,{MAX_ID_BYTES}}}+) - ([!#-\[\]-~]{{1,{MAX_ID_BYTES}}}+) \[(\d[^\]]{{25}})\] "
    rf'"([A-Z]{{1,{MAX_METHOD_BYTES}}}+) (/[!#->@-\[\]-~]{{0,{MAX_PATH_BYTES - 1}}}+)(?:\?[!#-\[\]-~]*+)?'
    r' HTTP/\d(?:\.\d)?" ([1-5]\d\d) (\d{1,18}+|-)(?: |\Z)',
    re.ASCII,
).match

# Up to the opening quote of the request; no user name can fake it, since servers escape quotes. A virtual
# host with its port may come first. The group is atomic: the first matching time is used.
_HEAD = re.compile(
    rb"(?>(?:[^\s:]++:\d{1,5} (?!- ))?(\S++) \S++ (.*?) "
    rb'\[(\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] ")',
    re.DOTALL,
).match
_TAIL = rb'" (\d++) (\d++|-)(?: |\Z)'
_ESCAPED_REQUEST = re.compile(rb'([^"\\]*+(?:\\.[^"\\]*+)*+)' + _TAIL, re.DOTALL).match
_RAW_REQUEST = re.compile(rb"(.*?)" + _TAIL, re.DOTALL).match

_ESCAPE = re.compile(rb'\\(?:x([0-9A-Fa-f]{2})|(["\\bnrtv]))')
_CONTROL_ESCAPES = {b"b": b"\b", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}

_REQUEST_LINE = re.compile(
    r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}) (\S.*?)( HTTP/[0-9](?:\.[0-9])?)?", re.DOTALL
).fullmatch
_SCHEME_AND_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*").match

_STATUS_OF_HTTP_0_9 = 9


def read_log_line(line: bytes) -> LoggedRequest:
    """Read a line without its line ending; raises `UnreadableLineError`.

    A line counts if its time and status can be read, whatever else it contains. A path's query string is
    dropped, text longer than a call allows is cut, and invalid bytes become U+FFFD.
    """
    if len(line) > MAX_LINE_BYTES:
        raise UnreadableLineError(f"longer than {MAX_LINE_BYTES} bytes")
    found = _PLAIN(line.decode("latin-1"))  # it matches ASCII only, and one decoding is faster than seven
    if found is None:
        return _read_carefully(line)
    address, user, logged_time, method, path, status, size = found.groups()
    time = utc_text(logged_time)
    if time is None:
        return _read_carefully(line)
    return LoggedRequest(
        address if address != "-" else "",
        user if user != "-" else "",
        time,
        method,
        path,
        int(status),
        int(size) if size != "-" else None,
    )


def _read_carefully(line: bytes) -> LoggedRequest:
    if not line.strip():
        raise UnreadableLineError("empty line")
    head = _HEAD(line)
    tail = head and (_ESCAPED_REQUEST(line, head.end()) or _RAW_REQUEST(line, head.end()))
    if not head or not tail:
        raise UnreadableLineError("not in the common or combined log format")
    address, user, logged_time = head.groups()
    request, status, size = tail.groups()
    if b"\0" in address + user:
        raise UnreadableLineError("damaged: NUL bytes before the time")
    time = utc_text(logged_time.decode())
    if time is None:
        raise UnreadableLineError(f"impossible time {logged_time.decode()}")
    method, path = _method_and_path(_text(request))
    return LoggedRequest(
        _cut(_text(address), MAX_ID_BYTES),
        _cut(_text(user), MAX_ID_BYTES),
        time,
        method,
        _cut(path, MAX_PATH_BYTES),
        _status(status),
        _size(size),
    )


def _method_and_path(request: str) -> tuple[str, str]:
    """The method and path; empty unless it is a request line. One without a protocol is HTTP/0.9, without
    spaces."""
    found = _REQUEST_LINE(request)
    if found is None:
        return "", ""
    method, target, protocol = found.groups()
    if not protocol and (" " in target or not target.startswith("/")):
        return "", ""
    path = target.partition("?")[0]
    if host := _SCHEME_AND_HOST(path):
        path = path[host.end() :] or "/"
    return method, path


def _status(text: bytes) -> int:
    status = int(text[:4])
    if status in (0, _STATUS_OF_HTTP_0_9):
        return 0
    if len(text) > 3 or not 100 <= status <= 599:
        raise UnreadableLineError(f"status {text[:20].decode()} is neither 0 nor 100 to 599")
    return status


def _size(text: bytes) -> int | None:
    if text == b"-":
        return None
    size = int(text[:20])
    return size if len(text) <= 20 and size <= MAX_WHOLE_NUMBER else None


def _text(logged: bytes) -> str:
    if logged in (b"-", b'""'):
        return ""
    if b"\\" in logged:
        logged = _ESCAPE.sub(_unescaped, logged)
    return logged.decode(errors="replace").replace("\0", "\ufffd")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    """The byte of ``\\xHH``, the control character of a letter, or the quote or backslash itself."""
    code, character = escape.groups()
    if code is not None:
        return bytes.fromhex(code.decode())
    return _CONTROL_ESCAPES.get(character, character)


def _cut(text: str, limit: int) -> str:
    if len(text) * 4 <= limit:
        return text
    return text.encode()[:limit].decode(errors="ignore")
