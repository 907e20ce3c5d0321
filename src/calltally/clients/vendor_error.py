"""Errors between a client and a vendor, by what the caller can do about them."""

import httpx

from calltally.errors import CalltallyError


class VendorError(CalltallyError):
    """The base class of vendor errors. Its text has no secret.

    ``status`` and ``headers`` are those of the response, None and empty without one. ``body`` is the
    vendor's: one of its types if it fits one, else the JSON value, else the text.
    """

    def __init__(
        self,
        message: str,
        *,
        vendor: str = "",
        status: int | None = None,
        headers: httpx.Headers | None = None,
        body: object = None,
    ) -> None:
        super().__init__(message)
        self.vendor = vendor
        self.status = status
        self.headers = headers if headers is not None else httpx.Headers()
        self.body = body


class RejectedRequestError(VendorError):
    """The request is invalid; change it. Any 4xx without its own class."""


class CredentialsError(VendorError):
    """The token or the client's secret is wrong, expired or revoked (401, or a refused login).

    A renewable token was renewed before. Segment also returns this for a missing permission.
    """


class PermissionMissingError(VendorError):
    """The client lacks a permission (403); an administrator must grant it."""


class UnknownTargetError(VendorError):
    """The path or the id does not exist (404, 410)."""


class TryLaterError(VendorError):
    """The request is valid; the time or the number of retries did not suffice.

    ``retry_after`` is the delay in seconds that the vendor asks for, None if it gave none.
    """

    def __init__(
        self,
        message: str,
        *,
        vendor: str = "",
        status: int | None = None,
        headers: httpx.Headers | None = None,
        body: object = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, vendor=vendor, status=status, headers=headers, body=body)
        self.retry_after = retry_after


class RateLimitedError(TryLaterError):
    """Too many requests (429); send fewer."""


class UnavailableError(TryLaterError):
    """The vendor, or a proxy, is unavailable (408, 502, 503, 504)."""


class VendorFaultError(VendorError):
    """The vendor failed (any other 5xx); report it there, with the headers."""


class UnexpectedReplyError(VendorError):
    """The response does not match the request: an unexpected body, a redirect, or repeating pages.

    Usually another server than the vendor's is at this address.
    """


class NoAnswerError(VendorError):
    """No complete response was received; see the cause. The vendor may or may not have acted on the
    request."""


class ExecutionError(VendorError):
    """The execution ``execution_id`` has no results."""

    def __init__(
        self, message: str, *, execution_id: str = "", vendor: str = "", body: object = None
    ) -> None:
        super().__init__(message, vendor=vendor, body=body)
        self.execution_id = execution_id


class ExecutionFailedError(ExecutionError):
    """The execution failed at the vendor; start a new one."""


class ExecutionTimeoutError(ExecutionError, TimeoutError):
    """The execution was not complete in time; it continues, and can be waited for again."""
