"""Converts errors to Segment's statuses and its envelope."""

import json
from dataclasses import dataclass, field
from http import HTTPStatus

from calltally.dialects.segment.contract import RequestError, RequestErrorEnvelope
from calltally.errors import (
    BusyError,
    CalltallyError,
    InvalidInputError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    OutOfServiceError,
    PrunedError,
    TooManyRequestsError,
)

_LONGEST_VALUE = 200
_MOST_FAULTS = 100
_CHALLENGE = 'Bearer realm="calltally"'
_SECONDS_UNTIL_RESTARTED = 5


class WrongMethodError(CalltallyError):
    """The path supports GET only."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error response."""

    status: HTTPStatus
    body: RequestErrorEnvelope
    headers: dict[str, str] = field(default_factory=dict)


def to_segment_refusal(error: Exception, request_id: str) -> Refusal:
    """The response to an error. Any unexpected error becomes a 500 without details.

    An `ExceptionGroup` of only `InvalidInputError` is one response with an error for each.
    """
    match error:
        case InvalidInputError() | ExceptionGroup():
            return _of_faults(error) or _of_the_unexpected(request_id)
        case NotAuthenticatedError():
            problem = ', error="invalid_token"' if error.credentials_were_sent else ""
            return _unauthorized(error.reason, problem)
        case NotAllowedError():
            scope = " ".join(error.any_of)
            return _unauthorized(str(error), f', error="insufficient_scope", scope="{scope}"')
        case NotFoundError():
            return _refusal(HTTPStatus.NOT_FOUND, "not-found", "Nothing is served at this path")
        case WrongMethodError():
            text = "This path answers GET only"
            return _refusal(
                HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", text, headers={"Allow": "GET"}
            )
        case TooManyRequestsError():
            return _too_many_requests(error)
        case BusyError():
            return _unavailable(f"The server is busy: {error}", error.retry_after)
        case OutOfServiceError():  # its text is for the operator and may name files
            return _unavailable("The server is about to end", _SECONDS_UNTIL_RESTARTED)
    return _of_the_unexpected(request_id)


def _of_faults(error: Exception) -> Refusal | None:
    """None if a group has anything but the caller's mistakes."""
    faults = [error] if isinstance(error, InvalidInputError) else _members(error)
    if faults is None:
        return None
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    errors = tuple(
        RequestError("input-validation", _message(fault), _field(fault) or None, status=int(status))
        for fault in faults[:_MOST_FAULTS]
    )
    return Refusal(status, RequestErrorEnvelope(errors))


def _field(fault: InvalidInputError) -> str:
    """The parameter of a fault; the days of a query are those of its period's month."""
    return "period" if isinstance(fault, PrunedError) else fault.field


def _members(error: Exception) -> list[InvalidInputError] | None:
    members = error.exceptions if isinstance(error, ExceptionGroup) else ()
    faults = [member for member in members if isinstance(member, InvalidInputError)]
    return faults if faults and len(faults) == len(members) else None


def _unauthorized(text: str, problem: str) -> Refusal:
    """Segment's 401 also covers a token that lacks a permission."""
    headers = {"WWW-Authenticate": _CHALLENGE + problem}
    return _refusal(HTTPStatus.UNAUTHORIZED, "unauthorized", text, headers=headers)


def _too_many_requests(error: TooManyRequestsError) -> Refusal:
    seconds = max(1, error.retry_after)
    points: dict[str, int | str] = {
        "remainingPoints": 0,
        "msBeforeNext": seconds * 1000,
        "consumedPoints": error.limit,
    }
    headers = {"Retry-After": str(seconds)}
    status = HTTPStatus.TOO_MANY_REQUESTS
    return _refusal(status, "RequestError", "Too many requests", data=points, headers=headers)


def _unavailable(text: str, retry_after: int) -> Refusal:
    headers = {"Retry-After": str(max(1, retry_after))}
    return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", text, headers=headers)


def _of_the_unexpected(request_id: str) -> Refusal:
    data: dict[str, int | str] = {"requestId": request_id}
    return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "server", "An internal fault occurred", data=data)


def _refusal(
    status: HTTPStatus,
    kind: str,
    message: str,
    *,
    data: dict[str, int | str] | None = None,
    headers: dict[str, str] | None = None,
) -> Refusal:
    error = RequestError(kind, message, data=data, status=int(status))
    return Refusal(status, RequestErrorEnvelope((error,)), headers or {})


def _message(fault: InvalidInputError) -> str:
    parts = [fault.reason]
    if fault.received is not None:
        parts.append(f"received: {_shown(fault.received)}")
    if fault.accepted:
        parts.append(f"accepted: {fault.accepted}")
    return "; ".join(parts)


def _shown(received: object) -> str:
    """A received value as JSON, shortened, with escapes for invalid Unicode."""
    text = json.dumps(received, ensure_ascii=False, default=str)
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
