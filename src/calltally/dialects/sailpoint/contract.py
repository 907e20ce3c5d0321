"""SailPoint's wire contract: the paths of its operations and their response bodies."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import msgspec

CONTENT_TYPE = "application/json;charset=UTF-8"
REQUEST_ID = "SLPT-Request-ID"
TOTAL_COUNT = "X-Total-Count"
EXPERIMENTAL = "X-SailPoint-Experimental"

MAX_LIMIT = 250
DEFAULT_LIMIT = 250
MAX_OFFSET = 2**31 - 1

SERVICE_VERSION = "v1"
"""The version of the service family, whose paths have it after the resource."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation and its published versions. ``{id}`` in ``rest`` is the source or account."""

    resource: str
    rest: str
    years: tuple[str, ...]

    @property
    def versions(self) -> tuple[str, ...]:
        return (SERVICE_VERSION, *self.years)

    def path(self, version: str) -> str:
        """The operation's path in one of its versions, from the root of the server."""
        if version == SERVICE_VERSION:
            return f"/{self.resource}/{version}/{self.rest}"
        return f"/{version}/{self.resource}/{self.rest}"


_SINCE_2025 = ("v2025", "v2026")
_ALL_YEARS = ("beta", "v3", "v2024", *_SINCE_2025)

GET_TOTAL_COUNT = Operation("api-usage", "count", _SINCE_2025)
LIST_API_SUMMARY = Operation("api-usage", "summary", _SINCE_2025)
GET_STATUS_BY_SOURCE_ID = Operation("source-usages", "{id}/status", _ALL_YEARS)
GET_USAGES_BY_SOURCE_ID = Operation("source-usages", "{id}/summaries", _ALL_YEARS)
GET_USAGES_BY_ACCOUNT_ID = Operation("account-usages", "{id}/summaries", _ALL_YEARS)

OPERATIONS = (
    GET_TOTAL_COUNT,
    LIST_API_SUMMARY,
    GET_STATUS_BY_SOURCE_ID,
    GET_USAGES_BY_SOURCE_ID,
    GET_USAGES_BY_ACCOUNT_ID,
)


class TotalCount(msgspec.Struct, frozen=True):
    """The number of calls in a span of time."""

    number_of_calls: int = msgspec.field(name="NumberOfCalls")


class SummaryResponse(msgspec.Struct, frozen=True):
    """The number of calls to one endpoint; ids in the endpoint are written ``<id>``."""

    requested_uri: str = msgspec.field(name="RequestedUri")
    number_of_calls: int = msgspec.field(name="NumberOfCalls")


class Status(StrEnum):
    COMPLETE = "COMPLETE"
    INCOMPLETE = "INCOMPLETE"


class SourceUsageStatus(msgspec.Struct, frozen=True):
    """Whether insights into a source's activity are available."""

    status: Status


class SourceUsage(msgspec.Struct, frozen=True):
    """The mean active days of a source's accounts in a month, which is given by its first day."""

    date: date
    count: float


class AccountUsage(msgspec.Struct, frozen=True):
    """The active days of an account in a month, which is given by its first day."""

    date: date
    count: int


class ErrorMessageDto(msgspec.Struct, frozen=True, rename="camel"):
    locale: str | None
    locale_origin: str | None
    text: str


class ErrorResponseDto(msgspec.Struct, frozen=True, rename="camel"):
    """The body of 400, 403, 404 and 5xx."""

    detail_code: str
    tracking_id: str
    messages: tuple[ErrorMessageDto, ...]
    causes: tuple[ErrorMessageDto, ...] = ()


class GatewayError(msgspec.Struct, frozen=True):
    """The body of 401, and of the 400 for a missing experimental header."""

    error: str


class RateLimitError(msgspec.Struct, frozen=True):
    """The body of 429."""

    message: str
