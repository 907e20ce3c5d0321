"""Removes unused texts."""

import asyncio

import numpy as np

from calltally.dictionary import TextNumbers
from calltally.maintenance.meter_parts import MeterParts

TEXTS_AT_ONCE = 5_000
"""The texts that are removed without a pause for other work, in some hundredths of a second."""


class TextRemoval:
    """Removes texts from the dictionary that no call and no count uses, while calls are still being received.

    In this order. A crash after a step leaves the state described there:

    1. the ordered step records from here on which texts calls use. What was appended before is applied.
    2. the store returns its texts that no call and no count uses.
    3. the ordered step drops those that no call has used since 1, some at a time: a later call with one of
       them gives it another id. That is in memory; after a crash the texts are there as before. A text that
       was used again has two ids then, and the older one, which is unused, is removed the next time.
    4. the store deletes the dropped texts, in one transaction.

    So a deleted id is in no row of the store and in no frame that is still to be applied: frames before 1 are
    in the store when it is queried, later ones are recorded, and those after 3 cannot have it. Corrections
    use ids that they read from the store; none may run meanwhile.
    """

    def __init__(self, parts: MeterParts) -> None:
        self._parts = parts

    async def remove(self) -> int:
        """Remove unused texts; returns their number. Raises `BusyError` if the store lags too far behind."""
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
