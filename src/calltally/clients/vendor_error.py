"""What can go wrong between a client and a vendor, told apart by what the caller can do about it."""

import httpx

from calltally.errors import CalltallyError


class VendorError(CalltallyError):
    """The root of all that follows. Its text holds no secret.

    ``status`` and ``headers`` are those of the response, None and empty if there was none. ``body`` is the
    vendor's own: one of its types where it is one of its shapes, else the JSON value, else the text.
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
    """The request can never work as it is; change it. Any 4xx that has no class of its own."""


class CredentialsError(VendorError):
    """The token or the client's secret is wrong, expired or revoked (401, or a refused login).

    A token that can be renewed was renewed before. Segment says this also where a permission is missing.
    """


class PermissionMissingError(VendorError):
    """The client is known and may not do this (403); an administrator must grant it."""


class UnknownTargetError(VendorError):
    """There is nothing at this path or under this id (404, 410)."""


class TryLaterError(VendorError):
    """Nothing is wrong with the request; the time or the number of retries did not suffice.

    ``retry_after`` is for how many seconds the vendor wants to be left alone, None if it did not say.
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
    """Too many requests were made (429); make fewer."""


class UnavailableError(TryLaterError):
    """The vendor, or something before it, cannot serve now (408, 502, 503, 504)."""


class VendorFaultError(VendorError):
    """Something broke at the vendor (any other 5xx); report it there, with the headers."""


class UnexpectedReplyError(VendorError):
    """What came is no answer to the question: another body than promised, a redirect, pages in a circle.

    Most often something else than the vendor answers at this address.
    """


class NoAnswerError(VendorError):
    """No whole response came; the cause tells why. Whether the vendor acted on the request is not known."""


class ExecutionError(VendorError):
    """An execution has no results; ``execution_id`` names it."""

    def __init__(
        self, message: str, *, execution_id: str = "", vendor: str = "", body: object = None
    ) -> None:
        super().__init__(message, vendor=vendor, body=body)
        self.execution_id = execution_id


class ExecutionFailedError(ExecutionError):
    """The vendor gave the execution up; ask anew."""


class ExecutionTimeoutError(ExecutionError, TimeoutError):
    """The execution was not complete in time; it goes on, and can be waited for again."""
