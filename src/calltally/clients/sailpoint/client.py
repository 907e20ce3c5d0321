"""Clients for SailPoint's five operations."""

from calltally.clients import async_client, sync_client
from calltally.clients.async_client import AsyncClient
from calltally.clients.sailpoint.questions import SailPointQuestions
from calltally.clients.sync_client import SyncClient


class SailPointClient(SyncClient[SailPointQuestions]):
    """Calls a `SailPointTenant`; every method raises `VendorError` on failure."""

    get_total_count = sync_client.asks(SailPointQuestions.get_total_count)
    list_api_summary = sync_client.asks(SailPointQuestions.list_api_summary)
    iterate_api_summary = sync_client.walks(SailPointQuestions.iterate_api_summary)
    get_status_by_source_id = sync_client.asks(SailPointQuestions.get_status_by_source_id)
    get_usages_by_source_id = sync_client.asks(SailPointQuestions.get_usages_by_source_id)
    iterate_usages_by_source_id = sync_client.walks(SailPointQuestions.iterate_usages_by_source_id)
    get_usages_by_account_id = sync_client.asks(SailPointQuestions.get_usages_by_account_id)
    iterate_usages_by_account_id = sync_client.walks(SailPointQuestions.iterate_usages_by_account_id)


class AsyncSailPointClient(AsyncClient[SailPointQuestions]):
    """The asynchronous `SailPointClient`."""

    get_total_count = async_client.asks(SailPointQuestions.get_total_count)
    list_api_summary = async_client.asks(SailPointQuestions.list_api_summary)
    iterate_api_summary = async_client.walks(SailPointQuestions.iterate_api_summary)
    get_status_by_source_id = async_client.asks(SailPointQuestions.get_status_by_source_id)
    get_usages_by_source_id = async_client.asks(SailPointQuestions.get_usages_by_source_id)
    iterate_usages_by_source_id = async_client.walks(SailPointQuestions.iterate_usages_by_source_id)
    get_usages_by_account_id = async_client.asks(SailPointQuestions.get_usages_by_account_id)
    iterate_usages_by_account_id = async_client.walks(SailPointQuestions.iterate_usages_by_account_id)
