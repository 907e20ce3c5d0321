"""The exact counts that are kept beside the calls, so that questions need not count calls again."""

from collections.abc import Set
from dataclasses import dataclass

CONDITIONS = {
    "calls": "",
    "status_200": "status BETWEEN 200 AND 299",
    "status_300": "status BETWEEN 300 AND 399",
    "status_400": "status BETWEEN 400 AND 499",
    "status_429": "status = 429",
    "status_500": "status BETWEEN 500 AND 599",
}
"""What every row of a marginal counts, and of which calls; ``status_429`` is part of ``status_400``."""

COUNTS = tuple(CONDITIONS)

FRESH, MERGED, SETTLED = LEVELS = ("fresh", "merged", "settled")
"""The tables of a marginal: rows as batches brought them, runs of many batches, runs of whole months."""


@dataclass(frozen=True, slots=True)
class Marginal:
    """Counts by organization, UTC day and the named columns of a call.

    Every call is counted once in every marginal: in one row of one of its levels. The view ``name`` is all
    levels together; the same key may have several rows there, also negative ones, and only their sum means
    something. ``sort_order`` is the order of the rows of a run, chosen so that the questions asked of this
    marginal read few of them.
    """

    name: str
    columns: tuple[str, ...]
    sort_order: tuple[str, ...]

    @property
    def key(self) -> tuple[str, ...]:
        return ("organization", "day", *self.columns)

    def table(self, level: str) -> str:
        return f"{self.name}_{level}"


MARGINALS = (
    Marginal("by_day", (), ("organization", "day")),
    Marginal("by_route", ("route", "method"), ("organization", "day", "route", "method")),
    Marginal("by_source", ("source",), ("organization", "day", "source")),
    Marginal("by_account", ("account",), ("organization", "account", "day")),
    Marginal("by_source_account", ("source", "account"), ("organization", "source", "account", "day")),
    Marginal(
        "by_client_route",
        ("client", "route", "method"),
        ("organization", "client", "route", "method", "day"),
    ),
    Marginal(
        "by_client_user_route",
        ("client", '"user"', "route", "method"),
        ("organization", "client", '"user"', "route", "method", "day"),
    ),
)
"""From the narrowest to the widest; schema/0001_tables.sql has their tables and views."""


def narrowest_marginal(columns: Set[str]) -> Marginal | None:
    """The marginal with the fewest rows that knows all these columns, or None when only calls do."""
    return next((marginal for marginal in MARGINALS if columns <= set(marginal.columns)), None)
