"""Converts error responses to errors."""

from typing import Any

import httpx

from calltally.clients.grant import TokenRefusal
from calltally.clients.retry_after import retry_after
from calltally.clients.vendor import VendorFault, fault_body
from calltally.clients.vendor_error import (
    CredentialsError,
    PermissionMissingError,
    RateLimitedError,
    RejectedRequestError,
    TryLaterError,
    UnavailableError,
    UnexpectedReplyError,
    UnknownTargetError,
    VendorError,
    VendorFaultError,
)
from calltally.clients.vendor_request import VendorRequest

_BY_STATUS: dict[int, type[VendorError]] = {
    401: CredentialsError,
    403: PermissionMissingError,
    404: UnknownTargetError,
    408: UnavailableError,
    410: UnknownTargetError,
    429: RateLimitedError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}
_BY_CLASS: dict[int, type[VendorError]] = {4: RejectedRequestError, 5: VendorFaultError}
_WRONG_CREDENTIALS = ("invalid_client", "invalid_grant", "unauthorized_client", "access_denied")


def refusal_of(
    vendor: str, request: VendorRequest, response: httpx.Response, fault: VendorFault
) -> VendorError:
    """The error for an unsuccessful response."""
    status = response.status_code
    kind = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, UnexpectedReplyError)
    return _error(kind, vendor, request, response, fault)


def login_refusal_of(vendor: str, request: VendorRequest, response: httpx.Response) -> VendorError:
    """The error for an unsuccessful response of a token endpoint."""
    body = fault_body(response, TokenRefusal)
    if not isinstance(body, TokenRefusal):
        return refusal_of(vendor, request, response, VendorFault(body, ""))
    fault = VendorFault(body, body.reason)
    if body.error in _WRONG_CREDENTIALS:
        return _error(CredentialsError, vendor, request, response, fault)
    return refusal_of(vendor, request, response, fault)


def _error(
    kind: type[VendorError], vendor: str, request: VendorRequest, response: httpx.Response, fault: VendorFault
) -> VendorError:
    reason = fault.message or response.reason_phrase
    status = response.status_code
    details: dict[str, Any] = {"status": status, "headers": response.headers, "body": fault.body}
    if issubclass(kind, TryLaterError):
        details["retry_after"] = retry_after(response.headers)
    message = f"{vendor} answered {request.method} {request.url} with {status}: {reason}".rstrip(": ")
    return kind(message, vendor=vendor, **details)
