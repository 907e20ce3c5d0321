"""What can go wrong, told apart by what the caller can do about it.

Domain code raises these. Only a dialect's ``refusals.py``, ``api/`` and ``cli/`` turn them into status
codes, bodies and exit codes.
"""

from datetime import UTC, datetime


class CalltallyError(Exception):
    """The root of every error that Calltally raises on purpose."""


class InvalidInputError(CalltallyError):
    """The caller sent something that can never work; they must change it.

    ``field`` names the offending input in the words of the door it came through, ``received`` is the value
    as it came, ``accepted`` says what would be taken.
    """

    def __init__(self, reason: str, *, field: str = "", received: object = None, accepted: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field
        self.received = received
        self.accepted = accepted


class PrunedError(InvalidInputError):
    """The question reaches into days of which too little is kept to answer it; ``earliest`` can be asked.

    ``needed`` names what was pruned.
    """

    def __init__(self, earliest: datetime, received: datetime, *, needed: str = "calls") -> None:
        text = _written(earliest)
        super().__init__(
            f"the {needed} before {text} were pruned, and they are needed to answer this",
            field="from",
            received=_written(received),
            accepted=f"an instant from {text} on",
        )
        self.earliest = earliest


class TooManyGroupsError(InvalidInputError):
    """The answer would be made of more than ``most`` groups, too many to put them into order in memory."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"the answer has more than {most} groups",
            field="group_by",
            accepted="a shorter window, a coarser granularity, a filter or less to group by",
        )
        self.most = most


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


class NotAuthenticatedError(CalltallyError):
    """No credentials came, or they are wrong, expired or revoked; the caller must log in (again)."""

    def __init__(self, reason: str, *, credentials_were_sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.credentials_were_sent = credentials_were_sent


class NotAllowedError(CalltallyError):
    """The caller is known and lacks a permission; an administrator must grant one of ``any_of``."""

    def __init__(self, any_of: tuple[str, ...]) -> None:
        super().__init__(f"one of these permissions is needed: {', '.join(any_of)}")
        self.any_of = any_of


class NotFoundError(CalltallyError):
    """The named thing does not exist for this caller, whether or not another organization has one."""


class BusyError(CalltallyError):
    """Nothing is wrong with the request; it may be sent again after ``retry_after`` seconds."""

    def __init__(self, reason: str, *, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class DiskShortError(BusyError):
    """Less of the disk is free than must stay so; calls are taken in again once an operator made room."""


class TooManyRequestsError(BusyError):
    """The caller went over its own rate limit of ``limit`` requests in ``window`` seconds."""

    def __init__(self, *, limit: int, window: int, retry_after: int) -> None:
        super().__init__(f"more than {limit} requests in {window} seconds", retry_after=retry_after)
        self.limit = limit
        self.window = window


class TooLargeError(CalltallyError):
    """What was sent, as it came or unpacked, has more than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body is too large; accepted are at most {limit} bytes, unpacked")
        self.limit = limit


class TooSlowError(CalltallyError):
    """The rest of a request did not come in time; it may be sent again."""


class UnsupportedMediaTypeError(CalltallyError):
    """The content type or encoding is none that this door can read."""


class OutOfServiceError(CalltallyError):
    """The server can no longer keep its promises and is about to end; send again once it is back."""


class StoreFailedError(OutOfServiceError):
    """The store can do nothing more in this process; what it was given is in the journal or safely stored."""


class DamagedDataError(CalltallyError):
    """Stored data contradicts its checksum or itself; an operator must restore it. Nothing was changed."""


class DirectoryHeldError(CalltallyError):
    """Another process holds the data directory."""
