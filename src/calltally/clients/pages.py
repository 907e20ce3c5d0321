"""All rows of an answer that comes in pages."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from calltally.clients.question import Workflow
from calltally.clients.vendor_error import UnexpectedReplyError

P = TypeVar("P")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Pages(Generic[P, K, T]):
    """The first page, and the way from one page to the next.

    ``place_after`` is where the next page begins, an offset or a cursor, or None behind the last one.
    """

    first: Workflow[P]
    rows: Callable[[P], Sequence[T]]
    place_after: Callable[[P], K | None]
    page_at: Callable[[K], Workflow[P]]

    def following(self, page: P, places: set[K]) -> Workflow[P] | None:
        """How to get the next page; ``places`` remembers where the pages so far began.

        Raises `UnexpectedReplyError` where the pages go in a circle.
        """
        place = self.place_after(page)
        if place is None:
            return None
        if place in places:
            raise UnexpectedReplyError(f"the pages go in a circle: {place!r} comes a second time")
        places.add(place)
        return self.page_at(place)
