"""All rows of a paged response."""

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
    """The first page, and how to get from one page to the next.

    ``place_after`` returns where the next page begins, an offset or a cursor, or None after the last one.
    """

    first: Workflow[P]
    rows: Callable[[P], Sequence[T]]
    place_after: Callable[[P], K | None]
    page_at: Callable[[K], Workflow[P]]

    def following(self, page: P, places: set[K]) -> Workflow[P] | None:
        """The workflow for the next page; ``places`` collects the starts of all pages so far.

        Raises `UnexpectedReplyError` if the pages repeat.
        """
        place = self.place_after(page)
        if place is None:
            return None
        if place in places:
            raise UnexpectedReplyError(f"the pages go in a circle: {place!r} comes a second time")
        places.add(place)
        return self.page_at(place)
