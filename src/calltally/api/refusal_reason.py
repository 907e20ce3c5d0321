"""Why a request with calls was refused as a whole, in a word for the books."""

from calltally.errors import (
    BusyError,
    CalltallyError,
    DiskShortError,
    InvalidInputError,
    NotAllowedError,
    TooLargeError,
    TooSlowError,
    UnsupportedMediaTypeError,
)
from calltally.ingest.cutting import TooManyCallsError

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
