"""A part of a list, as SailPoint cuts lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, overload

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Sequence[T], Generic[T]):
    """The rows from ``offset`` on, to be used as a sequence of rows.

    ``total`` is how many rows there are without limit and offset, None unless it was asked for.
    """

    rows: tuple[T, ...]
    offset: int = 0
    total: int | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...

    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self.rows[index]
