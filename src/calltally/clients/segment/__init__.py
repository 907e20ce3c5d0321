"""Clients for Segment's usage operations, and the types of their results."""

from calltally.clients.segment.client import AsyncSegmentClient, SegmentClient
from calltally.clients.segment.workspace import SegmentWorkspace
from calltally.dialects.segment.contract import (
    APICallSnapshot,
    DailyPerSourceAPICallsUsage,
    DailyWorkspaceAPICallsUsage,
    PaginationOutput,
    RequestError,
    RequestErrorEnvelope,
    SourceAPICallSnapshot,
)

__all__ = [
    "APICallSnapshot",
    "AsyncSegmentClient",
    "DailyPerSourceAPICallsUsage",
    "DailyWorkspaceAPICallsUsage",
    "PaginationOutput",
    "RequestError",
    "RequestErrorEnvelope",
    "SegmentClient",
    "SegmentWorkspace",
    "SourceAPICallSnapshot",
]
