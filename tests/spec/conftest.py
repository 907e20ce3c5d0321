"""A meter for every promise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.doors import Doors, open_doors
from tests.support.metering import LastingMetering, Metering


@pytest.fixture
def by_reference() -> bool:
    """Whether the reference decodes every call; promises of ingest are tried both ways."""
    return False


@pytest_asyncio.fixture
async def meter(tmp_path: Path, by_reference: bool) -> AsyncIterator[Metering]:
    metering = Metering(tmp_path, by_reference=by_reference)
    await metering.up()
    yield metering
    await metering.down()


@pytest_asyncio.fixture(params=[Metering, LastingMetering], ids=["memory", "duckdb"])
async def any_meter(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Metering]:
    """With each store; for promises that stores keep in ways of their own."""
    metering: Metering = request.param(tmp_path)
    await metering.up()
    yield metering
    await metering.down()


@pytest_asyncio.fixture
async def doors(meter: Metering) -> AsyncIterator[Doors]:
    async with open_doors(meter) as opened:
        yield opened
