"""Refusals at our own doors: RFC 9457 problem details, one shape for everything that goes wrong."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from calltally.errors import (
    BusyError,
    CalltallyError,
    DiskShortError,
    InvalidInputError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    OutOfServiceError,
    TooLargeError,
    TooManyRequestsError,
    TooSlowError,
    UnsupportedMediaTypeError,
)
from calltally.ingest.line_slices import TooManyCallsError

PROBLEM_JSON = "application/problem+json"

_LONGEST_VALUE = 200
_MOST_FAULTS = 100
_CHALLENGE = 'Bearer realm="calltally"'

_STATUSES: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (NotAuthenticatedError, HTTPStatus.UNAUTHORIZED),
    (NotAllowedError, HTTPStatus.FORBIDDEN),
    (NotFoundError, HTTPStatus.NOT_FOUND),
    (TooSlowError, HTTPStatus.REQUEST_TIMEOUT),
    (TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (UnsupportedMediaTypeError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (TooManyRequestsError, HTTPStatus.TOO_MANY_REQUESTS),
    (BusyError, HTTPStatus.SERVICE_UNAVAILABLE),
)
"""The first kind that an error is of decides; what is of none is our fault."""

log = structlog.get_logger()


class InvalidField(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing wrong with a request: where, what came, and what would be taken."""

    detail: str
    field: str = ""
    received: str | int | None = None
    accepted: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal, ready for the wire: header names in lower case, with the body's type and not its length."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Details(msgspec.Struct, frozen=True, omit_defaults=True):
    """The members of RFC 9457, and ``errors`` beside them; a title alone says what the status says."""

    title: str
    status: int
    detail: str = ""
    errors: tuple[InvalidField, ...] = ()


def problem_of(error: Exception) -> Problem:
    """The refusal that tells an error; what is not one of our kinds becomes a 500 that tells nothing of it.

    An `ExceptionGroup` of nothing but `InvalidInputError` is one refusal that names them all.
    """
    match error:
        case InvalidInputError() | ExceptionGroup():
            return _bad_request(error)
        case HTTPException():
            return _problem_of_litestar(error)
        case OutOfServiceError():  # its own text is for the operator and may name files
            detail = "the server is about to end; send again once it is back"
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return _problem(status, str(error), headers=_remedy(error))
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What a Litestar exception handler answers; the log gets what a 500 does not tell."""
    return _response(request, error, problem_of(error))


def owner_problem_of(error: Exception) -> Problem:
    """The same for the owner of the installation, who is also told what is wrong with it."""
    if isinstance(error, CalltallyError) and problem_of(error).status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
    return problem_of(error)


def owner_problem_response(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What a Litestar exception handler of the owner's doors answers."""
    return _response(request, error, owner_problem_of(error))


def _response(request: Request[Any, Any, Any], error: Exception, problem: Problem) -> Response[bytes]:
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, BusyError):
        log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    headers = {name.decode(): value.decode("latin-1") for name, value in problem.headers}
    media_type = headers.pop("content-type")
    return Response(problem.body, status_code=problem.status, headers=headers, media_type=media_type)


def _bad_request(error: Exception) -> Problem:
    faults = _faults(error)
    if faults is None:
        return _problem(HTTPStatus.INTERNAL_SERVER_ERROR)
    if len(faults) == 1:
        return _problem(HTTPStatus.BAD_REQUEST, faults[0].detail, faults)
    detail = f"{len(faults)} things are wrong; errors names the first {min(len(faults), _MOST_FAULTS)}"
    return _problem(HTTPStatus.BAD_REQUEST, detail, faults[:_MOST_FAULTS])


def _faults(error: Exception) -> tuple[InvalidField, ...] | None:
    """None where anything but the caller's mistakes is in a group."""
    if isinstance(error, InvalidInputError):
        return (InvalidField(error.reason, error.field, _shown(error.received), error.accepted),)
    if not isinstance(error, ExceptionGroup):
        return None
    parts = [_faults(part) for part in error.exceptions]
    faults = [fault for part in parts if part is not None for fault in part]
    return None if None in parts else tuple(faults)


def _problem_of_litestar(error: HTTPException) -> Problem:
    """The framework's own refusals: unknown paths, wrong methods, input that does not fit a signature."""
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _problem(error.status_code)
    faults = tuple(
        InvalidField(str(part.get("message", "")), str(part.get("key", "")))
        for part in (error.extra if isinstance(error.extra, list) else [])
        if isinstance(part, dict)
    )
    headers = {name.title(): value for name, value in (error.headers or {}).items()}
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            detail = "nothing is served at this path"
        case HTTPStatus.METHOD_NOT_ALLOWED:
            detail = f"this path does not take that method; accepted are {headers.get('Allow', 'others')}"
        case _:
            detail = error.detail
    return _problem(error.status_code, detail, faults, headers)


def _remedy(error: Exception) -> dict[str, str]:
    """The headers that tell a program what to do next."""
    match error:
        case NotAuthenticatedError():  # RFC 6750: a request without credentials is told no error code
            problem = ', error="invalid_token"' if error.credentials_were_sent else ""
            return {"WWW-Authenticate": _CHALLENGE + problem}
        case NotAllowedError():
            scope = " ".join(error.any_of)
            return {"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'}
        case BusyError():
            return {"Retry-After": str(max(1, error.retry_after))}
        case _:
            return {}


def _problem(
    status: int, detail: str = "", faults: Sequence[InvalidField] = (), headers: dict[str, str] | None = None
) -> Problem:
    known = status in HTTPStatus.__members__.values()
    details = _Details(HTTPStatus(status).phrase if known else "", status, detail, tuple(faults))
    told = {"content-type": PROBLEM_JSON, **(headers or {})}
    raw = [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in told.items()
    ]
    return Problem(status, raw, _encoded(details))


def _encoded(details: _Details) -> bytes:
    """As JSON; broken Unicode, which a query or a path may bring, comes back with question marks."""
    return json.dumps(msgspec.to_builtins(details), ensure_ascii=False).encode("utf-8", "replace")


def _shown(received: object) -> str | int | None:
    """A received value, short enough to be repeated and of a kind that JSON can carry exactly."""
    if received is None or isinstance(received, bool):
        return None if received is None else str(received).lower()
    if isinstance(received, int) and abs(received) < 2**53:
        return received
    text = received if isinstance(received, str) else str(received)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


_REASONS: tuple[tuple[type[CalltallyError], str], ...] = (
    (NotAllowedError, "not_allowed"),
    (DiskShortError, "disk_short"),
    (BusyError, "busy"),
    (TooLargeError, "too_large"),
    (TooSlowError, "too_slow"),
    (TooManyCallsError, "too_many_calls"),
    (UnsupportedMediaTypeError, "unsupported_type"),
)
"""The first kind that an error is of decides."""

REASONS = (*(reason for _, reason in _REASONS), "unreadable", "invalid_parameter", "failed")


def reason_of(error: CalltallyError) -> str:
    """One of `REASONS`."""
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason
    if isinstance(error, InvalidInputError):
        return "unreadable" if error.field == "body" else "invalid_parameter"
    return "failed"
