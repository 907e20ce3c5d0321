"""What all bodies may hold in memory together, and each organization's share of it."""

from typing import Self

from calltally.errors import BusyError
from calltally.shares import Shares

_RETRY_AFTER = 2


class BodyBudget:
    """So many bytes for the bodies of all requests under way, divided as `Shares` says.

    Only what arrived counts, not what was announced. Belongs to one event loop.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._shares = Shares(limit)

    @property
    def held(self) -> int:
        return self._shares.held

    def share(self, holder: str) -> "BodyShare":
        """A share of nothing, to be grown; ``holder`` is an organization, or what stands for one."""
        return BodyShare(self._shares, holder)


class BodyShare:
    """What one request holds, until the end of the context."""

    def __init__(self, shares: Shares, holder: str) -> None:
        self._shares = shares
        self._holder = holder
        self.size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Gives everything back."""
        if self.size:
            self._shares.give_back(self._holder, self.size)
            self.size = 0

    def check(self, size: int) -> None:
        """Raises `BusyError` where this share cannot be grown to so many bytes at present; takes nothing."""
        if size - self.size > self._shares.room_for(self._holder):
            raise self._refusal()

    def grow_to(self, size: int) -> None:
        """Holds so many bytes from now on; raises `BusyError`, and takes nothing, if it may not."""
        if size <= self.size:
            return
        if not self._shares.take(self._holder, size - self.size):
            raise self._refusal()
        self.size = size

    def _refusal(self) -> BusyError:
        text = (
            f"the bodies of all requests under way may have {self._shares.limit} bytes,"
            " and an organization as many as are free besides; send again later"
        )
        return BusyError(text, retry_after=_RETRY_AFTER)
