"""Converts errors to SailPoint's statuses and bodies."""

from dataclasses import dataclass, field
from http import HTTPStatus

import msgspec

from calltally.dialects.sailpoint.contract import (
    ErrorMessageDto,
    ErrorResponseDto,
    GatewayError,
    RateLimitError,
)
from calltally.dialects.sailpoint.filters import UnreadableFiltersError
from calltally.dialects.sailpoint.reading import ExperimentalHeaderError
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


class WrongMethodError(CalltallyError):
    """The path supports GET only."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error response."""

    status: HTTPStatus
    body: ErrorResponseDto | GatewayError | RateLimitError
    headers: dict[str, str] = field(default_factory=dict)


def to_sailpoint_refusal(error: Exception, tracking_id: str) -> Refusal:
    """The response to an error. Any unexpected error becomes a 500 without details."""
    match error:
        case ExperimentalHeaderError():
            return Refusal(HTTPStatus.BAD_REQUEST, GatewayError(error.reason))
        case NotAuthenticatedError():
            return Refusal(HTTPStatus.UNAUTHORIZED, GatewayError(error.reason), _challenge(error))
        case TooManyRequestsError():
            limit = RateLimitError(" Rate Limit Exceeded ")
            return Refusal(HTTPStatus.TOO_MANY_REQUESTS, limit, _retry_after(error))
        case BusyError():
            busy = _dto("503 Service unavailable", f"The server is busy: {error}.", tracking_id)
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, busy, _retry_after(error))
        case OutOfServiceError():
            ending = _dto("503 Service unavailable", "The server is about to end.", tracking_id)
            return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, ending, {"Retry-After": "5"})
    return _plain_refusal(error, tracking_id)


def _plain_refusal(error: Exception, tracking_id: str) -> Refusal:
    """The errors that need only status, code and text."""
    headers: dict[str, str] = {}
    match error:
        case UnreadableFiltersError():
            status, code = HTTPStatus.BAD_REQUEST, "400.0 Bad request syntax"
            text = f"The request could not be parsed. {_remedy(error)}"
        case PrunedError():  # it need not come from a parameter
            status, code = HTTPStatus.BAD_REQUEST, "400.1.3 Illegal value"
            text = f"The request cannot be answered. {_remedy(error)}"
        case InvalidInputError():
            status, code = HTTPStatus.BAD_REQUEST, "400.1.3 Illegal value"
            text = f'Value of "{error.field}" is empty or contains invalid data. {_remedy(error)}'
        case NotAllowedError():
            status, code = HTTPStatus.FORBIDDEN, "403 Forbidden"
            text = f"The server understood the request but refuses to authorize it: {error}."
        case NotFoundError():
            status, code = HTTPStatus.NOT_FOUND, "404 Not found"
            text = "The server did not find a current representation for the target resource."
        case WrongMethodError():
            status, code = HTTPStatus.METHOD_NOT_ALLOWED, "405 Method not allowed"
            text = "The target resource supports only the method GET."
            headers = {"Allow": "GET"}
        case _:
            status, code = HTTPStatus.INTERNAL_SERVER_ERROR, "500.0 Internal Fault"
            text = "An internal fault occurred."
    return Refusal(status, _dto(code, text, tracking_id), headers)


def _dto(code: str, text: str, tracking_id: str) -> ErrorResponseDto:
    """The same text twice, as in real responses: in the default language and in the requested one."""
    return ErrorResponseDto(
        detail_code=code,
        tracking_id=tracking_id,
        messages=(ErrorMessageDto("en-US", "DEFAULT", text), ErrorMessageDto("und", "REQUEST", text)),
    )


def _remedy(error: InvalidInputError) -> str:
    sentences = [error.reason[:1].upper() + error.reason[1:]]
    if error.received is not None:
        sentences.append(f"Received: {_shown(error.received)}")
    if error.accepted:
        sentences.append(f"Accepted: {error.accepted}")
    return " ".join(f"{sentence}." for sentence in sentences)


def _shown(received: object) -> str:
    text = msgspec.json.encode(received, enc_hook=str).decode()
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _challenge(error: NotAuthenticatedError) -> dict[str, str]:
    problem = ', error="invalid_token"' if error.credentials_were_sent else ""
    return {"WWW-Authenticate": f'Bearer realm="calltally"{problem}'}


def _retry_after(error: BusyError) -> dict[str, str]:
    return {"Retry-After": str(max(1, error.retry_after))}
