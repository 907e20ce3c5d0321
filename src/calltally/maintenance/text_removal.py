"""Gives back the texts that nothing uses any more."""

import asyncio

import numpy as np

from calltally.dictionary import TextNumbers
from calltally.maintenance.meter_parts import MeterParts

TEXTS_AT_ONCE = 5_000
"""What is forgotten without a pause for others, in some hundredths of a second."""


class TextRemoval:
    """Removes from the dictionary what no call and no count has any more, while calls keep coming in.

    In this order, and a crash behind each line leaves what is said there:

    1. the ordered step notes from here on which texts calls use. What was appended before is rolled.
    2. the store tells which of its texts no call and no count has.
    3. the ordered step forgets those that no call used since 1, some at a time: a call that names one of them
       later gives it another id. That is in memory; after a crash the texts are there as before. One that
       came again has two ids then, and the older one, which nothing has, goes the next time.
    4. the store deletes what was forgotten, in one transaction.

    So an id that is deleted is in no row of the store and in no frame that is yet to be rolled: frames before
    1 are in the store when it is asked, those since are noted, and those behind 3 cannot have it. Corrections
    bring ids that they read from the store; they may not be under way meanwhile.
    """

    def __init__(self, parts: MeterParts) -> None:
        self._parts = parts

    async def remove(self) -> int:
        """Returns how many texts went. Raises `BusyError` where the store is too far behind."""
        parts = self._parts
        with parts.step.noting_used_texts():
            await parts.caught_up()
            unused = await parts.read(parts.store.unused_texts)
            forgotten = [unused[:0]]
            for start in range(0, len(unused), TEXTS_AT_ONCE):
                forgotten.append(parts.step.forget_texts(unused[start : start + TEXTS_AT_ONCE]))
                await asyncio.sleep(0)
        texts: TextNumbers = np.concatenate(forgotten)
        await parts.read(lambda: parts.store.remove_texts(texts))
        return len(texts)
