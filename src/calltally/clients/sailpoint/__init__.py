"""Clients for SailPoint's usage operations, and the types of their results."""

from calltally.clients.sailpoint.client import AsyncSailPointClient, SailPointClient
from calltally.clients.sailpoint.listing import Listing
from calltally.clients.sailpoint.tenant import SailPointTenant
from calltally.dialects.sailpoint.contract import (
    AccountUsage,
    ErrorResponseDto,
    GatewayError,
    RateLimitError,
    SourceUsage,
    SourceUsageStatus,
    Status,
    SummaryResponse,
    TotalCount,
)

__all__ = [
    "AccountUsage",
    "AsyncSailPointClient",
    "ErrorResponseDto",
    "GatewayError",
    "Listing",
    "RateLimitError",
    "SailPointClient",
    "SailPointTenant",
    "SourceUsage",
    "SourceUsageStatus",
    "Status",
    "SummaryResponse",
    "TotalCount",
]
