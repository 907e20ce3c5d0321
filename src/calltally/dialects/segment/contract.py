"""Segment's wire contract: the paths of its operations and their response bodies."""

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

DEFAULT_COUNT = 200
MAX_COUNT = 1000

RATE_LIMIT_CONSUMED = "X-RateLimit-Consumed"
RATE_LIMIT_REMAINING = "X-RateLimit-Remaining"
RATE_LIMIT_RESET = "X-RateLimit-Reset"


class Operation(StrEnum):
    """The operations; the value is the path, from the root of the server."""

    GET_DAILY_PER_SOURCE_API_CALLS_USAGE = "/usage/api-calls/sources/daily"
    GET_DAILY_WORKSPACE_API_CALLS_USAGE = "/usage/api-calls/daily"


class MediaType(StrEnum):
    """The media types of responses, the most general first; the bodies are the same."""

    JSON = "application/json"
    V1 = "application/vnd.segment.v1+json"
    V1_BETA = "application/vnd.segment.v1beta+json"
    V1_ALPHA = "application/vnd.segment.v1alpha+json"


T = TypeVar("T")


class Success(msgspec.Struct, Generic[T], frozen=True):
    """The body of every 200."""

    data: T


class PaginationOutput(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Cursors of this page and of the adjacent ones; the last page has no next one."""

    current: str
    next: str | None = None
    previous: str | None = None
    total_entries: int | None = None


class APICallSnapshot(msgspec.Struct, frozen=True, rename="camel"):
    """The number of calls from the start of the month through the day of ``timestamp``."""

    api_calls: str
    timestamp: str


class SourceAPICallSnapshot(msgspec.Struct, frozen=True, rename="camel"):
    """The number of calls of a source from the start of the month through the day of ``timestamp``."""

    source_id: str
    api_calls: str
    timestamp: str


class DailyPerSourceAPICallsUsage(msgspec.Struct, frozen=True):
    """A page of the per-source operation."""

    snapshots: tuple[SourceAPICallSnapshot, ...] = msgspec.field(name="dailyPerSourceAPICallsUsage")
    pagination: PaginationOutput


class DailyWorkspaceAPICallsUsage(msgspec.Struct, frozen=True):
    """A page of the workspace operation."""

    snapshots: tuple[APICallSnapshot, ...] = msgspec.field(name="dailyWorkspaceAPICallsUsage")
    pagination: PaginationOutput


class RequestError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One error; ``status`` is the status of the whole response."""

    type: str
    message: str | None = None
    field: str | None = None
    data: dict[str, int | str] | None = None
    status: int | None = None


class RequestErrorEnvelope(msgspec.Struct, frozen=True):
    """The body of every response other than 200; it has at least one error."""

    errors: tuple[RequestError, ...]
