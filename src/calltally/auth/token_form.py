"""The bodies that a request for a token may have."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import parse_qsl

import msgspec
from multipart import MultipartError, PushMultipartParser, parse_options_header

from calltally.auth.token_refusal import invalid_request

PARAMETERS = ("grant_type", "client_id", "client_secret", "scope")
MAX_FIELDS = 100

Pairs = Iterable[tuple[str, str]]

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_JSON = "application/json"


def read_urlencoded(encoded: bytes) -> dict[str, str]:
    """The parameters of a query string or an urlencoded body."""
    try:
        # Without a limit on the fields, parsing them would take any amount of memory.
        pairs = parse_qsl(
            encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except UnicodeDecodeError as error:
        raise invalid_request("The parameters are not UTF-8.") from error
    except ValueError as error:
        raise invalid_request(f"There are more than {MAX_FIELDS} parameters.") from error
    return _parameters(pairs)


def read_body(content_type: str, body: bytes) -> dict[str, str]:
    """The parameters in a body of any accepted type; a type that is not told is detected.

    Raises `TokenRefusalError` for a body that cannot be read, with the status 415 for an unknown type.
    """
    if not body:
        return {}
    media_type, options = parse_options_header(content_type)
    if not media_type:
        media_type = _JSON if body.lstrip().startswith(b"{") else _FORM
    if media_type == _MULTIPART:
        return _read_multipart(body, options.get("boundary", ""))
    reader = _READERS.get(media_type)
    if reader is None:
        raise invalid_request(
            f"The content type is not accepted; accepted are {_FORM}, {_MULTIPART} and {_JSON}.", status=415
        )
    return reader(body)


def _read_multipart(body: bytes, boundary: str) -> dict[str, str]:
    pairs: list[tuple[str, str]] = []
    name, content = "", b""
    try:
        with PushMultipartParser(boundary.encode("latin-1"), max_segment_count=MAX_FIELDS) as parser:
            for event in parser.parse(body):
                if event is None:
                    pairs.append((name, content.decode()))
                elif isinstance(event, bytes | bytearray):
                    content += event
                else:
                    name, content = event.name, b""
    except (MultipartError, UnicodeError) as error:
        raise invalid_request("The multipart body is damaged, or holds more than fields in UTF-8.") from error
    return _parameters(pairs)


class _Parameters(msgspec.Struct):
    grant_type: str = ""
    client_id: str = ""
    client_secret: str = ""
    scope: str = ""


def _read_json(body: bytes) -> dict[str, str]:
    try:
        read = msgspec.json.decode(body, type=_Parameters)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise invalid_request(
            f"The JSON body is no object with texts for {', '.join(PARAMETERS)}."
        ) from error
    return _parameters(msgspec.structs.asdict(read).items())


_READERS: dict[str, Callable[[bytes], dict[str, str]]] = {_FORM: read_urlencoded, _JSON: _read_json}

_UNFIT = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
_MAX_LENGTH = 1024


def _parameters(pairs: Pairs) -> dict[str, str]:
    """The parameters that matter here; those without a value count as left out (RFC 6749, section 3.2)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in PARAMETERS or not value:
            continue
        if name in found:
            raise invalid_request(f"{name} was sent more than once.")
        if len(value) > _MAX_LENGTH or _UNFIT.search(value):
            raise invalid_request(
                f"{name} is longer than {_MAX_LENGTH} characters or holds control characters."
            )
        found[name] = value
    return found
