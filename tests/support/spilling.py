"""Meters whose identities go to runs all the time."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from calltally.ingest.identities.run_file import DamagedRunError
from calltally.ingest.identities.seen_ids import SeenIds
from tests.support.metering import Metering


@contextmanager
def tables_of_six() -> Iterator[None]:
    """Tables are full with six identities."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SeenIds.__init__, "__kwdefaults__", {"smallest": 8, "largest": 8})
        yield


async def spill(metering: Metering, *, looks: int = 40) -> None:
    """Has everything written and joined that can be, and let go what is too old or too much.

    Each look writes a table or joins some runs at most; it fails when so many are not enough. Raises
    `DamagedRunError` where that ends a server.
    """
    await metering.settled()
    spilling = metering.meter.spiller
    for _ in range(looks):
        spilling.look(metering.clock.now_ms(), metering.meter.applier.applied.position)
        if (work := spilling._work) is None:
            spilling._thread.submit(lambda: None).result()  # what was to be removed is
            return
        failure = await asyncio.to_thread(work.exception)
        if isinstance(failure, DamagedRunError):
            raise failure
    raise AssertionError("there is always something more to be written")
