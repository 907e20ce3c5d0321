"""What all request bodies together may hold in memory."""

from typing import Self

from calltally.errors import BusyError

_RETRY_AFTER = 2


class BodyBudget:
    """So many bytes for the bodies of all requests under way; each takes a share and gives it back.

    Belongs to one event loop.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    def share(self) -> "BodyShare":
        """A share of nothing, to be grown."""
        return BodyShare(self)


class BodyShare:
    """What one request holds, until the end of the context."""

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._budget.held -= self.size
        self.size = 0

    def grow_to(self, size: int) -> None:
        """Holds so many bytes from now on; raises `BusyError` where they are more than what is free."""
        more = size - self.size
        if more > self._budget.limit - self._budget.held:
            text = (
                f"the bodies of all requests under way may have {self._budget.limit} bytes; send again later"
            )
            raise BusyError(text, retry_after=_RETRY_AFTER)
        self._budget.held += more
        self.size = size
