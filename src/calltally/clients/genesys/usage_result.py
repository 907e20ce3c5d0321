"""The result of a Genesys execution."""

import msgspec

from calltally.clients.question import reads
from calltally.dialects.genesys.contract import ApiUsageRow, Cursors, QueryStatus


class UsageResult(msgspec.Struct, frozen=True, rename="camel"):
    """The status of an execution, and its rows once ``query_status`` is ``Complete``.

    A row's ``date``, and counts that were not requested, are ``msgspec.UNSET``. ``cursors`` lead to other
    pages of a simplesearch. This is the contract's ApiUsageQueryResult with its rows decoded.
    """

    query_status: QueryStatus
    results: tuple[ApiUsageRow, ...] = ()
    cursors: Cursors = Cursors()


read_usage_result = reads(UsageResult, nulls=False)
"""Reads a response; null values count as absent."""
