"""Clients for Genesys Cloud's usage operations, and the types and values of their requests and results."""

from calltally.clients.genesys.client import AsyncGenesysClient, GenesysClient
from calltally.clients.genesys.fault import Detail, ErrorBody
from calltally.clients.genesys.organization import GenesysOrganization
from calltally.clients.genesys.usage_result import UsageResult
from calltally.dialects.genesys.contract import (
    ApiUsageRow,
    Column,
    Cursors,
    HttpMethodName,
    Period,
    QueryStatus,
    SearchColumn,
    UsageExecutionResult,
    UsageMetric,
)

__all__ = [
    "ApiUsageRow",
    "AsyncGenesysClient",
    "Column",
    "Cursors",
    "Detail",
    "ErrorBody",
    "GenesysClient",
    "GenesysOrganization",
    "HttpMethodName",
    "Period",
    "QueryStatus",
    "SearchColumn",
    "UsageExecutionResult",
    "UsageMetric",
    "UsageResult",
]
