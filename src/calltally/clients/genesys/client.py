"""Clients for Genesys's seven operations."""

from calltally.clients import async_client, sync_client
from calltally.clients.async_client import AsyncClient
from calltally.clients.genesys.questions import GenesysQuestions
from calltally.clients.sync_client import SyncClient


class GenesysClient(SyncClient[GenesysQuestions]):
    """Calls a `GenesysOrganization`; every method raises `VendorError` on failure."""

    post_usage_query = sync_client.asks(GenesysQuestions.post_usage_query)
    get_usage_query_execution_id_results = sync_client.asks(
        GenesysQuestions.get_usage_query_execution_id_results
    )
    wait_for_usage_query = sync_client.asks(GenesysQuestions.wait_for_usage_query)
    post_usage_simplesearch = sync_client.asks(GenesysQuestions.post_usage_simplesearch)
    get_usage_simplesearch_execution_id_results = sync_client.asks(
        GenesysQuestions.get_usage_simplesearch_execution_id_results
    )
    wait_for_usage_simplesearch = sync_client.asks(GenesysQuestions.wait_for_usage_simplesearch)
    iterate_usage_simplesearch_results = sync_client.walks(
        GenesysQuestions.iterate_usage_simplesearch_results
    )
    post_oauth_client_usage_query = sync_client.asks(GenesysQuestions.post_oauth_client_usage_query)
    get_oauth_client_usage_query_result = sync_client.asks(
        GenesysQuestions.get_oauth_client_usage_query_result
    )
    wait_for_oauth_client_usage_query = sync_client.asks(GenesysQuestions.wait_for_oauth_client_usage_query)
    get_oauth_client_usage_summary = sync_client.asks(GenesysQuestions.get_oauth_client_usage_summary)


class AsyncGenesysClient(AsyncClient[GenesysQuestions]):
    """The asynchronous `GenesysClient`."""

    post_usage_query = async_client.asks(GenesysQuestions.post_usage_query)
    get_usage_query_execution_id_results = async_client.asks(
        GenesysQuestions.get_usage_query_execution_id_results
    )
    wait_for_usage_query = async_client.asks(GenesysQuestions.wait_for_usage_query)
    post_usage_simplesearch = async_client.asks(GenesysQuestions.post_usage_simplesearch)
    get_usage_simplesearch_execution_id_results = async_client.asks(
        GenesysQuestions.get_usage_simplesearch_execution_id_results
    )
    wait_for_usage_simplesearch = async_client.asks(GenesysQuestions.wait_for_usage_simplesearch)
    iterate_usage_simplesearch_results = async_client.walks(
        GenesysQuestions.iterate_usage_simplesearch_results
    )
    post_oauth_client_usage_query = async_client.asks(GenesysQuestions.post_oauth_client_usage_query)
    get_oauth_client_usage_query_result = async_client.asks(
        GenesysQuestions.get_oauth_client_usage_query_result
    )
    wait_for_oauth_client_usage_query = async_client.asks(GenesysQuestions.wait_for_oauth_client_usage_query)
    get_oauth_client_usage_summary = async_client.asks(GenesysQuestions.get_oauth_client_usage_summary)
