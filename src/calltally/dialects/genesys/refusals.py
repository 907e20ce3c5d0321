"""Converts errors to Genesys's statuses and bodies."""

from dataclasses import dataclass, field
from http import HTTPStatus

from msgspec import UNSET

from calltally.dialects.genesys.bad_request import bad_request_of
from calltally.dialects.genesys.contract import ErrorBody
from calltally.errors import (
    BusyError,
    CalltallyError,
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
from calltally.executions import TooManyExecutionsError

_NO_TOKEN = "No authentication bearer token specified in authorization header."  # noqa: S105 - a sentence
_FORBIDDEN = (
    "Unable to perform the requested action."
    " You must have at least one of the following permissions assigned: {permissions}"
)
_TIMED_OUT = (
    "The client did not produce a request within the server timeout limit."
    " This can be caused by a slow network connection and/or large payloads."
)
_UNSUPPORTED = (
    "Unsupported Media Type - Unsupported or incorrect media type,"
    " such as an incorrect Content-Type value in the header."
)
_UNAVAILABLE = (
    "Service Unavailable - The server is currently unavailable"
    " (because it is overloaded or down for maintenance)."
)
_UNEXPECTED = "The server encountered an unexpected condition which prevented it from fulfilling the request."

_HANG_UP = {"Connection": "close"}
"""Statuses for which a part of the request may still be in transit."""


class WrongMethodError(CalltallyError):
    """The path supports another method only."""

    def __init__(self, allowed: str) -> None:
        super().__init__(f"only {allowed} is supported")
        self.allowed = allowed


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error response."""

    status: HTTPStatus
    body: ErrorBody
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Problem:
    status: HTTPStatus
    code: str
    template: str
    params: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def to_genesys_refusal(error: Exception, context_id: str) -> Refusal:
    """The response to an error. Any unexpected error becomes a 500 without details."""
    problem = _problem_of_a_caller(error) or _problem_of_a_request(error) or _problem_of_ours(error)
    params = problem.params
    body = ErrorBody(
        message=problem.template.format(**params) if params else problem.template,
        code=problem.code,
        status=problem.status,
        message_with_params=problem.template if params else UNSET,
        message_params=params or UNSET,
        context_id=context_id,
    )
    return Refusal(problem.status, body, problem.headers)


def _problem_of_a_caller(error: Exception) -> _Problem | None:
    match error:
        case NotAuthenticatedError(credentials_were_sent=False):
            challenge = {"WWW-Authenticate": 'Bearer realm="calltally"'}
            return _Problem(HTTPStatus.UNAUTHORIZED, "authentication.required", _NO_TOKEN, headers=challenge)
        case NotAuthenticatedError():
            challenge = {"WWW-Authenticate": 'Bearer realm="calltally", error="invalid_token"'}
            sentence = "Invalid login credentials."
            return _Problem(HTTPStatus.UNAUTHORIZED, "bad.credentials", sentence, headers=challenge)
        case NotAllowedError():
            params = {"permissions": f"[{', '.join(error.any_of)}]"}
            return _Problem(HTTPStatus.FORBIDDEN, "missing.any.permissions", _FORBIDDEN, params)
        case TooManyRequestsError() | TooManyExecutionsError():
            seconds = str(max(1, error.retry_after))
            return _Problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "too.many.requests.retry.after",
                "Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds",
                {"seconds": seconds},
                {"Retry-After": seconds},
            )
    return None


def _problem_of_a_request(error: Exception) -> _Problem | None:
    match error:
        case InvalidInputError():
            bad = bad_request_of(error)
            return _Problem(HTTPStatus.BAD_REQUEST, bad.code, bad.template, bad.params)
        case NotFoundError():
            return _Problem(HTTPStatus.NOT_FOUND, "not.found", "The requested resource was not found.")
        case WrongMethodError():
            sentence = "The requested resource does not support this method."
            allow = {"Allow": error.allowed}
            return _Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method.not.allowed", sentence, headers=allow)
        case TooSlowError():
            return _Problem(HTTPStatus.REQUEST_TIMEOUT, "client.timeout", _TIMED_OUT, headers=_HANG_UP)
        case TooLargeError():
            return _Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "request.entity.too.large",
                "The request is over the size limit. Maximum bytes: {bytes}",
                {"bytes": str(error.limit)},
                _HANG_UP,
            )
        case UnsupportedMediaTypeError():
            return _Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported.media.type", _UNSUPPORTED)
    return None


def _problem_of_ours(error: Exception) -> _Problem:
    match error:
        case BusyError():
            retry = {"Retry-After": str(max(1, error.retry_after))}
            return _Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "service.unavailable", _UNAVAILABLE, headers=retry
            )
        case OutOfServiceError():
            return _Problem(HTTPStatus.SERVICE_UNAVAILABLE, "service.unavailable", _UNAVAILABLE)
        case TimeoutError():
            return _Problem(HTTPStatus.GATEWAY_TIMEOUT, "request.timeout", "The request timed out.")
        case _:
            return _Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal.server.error", _UNEXPECTED)
