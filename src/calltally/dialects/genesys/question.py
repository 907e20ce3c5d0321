"""The stored query of an execution, unchanged by a restart."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from calltally.dialects.genesys.contract import Column, UsageMetric
from calltally.usage_query import Dimension, Metric, Ordering, UsageQuery
from calltally.window import Granularity, Window

DIMENSIONS = {
    Column.OAUTH_CLIENT_ID: Dimension.CLIENT_ID,
    Column.USER_ID: Dimension.USER_ID,
    Column.HTTP_METHOD: Dimension.METHOD,
    Column.TEMPLATE_URI: Dimension.ROUTE,
}
"""The dimension of each column, in the order of rows. All calls are of one organization."""

METRICS = {
    UsageMetric.STATUS_200: Metric.STATUS_200,
    UsageMetric.STATUS_300: Metric.STATUS_300,
    UsageMetric.STATUS_400: Metric.STATUS_400,
    UsageMetric.STATUS_500: Metric.STATUS_500,
    UsageMetric.STATUS_429: Metric.STATUS_429,
    UsageMetric.REQUESTS: Metric.CALLS,
}


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A query for the usage of one organization's clients, from ``start`` (included) to ``end`` (excluded).

    A filter of None matches all. ``first_rows`` cuts the result; ``order_by`` replaces the order by dates and
    columns. Queries are stored: give new fields a default.
    """

    start: datetime
    end: datetime
    granularity: Granularity = Granularity.TOTAL
    columns: tuple[Column, ...]
    metrics: tuple[UsageMetric, ...]
    client_id: str | None = None
    client_ids: tuple[str, ...] | None = None
    client_names: tuple[str, ...] | None = None
    user_ids: tuple[str, ...] | None = None
    organization_ids: tuple[str, ...] | None = None
    methods: tuple[str, ...] | None = None
    template_uris: tuple[str, ...] | None = None
    order_by: tuple[Ordering, ...] = ()
    first_rows: int | None = None

    def to_text(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str) -> "Question":
        return msgspec.json.decode(text, type=cls)

    @property
    def counted(self) -> tuple[Metric, ...]:
        """The metrics: all calls first, which shows whether a group has calls, then the requested ones."""
        return (Metric.CALLS, *(METRICS[m] for m in self.metrics if m is not UsageMetric.REQUESTS))

    def usage_query(
        self, organization: str, client_ids: frozenset[str] | None = None, limit: int | None = None
    ) -> UsageQuery:
        """The usage query; ``client_ids`` are the clients with the names in the filter."""
        return UsageQuery(
            organization=organization,
            window=Window(self.start, self.end),
            granularity=self.granularity,
            group_by=tuple(DIMENSIONS[column] for column in DIMENSIONS if column in self.columns),
            where=dict(self._where(organization, client_ids)),
            metrics=self.counted,
            limit=limit,
        )

    def _where(
        self, organization: str, client_ids: frozenset[str] | None
    ) -> Iterable[tuple[Dimension, frozenset[str]]]:
        if self.client_id is not None:
            yield Dimension.CLIENT_ID, frozenset({self.client_id})
        if self.client_ids is not None:
            yield Dimension.CLIENT_ID, frozenset(self.client_ids)
        if client_ids is not None:
            yield Dimension.CLIENT_ID, client_ids
        if self.organization_ids is not None and organization not in self.organization_ids:
            yield Dimension.CLIENT_ID, frozenset()  # clients call for their own organization only
        if self.user_ids is not None:
            yield Dimension.USER_ID, frozenset(self.user_ids)
        if self.methods is not None:
            yield Dimension.METHOD, frozenset(self.methods) | {method.lower() for method in self.methods}
        if self.template_uris is not None:
            bare = {uri.removeprefix("/") for uri in self.template_uris}
            yield Dimension.ROUTE, frozenset(bare) | {f"/{uri}" for uri in bare}
