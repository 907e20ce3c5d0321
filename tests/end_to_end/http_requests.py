"""Requests in every framing, and what RFC 9110 and 9112 have a server make of each.

Every body in here is itself a request. Were its bytes taken for one, there would be one answer too many.
"""

from dataclasses import dataclass

SMUGGLED = b"smuggled"
TOKEN = b"TOKEN"
"""Stands for an access token in what follows."""

BODY = b"GET /v1/usage?from=" + SMUGGLED + b" HTTP/1.1\r\nHost: x\r\n\r\n"

UPGRADES: dict[str, tuple[bytes, ...]] = {
    "plain": (),
    "h2c": (
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAAQBAAAAAAIAAAAA",
    ),
    "websocket": (
        b"Connection: keep-alive, Upgrade",
        b"Upgrade: websocket",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        b"Sec-WebSocket-Version: 13",
    ),
    "upgrade of nothing": (b"Connection: upgrade",),
}
"""Headers that change nothing (RFC 9110, 7.8)."""

EXPECTATIONS: dict[str, tuple[bytes, ...]] = {
    "expect": (b"Expect: 100-continue",),
    "expect and h2c": (b"Expect: 100-Continue", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"),
}
"""Headers that change nothing about where a request ends (RFC 9110, 10.1.1)."""

FRAMINGS: dict[str, tuple[bytes, bytes]] = {
    "no body": (b"", b""),
    "length 0": (b"Content-Length: 0\r\n", b""),
    "length": (b"Content-Length: %d\r\n" % len(BODY), BODY),
    "one chunk": (b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)),
    "chunks": (
        b"transfer-encoding: Chunked\r\n",
        b'5\r\n%b\r\n00%X;a=b;c="d"\r\n%b\r\n0\r\nX-Trailer: GET / HTTP/1.1\r\nContent-Length: 9\r\n\r\n'
        % (BODY[:5], len(BODY) - 5, BODY[5:]),
    ),
    "no chunks": (b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
}
"""Headers and bytes of a body, by how it is framed (RFC 9112, 6 and 7)."""

METHODS: dict[str, tuple[str, int]] = {
    "GET": ("/healthz", 200),
    "HEAD": ("/healthz", 200),
    "POST": ("/v1/calls", 400),
    "PUT": ("/v1/calls", 405),
    "DELETE": ("/healthz", 405),
    "PATCH": ("/v1/usage", 405),
    "OPTIONS": ("/healthz", 204),
    "TRACE": ("/healthz", 405),
    "PROPFIND": ("/v1/calls", 405),
}
"""A path for each method and its status; the POST reads its body, which is not a call, and repeats it."""


@dataclass(frozen=True)
class FramingError:
    """A request of which nobody can say where it ends, or that must be refused."""

    request: bytes
    status: int = 400


def _head(*lines: bytes, method: bytes = b"POST /v1/calls HTTP/1.1", host: bytes = b"Host: x\r\n") -> bytes:
    known = (b"Authorization: Bearer " + TOKEN, b"Content-Type: application/json")
    return method + b"\r\n" + host + b"".join(line + b"\r\n" for line in (*known, *lines)) + b"\r\n"


def _chunked(body: bytes) -> FramingError:
    return FramingError(_head(b"Transfer-Encoding: chunked") + body)


def _with(*lines: bytes, status: int = 400) -> FramingError:
    return FramingError(_head(*lines) + BODY, status)


def _line(line: bytes, status: int = 400) -> FramingError:
    return FramingError(_head(method=line), status)


FRAMING_ERRORS: dict[str, FramingError] = {
    # RFC 9112, 6.1 and 6.3
    "length and chunked": _with(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "chunked and length": _with(b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "two lengths": _with(b"Content-Length: 5", b"Content-Length: 6"),
    "one length twice": _with(b"Content-Length: 5", b"Content-Length: 5"),
    "a list of lengths": _with(b"Content-Length: 5, 5"),
    "gzip and chunked": _with(b"Transfer-Encoding: gzip, chunked"),
    "chunked twice": _with(b"Transfer-Encoding: chunked, chunked"),
    "chunked in two headers": _with(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "identity": _with(b"Transfer-Encoding: identity"),
    "chunked and identity": _with(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    "xchunked": _with(b"Transfer-Encoding: xchunked"),
    "chunked in quotes": _with(b'Transfer-Encoding: "chunked"'),
    "chunked with a parameter": _with(b"Transfer-Encoding: chunked;q=1"),
    "an empty coding": _with(b"Transfer-Encoding: "),
    "vertical tab before chunked": _with(b"Transfer-Encoding: \x0bchunked"),
    "chunked in HTTP/1.0": FramingError(
        _head(b"Transfer-Encoding: chunked", method=b"POST /v1/calls HTTP/1.0") + b"0\r\n\r\n"
    ),
    # RFC 9110, 8.6: 1*DIGIT
    "length +5": _with(b"Content-Length: +5"),
    "length -5": _with(b"Content-Length: -5"),
    "length 0x5": _with(b"Content-Length: 0x5"),
    "length 5.0": _with(b"Content-Length: 5.0"),
    "length 5_0": _with(b"Content-Length: 5_0"),
    "length 5 0": _with(b"Content-Length: 5 0"),
    "length in Arabic": _with("Content-Length: \N{ARABIC-INDIC DIGIT FIVE}".encode()),
    "an empty length": _with(b"Content-Length: "),
    "a length beyond 64 bits": _with(b"Content-Length: 18446744073709551621"),
    "a huge length": _with(b"Content-Length: " + b"9" * 1000),
    # RFC 9112, 5
    "space before the colon": _with(b"Content-Length : 5"),
    "tab before the colon": _with(b"Transfer-Encoding\t: chunked"),
    "a folded header": _with(b"X: a", b" Content-Length: 5"),
    "a folded length": _with(b"Content-Length:", b" 5"),
    "a fold before all headers": FramingError(_head(host=b" Host: x\r\n")),
    "no name": _with(b": x"),
    "no colon": _with(b"Content-Length 5"),
    "NUL in a value": _with(b"X: a\0b"),
    "NUL in a name": _with(b"X\0: a"),
    "a name in quotes": _with(b'"Content-Length": 5'),
    # RFC 9112, 2.2
    "bare LF behind a header": FramingError(_head(b"X: a\nContent-Length: 5")),
    "bare LF behind the request line": FramingError(b"GET /healthz HTTP/1.1\nHost: x\r\n\r\n"),
    "bare LF everywhere": FramingError(b"GET /healthz HTTP/1.1\nHost: x\n\n"),
    "bare LF as the last line": FramingError(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\n"),
    "bare CR in a value": FramingError(_head(b"X: a\rContent-Length: 5")),
    "bare CR behind a header": FramingError(b"GET /healthz HTTP/1.1\r\nHost: x\r\r\n\r\n"),
    "bare CR as a line": FramingError(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\r\n\r\n"),
    # RFC 9112, 3.2 and RFC 9110, 7.2
    "no Host": FramingError(_head(host=b"")),
    "two Hosts": FramingError(_head(b"Host: y")),
    "one Host twice": FramingError(_head(b"Host: x")),
    "a Host with a space": FramingError(_head(host=b"Host: x y\r\n")),
    "a Host with a path": FramingError(_head(host=b"Host: x/y\r\n")),
    "a list of Hosts": FramingError(_head(host=b"Host: x@y\r\n")),
    "two Hosts in HTTP/1.0": FramingError(_head(b"Host: y", method=b"GET /healthz HTTP/1.0")),
    # RFC 9112, 3
    "two spaces": _line(b"GET  /healthz HTTP/1.1"),
    "a tab": _line(b"GET\t/healthz HTTP/1.1"),
    "a space behind": _line(b"GET /healthz HTTP/1.1 "),
    "a space in the target": _line(b"GET /health z HTTP/1.1"),
    "a space before": _line(b" GET /healthz HTTP/1.1"),
    "no version": _line(b"GET /healthz"),
    "HTTP/0.9": _line(b"GET /healthz HTTP/0.9"),
    "HTTP/1.2": _line(b"GET /healthz HTTP/1.2"),
    "HTTP/2.0": _line(b"GET /healthz HTTP/2.0"),
    "HTTP/1.10": _line(b"GET /healthz HTTP/1.10"),
    "http in small letters": _line(b"GET /healthz http/1.1"),
    "another protocol": _line(b"GET /healthz RTSP/1.0"),
    "an unknown method": _line(b"FETCH /healthz HTTP/1.1"),
    "a method in small letters": _line(b"get /healthz HTTP/1.1"),
    "not ASCII in the target": _line(b"GET /\xc3\xa4 HTTP/1.1"),
    "NUL in the target": _line(b"GET /\0 HTTP/1.1"),
    "a fragment in the target": _line(b"GET /healthz#top HTTP/1.1"),
    "a relative target": _line(b"GET healthz HTTP/1.1"),
    "an empty target": _line(b"GET  HTTP/1.1"),
    "a target of another scheme": _line(b"GET ftp://x/healthz HTTP/1.1"),
    "a target with a user": _line(b"GET http://me@x/healthz HTTP/1.1"),
    "a target without a host": _line(b"GET http:///healthz HTTP/1.1"),
    "an asterisk for GET": _line(b"GET * HTTP/1.1"),
    "CONNECT": _line(b"CONNECT x:443 HTTP/1.1"),
    "CONNECT to a path": _line(b"CONNECT /healthz HTTP/1.1"),
    "the preface of HTTP/2": FramingError(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
    "the beginning of TLS": FramingError(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "words": FramingError(b"hello\r\n"),
    # RFC 9112, 7.1
    "chunk size 0x5": _chunked(b"0x5\r\nhello\r\n0\r\n\r\n"),
    "chunk size +5": _chunked(b"+5\r\nhello\r\n0\r\n\r\n"),
    "chunk size -5": _chunked(b"-5\r\nhello\r\n0\r\n\r\n"),
    "space before a chunk size": _chunked(b" 5\r\nhello\r\n0\r\n\r\n"),
    "space behind a chunk size": _chunked(b"5 \r\nhello\r\n0\r\n\r\n"),
    "no chunk size": _chunked(b"\r\nhello\r\n0\r\n\r\n"),
    "a chunk size in Arabic": _chunked("\N{ARABIC-INDIC DIGIT FIVE}\r\nhello\r\n0\r\n\r\n".encode()),
    "a chunk size beyond 64 bits": _chunked(b"1" + b"0" * 16 + b"\r\nhello\r\n0\r\n\r\n"),
    "a chunk longer than its size": _chunked(b"4\r\nhello\r\n0\r\n\r\n"),
    "a chunk shorter than its size": _chunked(b"6\r\nhello\r\n0\r\n\r\n"),
    "bare LF behind a chunk size": _chunked(b"5\nhello\r\n0\r\n\r\n"),
    "bare LF in a chunk extension": _chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    "bare CR in a chunk extension": _chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    "bare LF behind a chunk": _chunked(b"5\r\nhello\n0\r\n\r\n"),
    "bare CR behind a chunk": _chunked(b"5\r\nhello\r0\r\n\r\n"),
    "no line end behind a chunk": _chunked(b"5\r\nhello0\r\n\r\n"),
    "bare LF behind the last chunk": _chunked(b"5\r\nhello\r\n0\n\n"),
    "bare LF behind a trailer": _chunked(b"5\r\nhello\r\n0\r\nA: b\n\r\n"),
    "a trailer without a colon": _chunked(b"5\r\nhello\r\n0\r\nAuthorization\r\n\r\n"),
    "a folded trailer": _chunked(b"5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"),
    "a request in place of the last line": _chunked(b"0\r\n" + BODY),
    # with a status of their own
    "an unknown expectation": _with(b"Expect: 200-ok", b"Content-Length: %d" % len(BODY), status=417),
    "an expectation more": _with(b"Expect: 100-continue, x", b"Content-Length: %d" % len(BODY), status=417),
    "two expectations": _with(b"Expect: 100-continue", b"Expect: 100-continue", status=417),
    "an expectation without a body": FramingError(_head(b"Expect: x", method=b"GET /healthz HTTP/1.1"), 417),
    "a long target": _line(b"GET /" + b"a" * 33_000 + b" HTTP/1.1", 414),
    "101 headers": _with(*([b"X: y"] * 98), status=431),
    "a long header": _with(b"X: " + b"y" * 66_000, status=431),
    "a flood of chunk extensions": FramingError(
        _head(b"Transfer-Encoding: chunked") + b"1;%b\r\nx\r\n" % (b"y" * 1000) * 80, 431
    ),
    "a flood of trailers": FramingError(
        _head(b"Transfer-Encoding: chunked") + b"0\r\n" + b"A: b\r\n" * 20_000, 431
    ),
}
"""Each ends its connection with one refusal; bytes behind it are never a request."""

BENIGN: dict[str, tuple[bytes, int]] = {
    "HTTP/1.0 without Host": (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    "an empty Host": (b"GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 200),
    "a Host with a port": (b"GET /healthz HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 200),
    "an absolute target": (b"GET http://y:80/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
    "an absolute target without a path": (b"GET HTTP://y?a=/b HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 404),
    "empty lines before": (b"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200),
    "no space behind a colon": (b"GET /healthz HTTP/1.1\r\nHost:x\r\n\r\n", 200),
    "space behind a length": (b"PUT /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: \t3 \t\r\n\r\nabc", 405),
    "zeros before a length": (b"PUT /v1/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 0003\r\n\r\nabc", 405),
    "not ASCII in a value": (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: \xc3\xa4\xff\r\n\r\n", 200),
    "an empty value": (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX:\r\n\r\n", 200),
}
"""Requests that look odd and are valid."""
