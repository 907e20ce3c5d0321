"""Clients for the usage operations of SailPoint, Segment and Genesys Cloud, and of compatible servers."""

from calltally.clients.genesys import AsyncGenesysClient, GenesysClient, GenesysOrganization
from calltally.clients.retry_policy import RetryPolicy
from calltally.clients.sailpoint import AsyncSailPointClient, SailPointClient, SailPointTenant
from calltally.clients.segment import AsyncSegmentClient, SegmentClient, SegmentWorkspace
from calltally.clients.vendor_error import (
    CredentialsError,
    ExecutionError,
    ExecutionFailedError,
    ExecutionTimeoutError,
    NoAnswerError,
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

__all__ = [
    "AsyncGenesysClient",
    "AsyncSailPointClient",
    "AsyncSegmentClient",
    "CredentialsError",
    "ExecutionError",
    "ExecutionFailedError",
    "ExecutionTimeoutError",
    "GenesysClient",
    "GenesysOrganization",
    "NoAnswerError",
    "PermissionMissingError",
    "RateLimitedError",
    "RejectedRequestError",
    "RetryPolicy",
    "SailPointClient",
    "SailPointTenant",
    "SegmentClient",
    "SegmentWorkspace",
    "TryLaterError",
    "UnavailableError",
    "UnexpectedReplyError",
    "UnknownTargetError",
    "VendorError",
    "VendorFaultError",
]
