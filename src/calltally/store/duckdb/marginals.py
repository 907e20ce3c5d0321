"""Exact counts kept in addition to the calls, so that queries need not count calls again."""

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
"""The counts of every row of a marginal, and their conditions; ``status_429`` is part of ``status_400``."""

COUNTS = tuple(CONDITIONS)

FRESH, MERGED, SETTLED = LEVELS = ("fresh", "merged", "settled")
"""The levels of a marginal, as of an LSM tree: rows of single batches, runs of many batches, runs of
months."""


@dataclass(frozen=True, slots=True)
class Marginal:
    """Counts by organization, UTC day and the named columns of a call.

    Every call is counted once in every marginal: in one row of one of its levels. The view ``name`` unites
    all levels; a key may have several rows there, also negative ones, and only their sum is meaningful.
    ``sort_order`` is the order of the rows of a run, chosen so that the queries of this marginal read few
    rows.

    A batch is counted only into the marginals that gather. The others have no fresh level: the fresh rows of
    ``gathered_in``, which has all their columns, count for them too until they are merged.

    Settled rows are also counted by UTC month in the table ``months``, with the days that have calls as bits;
    the view ``unsettled`` has the days of the other levels. The marginal of days alone, which has few rows,
    has no months.
    """

    name: str
    columns: tuple[str, ...]
    sort_order: tuple[str, ...]
    gathered_in: str

    @property
    def key(self) -> tuple[str, ...]:
        return ("organization", "day", *self.columns)

    @property
    def month_key(self) -> tuple[str, ...]:
        return ("organization", "month", *self.columns)

    @property
    def has_months(self) -> bool:
        return bool(self.columns)

    @property
    def has_few_rows(self) -> bool:
        """Whether it has neither callers nor accounts, of which there may be very many."""
        return not {"client", "account"} & {*self.columns}

    @property
    def months(self) -> str:
        return f"{self.name}_month"

    @property
    def unsettled(self) -> str:
        return f"{self.name}_unsettled"

    @property
    def gathers(self) -> bool:
        """Whether batches are counted into it."""
        return self.gathered_in == self.name

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels with their own table."""
        return LEVELS if self.gathers else (MERGED, SETTLED)

    def table(self, level: str) -> str:
        """The table with the rows of a level; fresh rows may be in another marginal's table."""
        return f"{self.gathered_in if level == FRESH else self.name}_{level}"


_CALLERS, _THINGS = "by_client_user_route", "by_source_account"

MARGINALS = (
    Marginal("by_day", (), ("organization", "day"), _CALLERS),
    Marginal("by_route", ("route", "method"), ("organization", "day", "route", "method"), _CALLERS),
    Marginal("by_source", ("source",), ("organization", "day", "source"), _THINGS),
    Marginal("by_account", ("account",), ("organization", "account", "day"), _THINGS),
    Marginal(
        "by_source_account", ("source", "account"), ("organization", "source", "account", "day"), _THINGS
    ),
    Marginal(
        "by_client_route",
        ("client", "route", "method"),
        ("organization", "client", "route", "method", "day"),
        _CALLERS,
    ),
    Marginal(
        "by_client_user_route",
        ("client", '"user"', "route", "method"),
        ("organization", "client", '"user"', "route", "method", "day"),
        _CALLERS,
    ),
)
"""From the narrowest to the widest; the files in schema/ create their tables and views."""

MONTHLY = tuple(marginal for marginal in MARGINALS if marginal.has_months)

GATHERING = tuple(marginal for marginal in MARGINALS if marginal.gathers)


def gathered_by(gathering: Marginal) -> tuple[Marginal, ...]:
    """The marginals whose fresh rows are in one marginal, from the widest (itself) to the narrowest."""
    return tuple(marginal for marginal in reversed(MARGINALS) if marginal.gathered_in == gathering.name)


def narrowest_marginal(columns: Set[str]) -> Marginal | None:
    """The marginal with the fewest rows that has all these columns, or None if only calls have them."""
    return next((marginal for marginal in MARGINALS if columns <= set(marginal.columns)), None)
