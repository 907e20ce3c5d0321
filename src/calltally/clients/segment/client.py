"""Clients for Segment's two operations."""

from calltally.clients import async_client, sync_client
from calltally.clients.async_client import AsyncClient
from calltally.clients.segment.questions import SegmentQuestions
from calltally.clients.sync_client import SyncClient


class SegmentClient(SyncClient[SegmentQuestions]):
    """Calls a `SegmentWorkspace`; every method raises `VendorError` on failure."""

    get_daily_per_source_api_calls_usage = sync_client.asks(
        SegmentQuestions.get_daily_per_source_api_calls_usage
    )
    iterate_daily_per_source_api_calls_usage = sync_client.walks(
        SegmentQuestions.iterate_daily_per_source_api_calls_usage
    )
    get_daily_workspace_api_calls_usage = sync_client.asks(
        SegmentQuestions.get_daily_workspace_api_calls_usage
    )
    iterate_daily_workspace_api_calls_usage = sync_client.walks(
        SegmentQuestions.iterate_daily_workspace_api_calls_usage
    )


class AsyncSegmentClient(AsyncClient[SegmentQuestions]):
    """The asynchronous `SegmentClient`."""

    get_daily_per_source_api_calls_usage = async_client.asks(
        SegmentQuestions.get_daily_per_source_api_calls_usage
    )
    iterate_daily_per_source_api_calls_usage = async_client.walks(
        SegmentQuestions.iterate_daily_per_source_api_calls_usage
    )
    get_daily_workspace_api_calls_usage = async_client.asks(
        SegmentQuestions.get_daily_workspace_api_calls_usage
    )
    iterate_daily_workspace_api_calls_usage = async_client.walks(
        SegmentQuestions.iterate_daily_workspace_api_calls_usage
    )
