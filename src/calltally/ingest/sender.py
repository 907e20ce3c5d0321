"""The sender of a request."""

from typing import NamedTuple


class Sender(NamedTuple):
    """An organization that sends calls, and what it may send.

    ``any_organization`` allows calls that name another organization, as a gateway of several sends them;
    ``backfill`` allows calls older than the bound for late calls.
    """

    organization: str
    any_organization: bool = False
    backfill: bool = False
