"""What Genesys tells of an execution."""

import msgspec

from calltally.clients.question import reads
from calltally.dialects.genesys.contract import ApiUsageRow, Cursors, QueryStatus


class UsageResult(msgspec.Struct, frozen=True, rename="camel"):
    """How far an execution is, and its rows once ``query_status`` is ``Complete``.

    A row's ``date`` and counts that were not asked for are ``msgspec.UNSET``. ``cursors`` lead to other pages
    of a simplesearch. This is the contract's ApiUsageQueryResult with its rows read.
    """

    query_status: QueryStatus
    results: tuple[ApiUsageRow, ...] = ()
    cursors: Cursors = Cursors()


read_usage_result = reads(UsageResult, nulls=False)
"""Reads a response; what is null in it counts as absent."""
