"""Requests for SailPoint's five operations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import httpx

from calltally.clients.pages import Pages
from calltally.clients.question import Question, reads
from calltally.clients.sailpoint.listing import Listing
from calltally.clients.vendor_request import VendorRequest, path_part, query_of
from calltally.dialects.sailpoint.contract import (
    EXPERIMENTAL,
    GET_STATUS_BY_SOURCE_ID,
    GET_TOTAL_COUNT,
    GET_USAGES_BY_ACCOUNT_ID,
    GET_USAGES_BY_SOURCE_ID,
    LIST_API_SUMMARY,
    MAX_LIMIT,
    TOTAL_COUNT,
    AccountUsage,
    Operation,
    SourceUsage,
    SourceUsageStatus,
    SummaryResponse,
    TotalCount,
)

T = TypeVar("T")

_HEADERS = {"Accept": "application/json"}
_EXPERIMENTAL_HEADERS = {**_HEADERS, EXPERIMENTAL: "true"}


@dataclass(frozen=True, slots=True)
class SailPointQuestions:
    """Builds requests for one ``version`` of the API; ``v1`` is that of the service paths.

    Every method raises `ValueError` for an operation that this version lacks, and for an empty id.
    """

    version: str

    def get_total_count(self, *, filters: str | None = None) -> Question[TotalCount]:
        """The number of calls: of this month, or as selected by ``filters``.

        ``filters`` are SailPoint's: ``method eq "GET", startDate gt "2025-08-01"``.
        """
        request = self._get(GET_TOTAL_COUNT, query=query_of(filters=filters), headers=_EXPERIMENTAL_HEADERS)
        return Question(request, reads(TotalCount))

    def list_api_summary(
        self, *, filters: str | None = None, limit: int | None = None, offset: int | None = None
    ) -> Question[Listing[SummaryResponse]]:
        """The number of calls per endpoint, most calls first; for ``filters`` see `get_total_count`.

        At most ``limit`` rows from ``offset`` on; defaults: 250 from 0 on.
        """
        query = query_of(filters=filters, limit=limit, offset=offset)
        request = self._get(LIST_API_SUMMARY, query=query, headers=_EXPERIMENTAL_HEADERS)
        return Question(request, _reads_listing(reads(tuple[SummaryResponse, ...]), offset or 0))

    def iterate_api_summary(
        self, *, filters: str | None = None, page_size: int = MAX_LIMIT
    ) -> Pages[Listing[SummaryResponse], int, SummaryResponse]:
        """All rows of `list_api_summary`, read in pages of 1 to 250 rows.

        If rows are added or removed meanwhile, some may be missed or repeated: SailPoint pages by number.
        """

        def page_at(offset: int) -> Question[Listing[SummaryResponse]]:
            return self.list_api_summary(filters=filters, limit=page_size, offset=offset)

        return _pages(page_at, page_size)

    def get_status_by_source_id(self, source_id: str) -> Question[SourceUsageStatus]:
        """Whether insights into a source's activity are available."""
        part = path_part("source_id", source_id)
        return Question(self._get(GET_STATUS_BY_SOURCE_ID, part), reads(SourceUsageStatus))

    def get_usages_by_source_id(
        self,
        source_id: str,
        *,
        limit: int | None = None,
        offset: int | None = None,
        count: bool | None = None,
        sorters: str | None = None,
    ) -> Question[Listing[SourceUsage]]:
        """The mean active days of a source's accounts per month.

        At most ``limit`` months from ``offset`` on; defaults: 250 from 0 on. With ``count`` the listing has
        its total. ``sorters`` is ``date`` or ``-date``.
        """
        query = query_of(limit=limit, offset=offset, count=count, sorters=sorters)
        request = self._get(GET_USAGES_BY_SOURCE_ID, path_part("source_id", source_id), query)
        return Question(request, _reads_listing(reads(tuple[SourceUsage, ...]), offset or 0))

    def iterate_usages_by_source_id(
        self, source_id: str, *, sorters: str | None = None, page_size: int = MAX_LIMIT
    ) -> Pages[Listing[SourceUsage], int, SourceUsage]:
        """All rows of `get_usages_by_source_id`, read in pages of 1 to 250 rows."""

        def page_at(offset: int) -> Question[Listing[SourceUsage]]:
            return self.get_usages_by_source_id(source_id, limit=page_size, offset=offset, sorters=sorters)

        return _pages(page_at, page_size)

    def get_usages_by_account_id(
        self,
        account_id: str,
        *,
        limit: int | None = None,
        offset: int | None = None,
        count: bool | None = None,
        sorters: str | None = None,
    ) -> Question[Listing[AccountUsage]]:
        """The active days of an account per month.

        The arguments are those of `get_usages_by_source_id`.
        """
        query = query_of(limit=limit, offset=offset, count=count, sorters=sorters)
        request = self._get(GET_USAGES_BY_ACCOUNT_ID, path_part("account_id", account_id), query)
        return Question(request, _reads_listing(reads(tuple[AccountUsage, ...]), offset or 0))

    def iterate_usages_by_account_id(
        self, account_id: str, *, sorters: str | None = None, page_size: int = MAX_LIMIT
    ) -> Pages[Listing[AccountUsage], int, AccountUsage]:
        """All rows of `get_usages_by_account_id`, read in pages of 1 to 250 rows."""

        def page_at(offset: int) -> Question[Listing[AccountUsage]]:
            return self.get_usages_by_account_id(account_id, limit=page_size, offset=offset, sorters=sorters)

        return _pages(page_at, page_size)

    def _get(
        self,
        operation: Operation,
        part: str = "",
        query: tuple[tuple[str, str], ...] = (),
        headers: dict[str, str] = _HEADERS,
    ) -> VendorRequest:
        if self.version not in operation.versions:
            versions = ", ".join(operation.versions)
            raise ValueError(f"SailPoint has no {operation.resource} in {self.version!r}, only in {versions}")
        return VendorRequest("GET", operation.path(self.version).replace("{id}", part), query, headers)


def _reads_listing(
    rows: Callable[[httpx.Response], tuple[T, ...]], offset: int
) -> Callable[[httpx.Response], Listing[T]]:
    def read(response: httpx.Response) -> Listing[T]:
        total = response.headers.get(TOTAL_COUNT, "")
        return Listing(rows(response), offset, int(total) if total.isascii() and total.isdigit() else None)

    return read


def _pages(page_at: Callable[[int], Question[Listing[T]]], page_size: int) -> Pages[Listing[T], int, T]:
    """A page that is not full is the last one; SailPoint has no other indication."""
    if not 1 <= page_size <= MAX_LIMIT:
        raise ValueError(f"page_size is {page_size}; accepted is 1 to {MAX_LIMIT}")

    def place_after(page: Listing[T]) -> int | None:
        return page.offset + page_size if len(page) == page_size else None

    return Pages(page_at(0), lambda page: page, place_after, page_at)
