"""What a store keeps for inspection, as it came."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def as_it_came(numbered: Sequence[tuple[int, T]]) -> tuple[T, ...]:
    """Entries without their numbers, the oldest first; their numbers must ascend in that order."""
    oldest_first = list(reversed(numbered))
    numbers = [number for number, _ in oldest_first]
    assert numbers == sorted(set(numbers))
    return tuple(one for _, one in oldest_first)
