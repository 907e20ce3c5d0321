"""A call by its name."""

from typing import NamedTuple


class CallName(NamedTuple):
    """What identifies a call within its organization, in its sender's words."""

    origin: str
    id: str
